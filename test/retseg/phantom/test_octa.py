"""OCTA phantoms: deterministic, with the lesions asked for, and masks that follow from what was drawn."""

import functools

import cv2
import numpy as np
import pytest
from scipy import ndimage

from retseg.phantom import OctaContent, Phantom, draw_octa
from retseg.phantom.octa import LEVELS, PREVALENCE, SIDE, Difficulty, draw_content

ALL = OctaContent(True, True, True)
NONE = OctaContent(False, False, False)


@functools.cache
def drawn(seed: int, difficulty: Difficulty, content: OctaContent) -> Phantom:
    return draw_octa(seed, difficulty, content)


def test_one_seed_gives_the_same_bytes_every_time() -> None:
    first, again = drawn(1, "middle", ALL), draw_octa(1, "middle", ALL)
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert all(np.array_equal(first.masks[task], again.masks[task]) for task in first.masks)


def test_an_angiogram_is_grey_and_as_large_as_those_of_drac22() -> None:
    phantom = drawn(1, "middle", ALL)
    assert phantom.pixels.shape == (SIDE, SIDE, 3) == (1024, 1024, 3)
    assert phantom.pixels.dtype == np.uint8
    assert (phantom.pixels[..., 0] == phantom.pixels[..., 2]).all()
    assert phantom.field_of_view.all()


def test_a_healthy_eye_has_three_empty_masks() -> None:
    masks = drawn(2, "middle", NONE).masks
    assert sorted(masks) == ["irma", "neovascularization", "nonperfusion"]
    assert not any(mask.any() for mask in masks.values())


@pytest.mark.parametrize("seed", [1, 3])
def test_lesions_have_the_sizes_of_drac22(seed: int) -> None:
    """In the organisers' example masks the images that have the lesion carry 0.07 to 0.9 % IRMA, 0.4 to 52 %
    non-perfusion and 0.17 to 7 % neovascularization (5th to 95th percentile); a tenth beyond is let pass."""
    masks = drawn(seed, "middle", ALL).masks
    for task, low, high in (
        ("irma", 0.0003, 0.012),
        ("nonperfusion", 0.0035, 0.56),
        ("neovascularization", 0.0004, 0.08),
    ):
        assert low < masks[task].mean() < high, task


def test_capillaries_are_lost_where_the_mask_says() -> None:
    phantom = drawn(1, "easy", ALL)
    mesh = _fine_texture(phantom)
    inside = ndimage.binary_erosion(phantom.masks["nonperfusion"], iterations=15)
    outside = ~ndimage.binary_dilation(phantom.masks["nonperfusion"], iterations=15)
    assert inside.sum() > 5000
    assert np.median(mesh[inside]) < 0.8 * np.median(mesh[outside])


def _fine_texture(phantom: Phantom) -> np.ndarray:
    grey = phantom.pixels[..., 0].astype(float)
    local = cv2.GaussianBlur(grey, (0, 0), 6)
    return np.sqrt(cv2.GaussianBlur((grey - local) ** 2, (0, 0), 6))


@pytest.mark.parametrize("task", ["irma", "neovascularization"])
def test_new_vessels_are_brighter_than_what_is_around_them(task: str) -> None:
    phantom = drawn(1, "middle", ALL)
    around = ndimage.binary_dilation(phantom.masks[task], iterations=12)
    around &= ~ndimage.binary_dilation(phantom.masks[task], iterations=3)
    grey = phantom.pixels[..., 0]
    assert np.median(grey[phantom.masks[task]]) > 1.3 * np.median(grey[around])


def test_irma_lies_at_the_edge_of_drop_out_and_tufts_beside_it() -> None:
    masks = drawn(3, "middle", ALL).masks
    from_dropout = ndimage.distance_transform_edt(~masks["nonperfusion"])
    assert np.median(from_dropout[masks["irma"]]) < 60
    assert (masks["neovascularization"] & masks["nonperfusion"]).sum() < 0.05 * masks["neovascularization"].sum()


def test_the_foveal_avascular_zone_is_no_lesion() -> None:
    """A healthy eye has a dark spot as large as the zone (some 50 pixels across), and no mask."""
    phantom = drawn(2, "easy", NONE)
    smooth = cv2.GaussianBlur(phantom.pixels[..., 0].astype(float), (0, 0), 8)
    assert smooth[100:-100, 100:-100].min() < 0.72 * np.median(smooth)


def test_difficulty_lowers_the_contrast_of_capillaries_against_drop_out() -> None:
    contrasts = []
    for difficulty in LEVELS:
        phantom = drawn(1, difficulty, ALL)  # type: ignore[arg-type]
        smooth = cv2.GaussianBlur(phantom.pixels[..., 0].astype(float), (0, 0), 4)
        inside = ndimage.binary_erosion(phantom.masks["nonperfusion"], iterations=12)
        outside = ~ndimage.binary_dilation(phantom.masks["nonperfusion"], iterations=12)
        gap = np.median(smooth[outside]) - np.median(smooth[inside])
        contrasts.append(gap / (smooth[outside].std() + smooth[inside].std()))
    assert contrasts[0] > contrasts[1] > contrasts[2] > 0


def test_prevalence_is_that_of_drac22() -> None:
    """Of 4000 draws the share of each lesion lies within four standard deviations of its share of 109 images."""
    contents = [draw_content(np.random.default_rng(seed)) for seed in range(4000)]
    for task, count in PREVALENCE.items():
        share = count / 109
        found = np.mean([getattr(content, task) for content in contents])
        assert abs(found - share) < 4 * np.sqrt(share * (1 - share) / 4000), task


def test_an_unknown_difficulty_is_refused() -> None:
    with pytest.raises(ValueError, match="easy, middle, hard"):
        draw_octa(0, "medium")  # type: ignore[arg-type]
