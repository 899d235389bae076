"""What a network sees: cropped, scaled, standardised inside the field of view, zero outside."""

from typing import Any

import numpy as np
import pytest

from retseg.image import whole_frame
from retseg.preprocessing import (
    Framing,
    Preprocessing,
    bounding_box,
    frame_image,
    measure_brightness,
    normalise,
    scale_component_size,
)

RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (60, 80, 3), np.uint8)
VIEW = np.zeros((60, 80), bool)
VIEW[10:50, 20:70] = True


def see(preprocessing: Preprocessing) -> np.ndarray:
    working = frame_image(PIXELS, VIEW, Framing(), preprocessing)
    return normalise(working.pixels, working.region, measure_brightness(working, preprocessing))


def test_the_crop_is_the_bounding_box_of_the_field_of_view() -> None:
    working = frame_image(PIXELS, VIEW, Framing(), Preprocessing())
    assert working.window == (slice(10, 50), slice(20, 70))
    np.testing.assert_array_equal(working.pixels, PIXELS[10:50, 20:70])


@pytest.mark.parametrize(("diameter", "shape"), [(25, (20, 25)), (100, (80, 100)), (0, (40, 50))])
def test_the_longer_side_of_the_field_of_view_gets_the_working_diameter(diameter: int, shape: tuple[int, int]) -> None:
    working = frame_image(PIXELS, VIEW, Framing(), Preprocessing(diameter=diameter))
    assert working.pixels.shape[:2] == working.region.shape == shape


def test_a_whole_frame_keeps_its_dark_surround_and_may_give_up_its_shape() -> None:
    dark = np.where(VIEW[:, :, None], PIXELS, 9).astype(np.uint8)
    whole = frame_image(dark, VIEW, Framing("frame"), Preprocessing(normalise="unit"))
    assert whole.window == (slice(0, 60), slice(0, 80)) and whole.region.all()
    seen = normalise(whole.pixels, whole.region, measure_brightness(whole, Preprocessing(normalise="unit")))
    np.testing.assert_allclose(seen[:, 0, 0], 9 / 255, rtol=1e-6)
    square = frame_image(dark, VIEW, Framing("frame", (64, 32)), Preprocessing())
    assert square.pixels.shape == (32, 64, 3) and square.region.shape == (32, 64)
    halved = frame_image(dark, VIEW, Framing("frame"), Preprocessing(diameter=40))
    np.testing.assert_allclose(halved.pixels[9, 4], dark[18:20, 8:10].mean(axis=(0, 1)), atol=1)


def test_a_whole_frame_is_standardised_by_its_field_of_view() -> None:
    """Half of the frame is dark: by the whole of it, the contrast of the retina would be squeezed."""
    dark = np.where(VIEW[:, :, None], PIXELS // 8 + 100, 0).astype(np.uint8)
    for framing in (Framing("frame"), Framing("frame", (80, 60))):
        whole = frame_image(dark, VIEW, framing, Preprocessing())
        seen = normalise(whole.pixels, whole.region, measure_brightness(whole, Preprocessing()))
        np.testing.assert_allclose(seen[:, VIEW].mean(axis=1), 0, atol=1e-5)
        np.testing.assert_allclose(seen[:, VIEW].std(axis=1), 1, atol=1e-5)
        assert (seen[:, ~VIEW] < -5).all()


@pytest.mark.parametrize(("region", "size"), [("frame", (64,)), ("field_of_view", (64, 64))])
def test_a_size_is_a_width_and_a_height_of_a_whole_frame(region: Any, size: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="size is a width and a height, for the region 'frame' only"):
        Framing(region, size)


def test_field_of_view_normalisation_gives_mean_0_and_deviation_1_inside_and_0_outside() -> None:
    round_view = VIEW.copy()
    round_view[10:20, 20:30] = False
    working = frame_image(PIXELS, round_view, Framing(), Preprocessing())
    seen = normalise(working.pixels, working.region, measure_brightness(working, Preprocessing()))
    inside = seen[:, working.region]
    np.testing.assert_allclose(inside.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(inside.std(axis=1), 1, atol=1e-5)
    assert np.all(seen[:, ~working.region] == 0)


def test_a_constant_image_is_not_divided_by_zero() -> None:
    flat = np.full((60, 80, 3), 90, np.uint8)
    working = frame_image(flat, VIEW, Framing(), Preprocessing())
    assert np.all(normalise(working.pixels, working.region, measure_brightness(working, Preprocessing())) == 0)


def test_unit_and_imagenet_normalisation_are_those_of_the_literature() -> None:
    """Pixel 255: 1 in unit scale; (1 - 0.485) / 0.229 = 2.2489 in ImageNet's red; itself without any."""
    white = np.full((60, 80, 3), 255, np.uint8)
    for normalisation, value in (("unit", 1.0), ("imagenet", 2.2489), ("none", 255.0)):
        preprocessing = Preprocessing(normalise=normalisation)  # type: ignore[arg-type]
        working = frame_image(white, VIEW, Framing(), preprocessing)
        seen = normalise(working.pixels, working.region, measure_brightness(working, preprocessing))
        assert seen[0, 0, 0] == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_caffes_normalisation_leaves_0_to_255_minus_the_mean_of_imagenet_in_either_order(channels: Any) -> None:
    """VGG16's published inputs: blue, green, red minus 103.939, 116.779, 123.68; nothing is divided."""
    orange = np.full((60, 80, 3), (200, 120, 40), np.uint8)
    preprocessing = Preprocessing(channels=channels, normalise="caffe")
    working = frame_image(orange, VIEW, Framing("frame"), preprocessing)
    seen = normalise(working.pixels, working.region, measure_brightness(working, preprocessing))
    expected = [200 - 123.68, 120 - 116.779, 40 - 103.939]
    np.testing.assert_allclose(seen[:, 0, 0], expected if channels == "rgb" else expected[::-1], rtol=1e-6)
    assert preprocessing.channel_count == len(seen) == 3


def test_the_order_of_channels_turns_the_constants_with_them() -> None:
    rgb, bgr = (see(Preprocessing(channels=channels, normalise="imagenet")) for channels in ("rgb", "bgr"))
    np.testing.assert_array_equal(rgb[::-1], bgr)


def test_one_channel_is_green_or_luminance_and_clahe_raises_its_contrast() -> None:
    np.testing.assert_array_equal(
        frame_image(PIXELS, VIEW, Framing(), Preprocessing(channels="green")).pixels[:, :, 0], PIXELS[10:50, 20:70, 1]
    )
    dull = (PIXELS // 8 + 100).astype(np.uint8)
    plain = frame_image(dull, VIEW, Framing(), Preprocessing(channels="grey")).pixels
    equalised = frame_image(dull, VIEW, Framing(), Preprocessing(channels="grey", clahe=40.0)).pixels
    assert plain.shape == equalised.shape == (40, 50, 1)
    assert equalised.std() > 2 * plain.std()
    assert see(Preprocessing(channels="grey")).shape == (1, 40, 50)


def test_the_bounding_box_holds_the_mask_and_no_more() -> None:
    mask = np.zeros((20, 30), np.bool_)
    mask[3, 7], mask[11, 22] = True, True
    assert bounding_box(mask) == (slice(3, 12), slice(7, 23))
    assert mask[bounding_box(np.zeros((20, 30), np.bool_))].size == 0
    assert bounding_box(whole_frame(np.zeros((20, 30, 3), np.uint8))) == (slice(0, 20), slice(0, 30))


def test_a_component_of_one_working_size_is_larger_in_a_larger_photograph() -> None:
    small, large = np.ones((100, 100), bool), np.ones((400, 400), bool)
    to_200 = Preprocessing(diameter=200)
    assert [scale_component_size(12, view, Framing(), to_200) for view in (small, large)] == [3, 48]
    assert scale_component_size(12, large, Framing(), Preprocessing()) == 12
    assert scale_component_size(12, large, Framing("frame", (100, 200)), Preprocessing()) == 96
