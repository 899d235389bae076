"""The field of view on discs drawn here, whose truth is exact, and on the published masks of real photographs."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from retseg.image import find_field_of_view, fit_field_of_view, read_image, read_mask
from retseg.phantom.surrounds import SURROUNDS, Surround, draw_surround

Colour = tuple[float, float, float]
RETINA: Colour = (150, 80, 40)


def draw_disc(
    size: tuple[int, int], centre: tuple[int, int], radius: int, colour: Colour = RETINA, border: float = 0
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A disc that darkens outwards, in a border: pixels (H, W, 3) as floats, and the disc (H, W). x before y."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    distance = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / radius**2
    disc = distance <= 1
    return np.where(disc[:, :, None], (1 - 0.3 * distance[:, :, None]) * np.array(colour), border), disc


def find(pixels: NDArray[np.float64]) -> NDArray[np.bool_]:
    found = find_field_of_view(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    assert found.shape == pixels.shape[:2]
    assert found.dtype == np.bool_
    return found


def overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return float((found & truth).sum() / (found | truth).sum())


@pytest.mark.parametrize(
    ("colour", "border"),
    [
        pytest.param(RETINA, 0, id="usual"),
        pytest.param((24, 12, 6), 2, id="dark"),
        pytest.param((13, 7, 4), 1, id="darkest"),
        pytest.param((200, 10, 4), 0, id="reddish"),
        pytest.param((120, 120, 120), 0, id="grey"),
        pytest.param((120, 80, 50), 20, id="hazy border"),
    ],
)
def test_whole_discs_of_any_brightness_and_hue(colour: Colour, border: float) -> None:
    pixels, disc = draw_disc((480, 500), (240, 250), 230, colour, border)
    assert overlap(find(pixels), disc) > 0.99
    noisy = pixels + np.random.default_rng(0).normal(0, 2, pixels.shape)
    assert overlap(find(noisy), disc) > 0.99


@pytest.mark.parametrize(
    ("size", "centre"),
    [
        pytest.param((500, 380), (250, 190), id="top and bottom"),
        pytest.param((380, 500), (190, 250), id="left and right"),
        pytest.param((480, 500), (180, 250), id="left"),
        pytest.param((480, 480), (180, 180), id="top and left"),
    ],
)
def test_discs_cut_by_the_frame_reach_the_frame(size: tuple[int, int], centre: tuple[int, int]) -> None:
    pixels, disc = draw_disc(size, centre, 230)
    found = find(pixels)
    assert overlap(found, disc) > 0.99
    for side in ((0, slice(None)), (-1, slice(None)), (slice(None), 0), (slice(None), -1)):
        assert abs(int(found[side].sum()) - int(disc[side].sum())) <= 0.05 * len(found[side])


def test_a_disc_cut_by_black_bars(tmp_path: Path) -> None:
    pixels, disc = draw_disc((700, 500), (350, 250), 240)
    pixels[:70], disc[:70] = 0, False
    pixels[-70:], disc[-70:] = 0, False
    assert overlap(find(pixels), disc) > 0.99


def test_no_border_at_all_is_the_whole_frame() -> None:
    pixels, _ = draw_disc((300, 300), (150, 150), 260)
    assert find(pixels).all()


def test_noise_in_the_border_is_no_retina() -> None:
    pixels, disc = draw_disc((480, 500), (240, 250), 230)
    noisy = pixels + np.abs(np.random.default_rng(0).normal(0, 8, pixels.shape))
    assert overlap(find(noisy), disc) > 0.99


def test_captions_in_the_border_are_no_retina() -> None:
    pixels, disc = draw_disc((480, 500), (240, 250), 230)
    pixels[10:16, 10:60] = 250
    pixels[470:480, 400:470:3] = 250
    pixels[0:6, 0:6] = 255
    assert overlap(find(pixels), disc) > 0.99


def test_a_dim_side_belongs_to_the_retina() -> None:
    pixels, disc = draw_disc((480, 500), (240, 250), 230)
    light = np.clip(0.12 + np.arange(480) / 340, 0, 1)
    assert overlap(find(pixels * light[None, :, None]), disc) > 0.985


def test_a_bright_optic_disc_does_not_hide_a_dark_retina() -> None:
    pixels, disc = draw_disc((480, 500), (240, 250), 230, (60, 40, 20))
    bright = pixels.astype(np.uint8)
    cv2.circle(bright, (120, 240), 35, (255, 240, 200), -1)
    assert overlap(find(bright.astype(np.float64)), disc) > 0.99


@pytest.mark.parametrize("factor", [0.25, 1, 3])
def test_the_scale_does_not_matter(factor: float) -> None:
    pixels, disc = draw_disc(
        (int(480 * factor), int(500 * factor)), (int(240 * factor), int(250 * factor)), int(220 * factor)
    )
    assert overlap(find(pixels), disc) > (0.97 if factor < 1 else 0.99)


@pytest.mark.parametrize(
    "pixels",
    [
        pytest.param(np.zeros((300, 300, 3)), id="black"),
        pytest.param(np.full((300, 300, 3), 90.0), id="grey"),
        pytest.param(np.full((300, 300, 3), 255.0), id="white"),
        pytest.param(np.random.default_rng(0).normal(3, 3, (300, 300, 3)), id="dark noise"),
        pytest.param(np.full((5, 9, 3), 100.0), id="tiny"),
        pytest.param(np.random.default_rng(0).normal(90, 40, (1, 1, 3)), id="one pixel"),
        pytest.param(np.random.default_rng(0).normal(90, 40, (3, 2000, 3)), id="a line"),
        pytest.param(np.pad(np.full((8, 60, 3), 255.0), ((10, 282), (10, 230), (0, 0))), id="a caption only"),
    ],
)
def test_where_there_is_no_retina_nothing_is_found(pixels: NDArray[np.float64]) -> None:
    assert not find(pixels).any()


@pytest.mark.parametrize("kind", SURROUNDS)
def test_hard_surrounds_do_not_mislead(kind: Surround) -> None:
    phantoms = [draw_surround(seed, kind) for seed in range(100, 107)]
    overlaps = [overlap(find_field_of_view(phantom.pixels), phantom.field_of_view) for phantom in phantoms]
    assert np.mean(overlaps) >= 0.98
    assert min(overlaps) >= 0.95


def test_the_circle_of_a_cut_disc_is_told_with_its_quality() -> None:
    pixels, _ = draw_disc((500, 380), (250, 190), 230)
    found = fit_field_of_view(pixels.astype(np.uint8))
    assert found.circle is not None
    assert (found.circle.x, found.circle.y, found.circle.radius) == pytest.approx((250, 190, 230), abs=2)
    assert found.quality > 0.95
    assert found.fault is None


def test_a_lit_square_is_kept_and_said_to_be_no_disc() -> None:
    pixels = np.zeros((400, 500, 3), np.uint8)
    pixels[60:340, 90:410] = RETINA
    found = fit_field_of_view(pixels)
    assert found.circle is None
    assert found.fault == "no disc"
    assert overlap(found.mask, pixels[..., 0] > 0) > 0.97


def test_a_disc_that_sinks_into_its_surround_is_kept_whole_and_said_to_be_faint() -> None:
    pixels, disc = draw_disc((480, 500), (240, 250), 200, border=60)
    shade = np.clip((np.arange(480) - 100) / 160, 0.45, 1)
    found = fit_field_of_view((pixels * np.where(disc, shade[None], 1)[..., None]).astype(np.uint8))
    assert overlap(found.mask, disc) > 0.97
    assert found.quality < 0.8
    assert found.fault == "faint"


def test_pixels_are_left_alone() -> None:
    pixels = draw_disc((200, 200), (100, 100), 90)[0].astype(np.uint8)
    before = pixels.copy()
    find_field_of_view(pixels)
    assert np.array_equal(pixels, before)


def published_masks(data_root: Path) -> Iterator[tuple[Path, Path]]:
    """Photographs with the mask of their field of view: 40 of DRIVE, 28 of CHASE_DB1, 22 of LES-AV."""
    for part in ("training", "test"):
        for image in sorted((data_root / "DRIVE" / part / "images").glob("*.tif")):
            yield image, data_root / "DRIVE" / part / "mask" / f"{image.stem}_mask.gif"
    for image in sorted((data_root / "CHASEDB1").glob("Image_*.jpg")):
        yield image, data_root / "CHASEDB1" / "mask" / f"{image.stem}.gif"
    for image in sorted((data_root / "LES-AV" / "images").glob("*.png")):
        yield image, data_root / "LES-AV" / "masks" / image.name


def test_published_masks_are_met(data_root: Path) -> None:
    overlaps: dict[str, list[float]] = {"DRIVE": [], "CHASEDB1": [], "LES-AV": []}
    for image, mask in published_masks(data_root):
        data_set = next(name for name in overlaps if name in image.parts)
        found = fit_field_of_view(read_image(image).pixels)
        assert found.quality > 0.95 and found.fault is None, image.name
        overlaps[data_set].append(overlap(found.mask, read_mask(mask) > 0))
    assert {name: len(values) for name, values in overlaps.items()} == {"DRIVE": 40, "CHASEDB1": 28, "LES-AV": 22}
    for name, values in overlaps.items():
        assert np.mean(values) >= 0.99, name
        assert min(values) >= 0.98, name


def test_a_caption_in_the_corner_of_a_photograph_is_left_out(data_root: Path) -> None:
    found = fit_field_of_view(read_image(data_root / "FIVES_caption" / "25_A.jpg").pixels)
    assert found.mask.mean() == pytest.approx(0.757, abs=0.01)
    assert not found.mask[:100, :100].any()


@pytest.mark.parametrize("change", ["dark", "reddish", "grey", "cut at top and bottom", "cut on all sides", "padded"])
def test_changed_photographs_are_met_as_well(data_root: Path, change: str) -> None:
    for image, mask in list(published_masks(data_root))[20::16]:
        pixels, truth = read_image(image).pixels, read_mask(mask) > 0
        rows, columns = (slice(side // 5, side - side // 5) for side in truth.shape)
        if change == "dark":
            pixels = (pixels * 0.15).astype(np.uint8)
        elif change == "reddish":
            pixels = pixels * np.array([1, 0, 0], np.uint8)
        elif change == "grey":
            pixels = np.repeat(pixels.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
        elif change == "cut at top and bottom":
            pixels, truth = np.ascontiguousarray(pixels[rows]), truth[rows]
        elif change == "cut on all sides":
            pixels, truth = np.ascontiguousarray(pixels[rows, columns]), truth[rows, columns]
        else:
            pixels, truth = np.pad(pixels, ((80, 80), (150, 150), (0, 0))), np.pad(truth, ((80, 80), (150, 150)))
        assert overlap(find_field_of_view(pixels), truth) > 0.985, image.name


def test_one_camera_gives_one_field_of_view(data_root: Path) -> None:
    """One camera took the photographs of HRF: their fields of view are nearly the same, whatever they show."""
    found = [
        find_field_of_view(read_image(path).pixels) for path in sorted((data_root / "HRF/images").glob("01_[gh]*"))
    ]
    assert len(found) == 2
    assert overlap(*found) > 0.99
    assert 0.84 < found[0].mean() < 0.85
