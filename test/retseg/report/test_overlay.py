import numpy as np
import pytest

from retseg.report.overlay import draw_comparison, draw_overlay, draw_pattern, paint_masks
from retseg.report.palette import AGREEMENT_STYLES, SPARE_STYLES, TASK_STYLES, choose_styles
from retseg.vocabulary import TASKS

GREY = np.full((200, 300, 3), 60, np.uint8)


def place(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros(GREY.shape[:2], bool)
    for y0, y1, x0, x1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask


def test_lesions_of_one_photograph_differ_by_colour_and_by_pattern_or_shape() -> None:
    lesions = ("microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate")
    styles = choose_styles(("vessel", *lesions))
    assert len({style.colour for style in styles.values()}) == 5
    assert len({styles[lesion].pattern for lesion in lesions}) == 4


def test_every_task_of_the_vocabulary_has_a_style_of_its_own_and_eight_at_once_still_differ() -> None:
    assert set(TASK_STYLES) == set(TASKS)
    styles = choose_styles(TASKS)
    assert len(set(styles.values())) == len(TASKS)


def test_unknown_tasks_get_spare_styles_and_too_many_are_refused() -> None:
    names = tuple(f"structure {number}" for number in range(len(SPARE_STYLES)))
    assert len(set(choose_styles(names).values())) == len(names)
    with pytest.raises(ValueError, match="cannot be told apart"):
        choose_styles((*names, "one more"))


def test_an_overlay_touches_only_the_lesion_and_its_outline() -> None:
    mask = place((50, 90, 100, 160))
    picture = paint_masks(GREY, {"haemorrhage": mask}, choose_styles(("haemorrhage",)))
    changed = (picture != GREY).any(axis=2)
    assert changed[mask].all()
    assert not changed[~place((47, 93, 97, 163))].any()
    assert (GREY == 60).all(), "the image handed over stays as it is"


def test_striped_areas_hold_two_tones_and_solid_ones_one() -> None:
    mask = place((50, 90, 100, 160))
    tones = {
        task: len(np.unique(paint_masks(GREY, {task: mask}, choose_styles((task,)))[mask], axis=0))
        for task in ("nonperfusion", "microaneurysm")
    }
    assert tones == {"nonperfusion": 2, "microaneurysm": 1}


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
