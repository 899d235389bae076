"""The optic disc and the fovea of drawn eyes, whose places are known, and what refers to them."""

import math

import numpy as np
import pytest

from retseg.image import Geometry, Image
from retseg.measures import (
    Disc,
    Known,
    Landmarks,
    find_landmarks,
    measure_masks,
    measure_quadrants,
    measure_structure,
)
from retseg.phantom import draw_fundus

SIZE = (400, 400)
WHOLE = np.ones((300, 400), np.bool_)


def test_disc_and_fovea_of_drawn_eyes_are_where_they_were_drawn() -> None:
    """The disc within a tenth of its radius or two in all 20 eyes; the fovea within a radius in 13, nowhere else."""
    discs, foveas = 0, []
    for seed in range(20):
        phantom = draw_fundus(seed, SIZE)
        assert phantom.disc is not None and phantom.fovea is not None
        found = find_landmarks(phantom.pixels, phantom.field_of_view, phantom.masks["vessel"], None)
        x, y, radius = phantom.disc
        if found.disc is not None and math.hypot(found.disc.x - x, found.disc.y - y) < radius / 5:
            discs += 1
            assert found.disc.radius == pytest.approx(radius, rel=0.35)
            if found.fovea is not None:
                foveas.append(math.dist(found.fovea, phantom.fovea) / radius)
    assert discs == 20
    assert len(foveas) >= 13 and max(foveas) < 1


def test_a_mask_of_the_disc_is_believed_and_an_empty_one_too() -> None:
    phantom = draw_fundus(3, SIZE)
    y, x = np.mgrid[:400, :400]
    drawn = np.hypot(x - 100, y - 120) <= 20
    found = find_landmarks(phantom.pixels, phantom.field_of_view, None, drawn)
    assert found.disc is not None
    assert (found.disc.x, found.disc.y) == pytest.approx((100, 120))
    assert found.disc.radius == pytest.approx(20, rel=0.02)
    assert find_landmarks(phantom.pixels, phantom.field_of_view, None, drawn & False) == Landmarks()


def test_an_even_picture_has_no_landmarks() -> None:
    grey = np.full((300, 400, 3), 90, np.uint8)
    assert find_landmarks(grey, WHOLE, None, None) == Landmarks()
    assert find_landmarks(grey, ~WHOLE, None, None) == Landmarks()


def test_the_quadrants_turn_with_the_line_from_the_fovea_to_the_disc() -> None:
    """The disc is 30 degrees above, to the right: a lesion straight above the fovea lies on the nasal side."""
    lesion = np.zeros_like(WHOLE)
    lesion[40:50, 195:205] = True
    nasal = Landmarks(Disc(300.0, 150 - 100 * math.tan(math.radians(30)), 20.0), (200.0, 150.0))
    found = measure_quadrants(lesion, nasal)
    assert found.area_superior_nasal == 100
    assert found.area_superior_temporal + found.area_inferior_nasal + found.area_inferior_temporal == 0
    temporal = Landmarks(Disc(100.0, 150 - 100 * math.tan(math.radians(30)), 20.0), (200.0, 150.0))
    assert measure_quadrants(lesion[::-1], temporal).area_inferior_temporal == 100


def test_the_area_at_the_centre_is_that_within_a_diameter_of_the_disc() -> None:
    """Of a full mask, a circle with the radius 40."""
    landmarks = Landmarks(Disc(320.0, 150.0, 20.0), (200.0, 150.0))
    found = measure_quadrants(WHOLE, landmarks)
    assert found.area_central == pytest.approx(math.pi * 40**2, rel=0.01)
    assert found.area_superior_nasal + found.area_inferior_nasal == 300 * 200
    assert math.isnan(measure_quadrants(WHOLE, Landmarks()).area_central)


def test_cup_and_disc_have_their_ratio_and_an_eye_without_a_disc_none() -> None:
    """Ellipses of 61 and 37 rows: 0.6066; columns do not matter."""
    y, x = np.mgrid[:100, :100] - 50
    disc, cup = (x / 26) ** 2 + (y / 30) ** 2 <= 1, (x / 24) ** 2 + (y / 18) ** 2 <= 1
    assert measure_structure(cup, disc).vertical_cup_to_disc == pytest.approx(37 / 61)
    assert measure_structure(disc).vertical_cup_to_disc is None
    assert measure_structure(cup & False, disc).vertical_cup_to_disc == 0
    missing = measure_structure(cup & False, disc & False)
    assert missing.vertical_cup_to_disc is not None and math.isnan(missing.vertical_cup_to_disc)
    assert math.isnan(measure_structure(disc & False).area)


def make_image(pixels: np.ndarray) -> Image:
    return Image(pixels, Geometry((pixels.shape[1], pixels.shape[0])), "eye.png")


def test_a_photograph_without_landmarks_has_empty_rows_about_them_and_an_angiogram_none() -> None:
    image, masks = make_image(np.full((300, 400, 3), 90, np.uint8)), {"hard_exudate": WHOLE}
    rows = {row.measure: row.value for row in measure_masks(image, masks, WHOLE).rows["hard_exudate"]}
    assert math.isnan(rows["fovea_to_edge"]) and math.isnan(rows["area_superior_nasal"])
    angiogram = measure_masks(image, {"irma": WHOLE}, WHOLE, Known(modality="octa"))
    assert set(angiogram.rows) == {"field_of_view", "irma"}
    assert [row.measure for row in angiogram.rows["irma"]] == ["count", "area", "area_fraction"]


def test_nothing_is_measured_where_no_retina_is_seen() -> None:
    image, masks = make_image(np.zeros((300, 400, 3), np.uint8)), {"vessel": ~WHOLE, "haemorrhage": ~WHOLE}
    found = measure_masks(image, masks, ~WHOLE)
    assert all(math.isnan(row.value) for task, rows in found.rows.items() if task != "quality" for row in rows)


def test_arteries_and_veins_are_measured_where_both_are_told_apart() -> None:
    phantom = draw_fundus(5, SIZE)
    half = np.arange(400)[None] < 200
    masks = {"artery": phantom.masks["vessel"] & half, "vein": phantom.masks["vessel"] & ~half}
    rows = measure_masks(make_image(phantom.pixels), masks, phantom.field_of_view).rows
    assert {row.measure for row in rows["arteries_and_veins"]} >= {"crae_knudtson", "crve_hubbard", "avr_knudtson"}
    assert "fractal_box" in {row.measure for row in rows["artery"]}
    alone = {"artery": masks["artery"]}
    assert "arteries_and_veins" not in measure_masks(make_image(phantom.pixels), alone, phantom.field_of_view).rows
