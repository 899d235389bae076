"""The colours stay apart: for people who do not see red or green, on grey paper, and from those of the errors."""

from itertools import combinations

import numpy as np
import pytest

from retseg.colours import (
    AGREEMENT_STYLES,
    PATTERNS,
    SPARE_STYLES,
    TASK_STYLES,
    Style,
    choose_styles,
    find_casing,
    parse_hex,
    to_hex,
)
from retseg.vocabulary import TASKS

# What a person sees without one of the three pigments, on linear RGB: Machado, Oliveira and Fernandes, IEEE
# Transactions on Visualization and Computer Graphics 15(6), 2009, severity 1.0.
SIGHTS = {
    "all pigments": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
TOGETHER = {
    "lesions": ("vessel", "microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate"),
    "vessels by kind": ("artery", "vein", "microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate"),
    "angiogram": ("irma", "nonperfusion", "neovascularization"),
}


def to_lab(colour: tuple[int, int, int], sight: np.ndarray = SIGHTS["all pigments"]) -> np.ndarray:
    """CIELAB (D65) of an sRGB colour as it is seen with a sight; 2.3 is a difference that is just noticed."""
    encoded = np.array(colour) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(sight @ linear, 0, 1) / TO_XYZ.sum(axis=1)
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def measure_distance(one: Style, other: Style, sight: str = "all pigments") -> float:
    return float(np.linalg.norm(to_lab(one.colour, SIGHTS[sight]) - to_lab(other.colour, SIGHTS[sight])))


def test_red_is_artery_and_blue_is_vein_and_lesions_have_the_colours_of_the_field() -> None:
    red, green, blue = TASK_STYLES["artery"].colour
    assert red > 2 * max(green, blue)
    red, green, blue = TASK_STYLES["vein"].colour
    assert blue > 2 * max(red, green)
    red, green, blue = TASK_STYLES["haemorrhage"].colour
    assert red > 3 * max(green, blue) and to_lab((red, green, blue))[0] < 30, "dark red"
    assert TASK_STYLES["microaneurysm"].pattern == "ring"
    assert min(TASK_STYLES["hard_exudate"].colour[:2]) > 200 and TASK_STYLES["hard_exudate"].colour[2] < 50, "yellow"
    assert to_lab(TASK_STYLES["soft_exudate"].colour)[0] > 90, "nearly white"
    _, a, b = to_lab(TASK_STYLES["vessel"].colour)
    assert np.hypot(a, b) < 30, "a quiet tone"


@pytest.mark.parametrize("sight", ["all pigments", "protanopia", "deuteranopia"])
@pytest.mark.parametrize("picture", TOGETHER)
def test_structures_of_one_picture_stay_apart_with_and_without_red_and_green(picture: str, sight: str) -> None:
    """A distance of 30 is more than ten steps that are just noticed."""
    for one, other in combinations(TOGETHER[picture], 2):
        assert measure_distance(TASK_STYLES[one], TASK_STYLES[other], sight) > 30, (one, other)


@pytest.mark.parametrize("picture", TOGETHER)
def test_what_comes_near_without_blue_differs_by_pattern_or_by_the_side_of_its_outline(picture: str) -> None:
    for one, other in combinations(TOGETHER[picture], 2):
        first, second = TASK_STYLES[one], TASK_STYLES[other]
        if measure_distance(first, second, "tritanopia") <= 30:
            assert (first.pattern, first.outside) != (second.pattern, second.outside), (one, other)


@pytest.mark.parametrize("picture", TOGETHER)
def test_on_grey_paper_the_lesions_differ_by_pattern_and_vessels_by_lightness(picture: str) -> None:
    for one, other in combinations(TOGETHER[picture], 2):
        first, second = TASK_STYLES[one], TASK_STYLES[other]
        drawn_alike = (first.pattern, first.outside) == (second.pattern, second.outside)
        assert not drawn_alike or abs(to_lab(first.colour)[0] - to_lab(second.colour)[0]) > 12, (one, other)


@pytest.mark.parametrize("sight", SIGHTS)
def test_hits_false_alarms_and_misses_stay_apart_for_everyone(sight: str) -> None:
    for one, other in combinations(AGREEMENT_STYLES.values(), 2):
        assert measure_distance(one, other, sight) > 25


def test_hits_false_alarms_and_misses_never_have_the_colour_of_a_structure() -> None:
    for name, agreement in AGREEMENT_STYLES.items():
        for task, style in TASK_STYLES.items():
            assert measure_distance(agreement, style) > 30, (name, task)


def test_every_task_of_the_vocabulary_has_a_style_of_its_own_and_eight_at_once_still_differ() -> None:
    assert set(TASKS) <= set(TASK_STYLES)
    assert len(set(choose_styles(TASKS).values())) == len(TASKS)


def test_unknown_tasks_get_spare_styles_and_too_many_are_refused() -> None:
    names = tuple(f"structure {number}" for number in range(len(SPARE_STYLES)))
    assert len(set(choose_styles(names).values())) == len(names)
    with pytest.raises(ValueError, match="cannot be told apart"):
        choose_styles((*names, "one more"))


def test_a_declared_style_takes_the_place_of_the_usual_one_and_its_colour_is_taken() -> None:
    own = Style(TASK_STYLES["hard_exudate"].colour, "grid")
    styles = choose_styles(("optic_disc", "hard_exudate"), {"optic_disc": own})
    assert styles["optic_disc"] == own
    assert styles["hard_exudate"].colour != own.colour


def test_colours_are_written_and_read_as_css_has_them() -> None:
    assert parse_hex("#C0392b") == (192, 57, 43)
    assert to_hex(parse_hex("#c0392b")) == "#c0392b"
    for wrong in ("c0392b", "#c0392", "red", "#c0392b0"):
        with pytest.raises(ValueError, match="six digits"):
            parse_hex(wrong)


def test_the_line_beside_an_outline_is_of_the_other_lightness() -> None:
    for style in TASK_STYLES.values():
        assert abs(to_lab(style.colour)[0] - to_lab(find_casing(style.colour))[0]) > 40


def test_every_style_has_a_known_pattern() -> None:
    assert {style.pattern for style in (*TASK_STYLES.values(), *SPARE_STYLES)} <= set(PATTERNS)
