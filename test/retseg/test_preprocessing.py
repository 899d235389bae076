"""What a network sees: cropped, scaled, standardised inside the field of view, zero outside."""

import numpy as np
import pytest

from retseg.image import whole_frame
from retseg.preprocessing import Preprocessing, bounding_box, crop_to_field_of_view, measure_brightness, normalise

RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (60, 80, 3), np.uint8)
VIEW = np.zeros((60, 80), bool)
VIEW[10:50, 20:70] = True


def see(preprocessing: Preprocessing) -> np.ndarray:
    working = crop_to_field_of_view(PIXELS, VIEW, preprocessing)
    return normalise(working.pixels, working.field_of_view, measure_brightness(working, preprocessing))


def test_the_crop_is_the_bounding_box_of_the_field_of_view() -> None:
    working = crop_to_field_of_view(PIXELS, VIEW, Preprocessing())
    assert working.window == (slice(10, 50), slice(20, 70))
    np.testing.assert_array_equal(working.pixels, PIXELS[10:50, 20:70])


@pytest.mark.parametrize(("diameter", "shape"), [(25, (20, 25)), (100, (80, 100)), (0, (40, 50))])
def test_the_longer_side_of_the_field_of_view_gets_the_working_diameter(diameter: int, shape: tuple[int, int]) -> None:
    working = crop_to_field_of_view(PIXELS, VIEW, Preprocessing(diameter=diameter))
    assert working.pixels.shape[:2] == working.field_of_view.shape == shape


def test_field_of_view_normalisation_gives_mean_0_and_deviation_1_inside_and_0_outside() -> None:
    round_view = VIEW.copy()
    round_view[10:20, 20:30] = False
    working = crop_to_field_of_view(PIXELS, round_view, Preprocessing())
    seen = normalise(working.pixels, working.field_of_view, measure_brightness(working, Preprocessing()))
    inside = seen[:, working.field_of_view]
    np.testing.assert_allclose(inside.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(inside.std(axis=1), 1, atol=1e-5)
    assert np.all(seen[:, ~working.field_of_view] == 0)


def test_a_constant_image_is_not_divided_by_zero() -> None:
    flat = np.full((60, 80, 3), 90, np.uint8)
    working = crop_to_field_of_view(flat, VIEW, Preprocessing())
    assert np.all(normalise(working.pixels, working.field_of_view, measure_brightness(working, Preprocessing())) == 0)


def test_unit_and_imagenet_normalisation_are_those_of_the_literature() -> None:
    """Pixel 255: 1 in unit scale; (1 - 0.485) / 0.229 = 2.2489 in ImageNet's red."""
    white = np.full((60, 80, 3), 255, np.uint8)
    for normalisation, value in (("unit", 1.0), ("imagenet", 2.2489)):
        preprocessing = Preprocessing(normalise=normalisation)  # type: ignore[arg-type]
        working = crop_to_field_of_view(white, VIEW, preprocessing)
        seen = normalise(working.pixels, working.field_of_view, measure_brightness(working, preprocessing))
        assert seen[0, 0, 0] == pytest.approx(value, abs=1e-3)


def test_one_channel_is_green_or_luminance_and_clahe_raises_its_contrast() -> None:
    np.testing.assert_array_equal(
        crop_to_field_of_view(PIXELS, VIEW, Preprocessing(channels="green")).pixels[:, :, 0], PIXELS[10:50, 20:70, 1]
    )
    dull = (PIXELS // 8 + 100).astype(np.uint8)
    plain = crop_to_field_of_view(dull, VIEW, Preprocessing(channels="grey")).pixels
    equalised = crop_to_field_of_view(dull, VIEW, Preprocessing(channels="grey", clahe=40.0)).pixels
    assert plain.shape == equalised.shape == (40, 50, 1)
    assert equalised.std() > 2 * plain.std()
    assert see(Preprocessing(channels="grey")).shape == (1, 40, 50)


def test_the_bounding_box_holds_the_mask_and_no_more() -> None:
    mask = np.zeros((20, 30), np.bool_)
    mask[3, 7], mask[11, 22] = True, True
    assert bounding_box(mask) == (slice(3, 12), slice(7, 23))
    assert mask[bounding_box(np.zeros((20, 30), np.bool_))].size == 0
    assert bounding_box(whole_frame(np.zeros((20, 30, 3), np.uint8))) == (slice(0, 20), slice(0, 30))
