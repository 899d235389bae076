"""Tiles cover an image once blended, whatever its size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retseg.tiling import Tiling, blend_tiles, cut_tiles, place_tiles


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    size=st.sampled_from([32, 64, 96]),
    overlap=st.sampled_from([0.0, 0.25, 0.5, 0.75]),
)
def test_an_analytic_network_that_doubles_its_tile_doubles_the_image(
    height: int, width: int, size: int, overlap: float
) -> None:
    image = np.random.default_rng(height * 1000 + width).normal(size=(2, height, width)).astype(np.float32)
    tiles, windows = cut_tiles(image, Tiling(size, overlap, 16))
    np.testing.assert_allclose(blend_tiles(2 * tiles, windows, (height, width)), 2 * image, rtol=1e-5, atol=1e-6)


def test_an_image_that_fits_is_one_tile_padded_with_zeros_to_the_multiple() -> None:
    tiles, windows = cut_tiles(np.ones((1, 40, 70), np.float32), Tiling(96, 0.25, 32))
    assert tiles.shape == (1, 1, 64, 96)
    assert windows == ((slice(0, 40), slice(0, 70)),)
    assert tiles.sum() == 40 * 70


def test_the_last_tile_ends_with_the_image_and_neighbours_overlap_as_declared() -> None:
    starts, length = place_tiles(1000, Tiling(256, 0.25, 32))
    assert (starts[0], starts[-1] + length) == (0, 1000)
    assert max(np.diff(starts)) <= 192


def test_the_seam_between_two_constant_tiles_is_a_smooth_ramp() -> None:
    """Left tile 0, right tile 1, each 64 wide, overlap from 32 to 63: the blend rises there and nowhere else."""
    tiles = np.stack([np.zeros((1, 32, 64), np.float32), np.ones((1, 32, 64), np.float32)])
    blended = blend_tiles(tiles, ((slice(0, 32), slice(0, 64)), (slice(0, 32), slice(32, 96))), (32, 96))[0, 0]
    assert np.all(blended[:32] == 0) and np.all(blended[64:] == 1)
    assert np.all(np.diff(blended[31:65]) >= 0) and np.diff(blended).max() < 0.2


@pytest.mark.parametrize("words", [{"size": 100}, {"size": 0}, {"overlap": 1.0}, {"overlap": -0.1}])
def test_an_impossible_tiling_is_refused(words: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be a multiple"):
        Tiling(**words)  # type: ignore[arg-type]
