"""Drawn structures of any task: exact truth, told apart by brightness, never outside the lit part."""

import numpy as np
import pytest

from retseg.phantom.structures import draw_structures, draw_view
from retseg.vocabulary import ViewRule

TASKS = ("a", "b", "c", "d")


@pytest.mark.parametrize("view", ["frame", "round", "threshold"])
def test_structures_lie_inside_the_lit_part_and_do_not_touch(view: ViewRule) -> None:
    phantom = draw_structures(3, TASKS, (200, 160), view)
    assert phantom.pixels.shape == (160, 200, 3)
    assert (phantom.pixels[~phantom.field_of_view] == 0).all() and (phantom.pixels[phantom.field_of_view] > 0).all()
    together = np.sum([mask.astype(int) for mask in phantom.masks.values()], axis=0)
    assert together.max() == 1
    assert not (together[~phantom.field_of_view]).any()


def test_the_first_task_is_brighter_than_the_ground_and_the_second_darker() -> None:
    phantom = draw_structures(1, TASKS[:2])
    grey = phantom.pixels[..., 0].astype(float)
    ground = grey[~phantom.masks["a"] & ~phantom.masks["b"]].mean()
    assert grey[phantom.masks["a"]].mean() > ground + 40
    assert grey[phantom.masks["b"]].mean() < ground - 40


def test_the_same_seed_gives_the_same_image_and_another_seed_another() -> None:
    first, again, other = (draw_structures(seed, TASKS).pixels for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_a_frame_is_lit_whole_a_disc_less_and_an_octagon_in_between() -> None:
    areas = [draw_view((100, 100), view).mean() for view in ("round", "threshold", "frame")]
    assert areas == sorted(areas) and areas[-1] == 1
