"""From masks to branches: what meets, what ends, what is only a bump."""

import cv2
import numpy as np
import pytest

from retseg.measures.skeleton import connect_pixels, find_distances, find_edge, trace_vessels, walk_branches
from retseg.phantom import draw_fundus

SIDE = 101
MIDDLE = SIDE // 2


def draw_star(arms: int, width: float = 3, radius: float = 40) -> np.ndarray:
    """Straight arms from the middle outwards, evenly spread, the first one to the right and somewhat down."""
    y, x = np.mgrid[:SIDE, :SIDE] - MIDDLE
    mask = np.zeros((SIDE, SIDE), np.bool_)
    for angle in 0.2 + 2 * np.pi * np.arange(arms) / arms:
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        mask |= (along >= 0) & (along <= radius) & (np.abs(across) <= width / 2)
    return mask


@pytest.mark.parametrize(("arms", "forks", "ends"), [(1, 0, 2), (3, 1, 3), (4, 1, 4), (5, 1, 5)])
def test_a_star_has_as_many_ends_as_arms_which_meet_in_one_point(arms: int, forks: int, ends: int) -> None:
    """Thinning leaves two branching points in the middle of four or five arms, three pixels apart: they are one."""
    tree = trace_vessels(draw_star(arms))
    assert (tree.branching_points, tree.end_points) == (forks, ends)


def test_a_y_has_three_branches_of_the_length_of_its_arms() -> None:
    """Arms of 40 pixels; the skeleton loses about half a width, 1.5 pixels, at each free end."""
    for branch in trace_vessels(draw_star(3)).branches:
        assert np.hypot(*(branch[-1] - branch[0])) == pytest.approx(38.5, abs=2)


def test_branchings_further_apart_than_the_vessel_is_wide_are_two() -> None:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[49:52, 5:96] = mask[10:50, 30:33] = mask[51:90, 45:48] = True
    assert trace_vessels(mask).branching_points == 2


@pytest.mark.parametrize("slope", [0.0, 0.3, 0.5, 0.77, 1.0])
def test_the_steps_of_a_slanting_line_are_no_branching_points(slope: float) -> None:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    columns = np.arange(10, 91)
    mask[np.rint(5 + slope * columns).astype(int), columns] = True
    tree = trace_vessels(mask)
    assert (len(tree.branches), tree.branching_points, tree.end_points) == (1, 0, 2)
    assert len(tree.branches[0]) == 81


def test_a_corner_with_a_pixel_too_many_is_still_one_branch() -> None:
    """In an L of one pixel's width the two neighbours of the corner touch each other by a corner of their own."""
    skeleton = np.zeros((9, 9), np.bool_)
    skeleton[2, 2:7] = skeleton[2:7, 2] = True
    assert [len(branch) for branch in walk_branches(connect_pixels(skeleton))] == [9]


def test_a_ring_is_one_branch_without_ends_that_comes_back_to_its_start() -> None:
    y, x = np.mgrid[:SIDE, :SIDE] - MIDDLE
    tree = trace_vessels(np.abs(np.hypot(y, x) - 30) <= 1.5)
    assert (len(tree.branches), tree.branching_points, tree.end_points) == (1, 0, 0)
    assert (tree.branches[0][0] == tree.branches[0][-1]).all()


def test_a_loop_on_a_stem_is_two_branches() -> None:
    y, x = np.mgrid[:SIDE, :SIDE] - MIDDLE
    mask = (np.abs(np.hypot(y, x) - 20) <= 1.5) | ((np.abs(x) <= 1.5) & (y >= 20))
    tree = trace_vessels(mask)
    assert (len(tree.branches), tree.branching_points, tree.end_points) == (2, 1, 1)


def test_a_bump_of_the_edge_is_no_branch_and_a_short_vessel_is() -> None:
    """On a vessel of 9 pixels: a bump that stands out by 3 is removed, a side branch of 25 is kept."""
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[46:55, 5:96] = True
    bumpy = mask.copy()
    bumpy[43:46, 29:32] = True
    assert trace_vessels(bumpy).branching_points == 0
    bumpy[21:46, 69:72] = True
    tree = trace_vessels(bumpy)
    assert (len(tree.branches), tree.branching_points, tree.end_points) == (3, 1, 3)


@pytest.mark.parametrize("pixels", [[], [(5, 5)]])
def test_nothing_and_a_lone_pixel_have_no_branch(pixels: list[tuple[int, int]]) -> None:
    mask = np.zeros((11, 11), np.bool_)
    for pixel in pixels:
        mask[pixel] = True
    tree = trace_vessels(mask)
    assert (tree.branches, tree.branching_points, tree.end_points) == ((), 0, 0)


def test_every_pixel_of_a_whole_tree_lies_on_a_branch_and_only_branching_points_on_several() -> None:
    tree = trace_vessels(draw_fundus(3).masks["vessel"])
    graph = connect_pixels(tree.skeleton)
    forks = {tuple(graph.pixels[i]) for i in range(len(graph.pixels)) if graph.is_fork(i)}
    lone = {tuple(graph.pixels[i]) for i, near in enumerate(graph.neighbours) if not near}
    inner = [tuple(pixel) for branch in tree.branches for pixel in {tuple(p) for p in branch} - forks]
    assert len(inner) == len(set(inner))
    assert set(inner) | forks | lone == {tuple(pixel) for pixel in np.argwhere(tree.skeleton)}


def test_the_distance_to_the_edge_of_the_background_is_the_distance_to_the_background() -> None:
    mask = draw_fundus(3).masks["vessel"]
    whole = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    inside = np.argwhere(mask)
    assert np.allclose(find_distances(inside, np.argwhere(find_edge(mask))), whole[mask], rtol=1e-6)
    assert np.isinf(find_distances(inside[:3], inside[:0])).all()
