import numpy as np
import pytest

from retseg.colours import AGREEMENT_STYLES, SPARE_STYLES, TASK_STYLES, choose_styles
from retseg.report.overlay import draw_comparison, draw_overlay, draw_pattern, paint_masks
from retseg.vocabulary import TASKS

GREY = np.full((200, 300, 3), 60, np.uint8)


def place(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros(GREY.shape[:2], bool)
    for y0, y1, x0, x1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask


def test_an_overlay_touches_only_the_lesion_and_never_makes_it_larger() -> None:
    for box in ((50, 90, 100, 160), (50, 53, 100, 104), (50, 51, 100, 101)):
        mask = place(box)
        picture = paint_masks(GREY, {"haemorrhage": mask}, choose_styles(("haemorrhage",)))
        changed = (picture != GREY).any(axis=2)
        assert (changed == mask).all()
    assert (GREY == 60).all(), "the image handed over stays as it is"


def test_the_line_of_a_vessel_lies_beside_it_and_leaves_it_visible_however_thin_it_is() -> None:
    for mask in (place((50, 51, 20, 200)), place((50, 60, 20, 200))):
        picture = paint_masks(GREY, {"vessel": mask}, choose_styles(("vessel",)))
        assert (picture[mask] == 60).all()
        assert (picture[49, 20:200] == TASK_STYLES["vessel"].colour).all()
        assert (picture[47] == 60).all()


def test_a_microaneurysm_stays_visible_in_the_middle_of_a_ring() -> None:
    mask = place((100, 103, 150, 153), (30, 32, 30, 32))
    picture = paint_masks(GREY, {"microaneurysm": mask}, choose_styles(("microaneurysm",)))
    assert (picture[mask] == 60).all()
    for y, x in ((101, 151), (31, 31)):
        around = picture[y - 8 : y + 9, x - 8 : x + 9].astype(int)
        near = abs(around - TASK_STYLES["microaneurysm"].colour).max(axis=2) < 90
        assert near.sum() > 10, "a smooth line"


def test_an_outlined_lesion_has_a_line_of_the_other_lightness_inside() -> None:
    mask = place((50, 90, 100, 160))
    for task, lighter in (("haemorrhage", True), ("hard_exudate", False)):
        picture = paint_masks(GREY, {task: mask}, choose_styles((task,))).astype(int)
        assert (picture[50, 100:160] == TASK_STYLES[task].colour).all()
        inside, deeper = picture[51, 110:150].mean(), picture[60:80, 110:150].mean()
        assert (inside > deeper) == lighter


def test_striped_areas_hold_two_tones_and_dots_too() -> None:
    mask = place((50, 90, 100, 160))
    core = place((54, 86, 104, 156))
    for task in ("nonperfusion", "hard_exudate"):
        picture = paint_masks(GREY, {task: mask}, choose_styles((task,)))
        assert len(np.unique(picture[core], axis=0)) == 2


@pytest.mark.parametrize("style", SPARE_STYLES)
def test_every_pattern_leaves_gaps_unless_it_is_solid(style) -> None:
    share = draw_pattern(style.pattern, (300, 300), 1.0).mean()
    assert share == 1 if style.pattern == "solid" else 0.15 < share < 0.65


def test_a_legend_is_added_below_and_says_when_a_lesion_is_absent() -> None:
    masks = {"irma": place((10, 20, 10, 20)), "nonperfusion": place()}
    picture = draw_overlay(GREY, masks)
    assert picture.shape[0] > GREY.shape[0]
    assert picture.shape[1:] == GREY.shape[1:]
    present = draw_overlay(GREY, {**masks, "nonperfusion": place((50, 60, 50, 60))})
    assert not np.array_equal(picture[GREY.shape[0] :], present[GREY.shape[0] :])
    legend = picture[GREY.shape[0] :]
    for style in choose_styles(tuple(masks)).values():
        assert (legend == style.colour).all(axis=2).any()


def test_a_legend_too_wide_for_the_picture_takes_more_rows() -> None:
    masks = dict.fromkeys(TASKS, np.zeros((100, 160), bool))
    narrow = draw_overlay(np.zeros((100, 160, 3), np.uint8), masks)
    wide = draw_overlay(np.zeros((100, 1600, 3), np.uint8), dict.fromkeys(TASKS, np.zeros((100, 1600), bool)))
    assert narrow.shape[0] - 100 > 4 * 20
    assert wide.shape[0] - 100 < (narrow.shape[0] - 100)


def test_a_comparison_gives_hits_alarms_and_misses_their_own_colours() -> None:
    truth, prediction = place((20, 60, 20, 60)), place((20, 60, 40, 80))
    picture = draw_comparison(GREY, prediction, truth)
    for (y, x), name in (((40, 50), "true positive"), ((40, 70), "false positive"), ((40, 30), "false negative")):
        assert abs(picture[y, x].astype(int) - AGREEMENT_STYLES[name].colour).max() < 45, name
    assert (picture[100, 100] == 60).all()


def test_a_mask_of_another_size_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'irma' is 10x10 and the image 300x200"):
        draw_overlay(GREY, {"irma": np.ones((10, 10), bool)})
