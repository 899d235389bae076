"""Tiles give what the whole image gives, whatever its size; where a network forbids that, they blend smoothly."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from retseg.networks import build_network
from retseg.tiling import TilePlan, Tiling, cut_tiles, join_tiles, plan_tiles, skip_outside

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def average_blocks(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """An analytic network of stride 8: the mean of each 8 x 8 block of pixels and of the 24 blocks around it."""
    pixels = torch.from_numpy(image)[None]
    means = torch.nn.functional.avg_pool2d(pixels, 8)
    spread = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(means, (2, 2, 2, 2)), 5, stride=1)
    return torch.nn.functional.interpolate(spread, scale_factor=8, mode="nearest")[0].numpy()


def run(image: NDArray[np.float32], plan: TilePlan, network: Network) -> NDArray[np.float32]:
    return join_tiles((network(tile) for tile in cut_tiles(image, plan)), plan)


def draw(height: int, width: int) -> NDArray[np.float32]:
    return np.random.default_rng(height * 1000 + width).normal(size=(2, height, width)).astype(np.float32)


@settings(max_examples=150, deadline=None)
@given(height=st.integers(1, 300), width=st.integers(1, 300), pixels=st.integers(1, 300 * 300))
def test_with_a_known_margin_tiles_equal_the_whole_image(height: int, width: int, pixels: int) -> None:
    image = draw(height, width)
    tiling = Tiling(32, 0.0, 8, margin=16, memory=100)
    whole = run(image, plan_tiles((height, width), tiling, 10**9), average_blocks)
    tiled = run(image, plan_tiles((height, width), tiling, 100 * pixels), average_blocks)
    np.testing.assert_array_equal(tiled, whole)


def test_a_margin_that_is_too_small_would_be_seen() -> None:
    image = draw(200, 200)
    tilings = [Tiling(32, 0.0, 8, margin=margin, memory=100) for margin in (16, 8)]
    whole = average_blocks(image)
    enough, little = (run(image, plan_tiles((200, 200), tiling, 100 * 80**2), average_blocks) for tiling in tilings)
    assert np.array_equal(enough, whole) and not np.allclose(little, whole)


@pytest.mark.parametrize("shape", [(400, 330), (129, 700)])
def test_a_u_net_in_float32_gives_the_same_logits_in_tiles(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = build_network("unet", {"widths": [4, 8, 8], "tasks": 1}).eval()

    def infer(tile: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(tile)[None])[0].numpy())

    image = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    tiling = Tiling(64, 0.0, 16, margin=32, memory=1)
    plan = plan_tiles(shape, tiling, 160**2)
    assert len(plan.windows) > 4
    np.testing.assert_allclose(run(image, plan, infer), run(image, plan_tiles(shape, tiling, 10**9), infer), atol=1e-5)


def test_tiles_hold_no_more_pixels_than_the_memory_allows() -> None:
    plan = plan_tiles((4000, 5000), Tiling(margin=96, memory=200), 500 * 10**6)
    assert plan.tile[0] * plan.tile[1] * 200 <= 500 * 10**6
    assert plan.tile[0] % 32 == plan.tile[1] % 32 == 0
    assert (
        str(plan)
        == "5000 x 4000 pixels, 12 tiles of 1408 x 1472 that overlap by 192, cut so that they equal the whole image"
    )


def test_an_image_that_fits_is_one_tile_padded_with_zeros_to_the_multiple() -> None:
    plan = plan_tiles((40, 70), Tiling(96, 0.25, 32), 0)
    (tile,) = cut_tiles(np.ones((1, 40, 70), np.float32), plan)
    assert tile.shape == (1, 64, 96) and tile.sum() == 40 * 70
    assert plan.is_whole and str(plan) == "70 x 40 pixels, whole"
    assert plan_tiles((4000, 4000), Tiling(96, memory=100), 16 * 10**8).is_whole


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    size=st.sampled_from([32, 64, 96]),
    overlap=st.sampled_from([0.0, 0.25, 0.5, 0.75]),
)
def test_without_a_margin_blended_tiles_cover_the_image(height: int, width: int, size: int, overlap: float) -> None:
    image = draw(height, width)
    plan = plan_tiles((height, width), Tiling(size, overlap, 16), 0)
    np.testing.assert_allclose(run(image, plan, lambda tile: 2 * tile), 2 * image, rtol=1e-5, atol=1e-6)


def test_the_last_blended_tile_ends_with_the_image_and_neighbours_overlap_as_declared() -> None:
    starts = [window[0].start for window in plan_tiles((1000, 256), Tiling(256, 0.25, 32), 0).windows]
    assert (starts[0], starts[-1] + 256) == (0, 1000)
    assert max(np.diff(starts)) <= 192


def test_the_seam_between_two_constant_tiles_is_a_smooth_ramp() -> None:
    """Left tile 0, right tile 1, each 64 wide, overlap from 32 to 63: the blend rises there and nowhere else."""
    plan = plan_tiles((64, 96), Tiling(64, 0.5, 32), 0)
    tiles = np.zeros((1, 64, 64), np.float32), np.ones((1, 64, 64), np.float32)
    blended = join_tiles(tiles, plan)[0, 0]
    assert np.all(blended[:32] == 0) and np.all(blended[64:] == 1)
    assert np.all(np.diff(blended[31:65]) >= 0) and np.diff(blended).max() < 0.2


@pytest.mark.parametrize("tiling", [Tiling(32, 0.0, 8, margin=16, memory=100), Tiling(64, 0.25, 8)])
def test_tiles_that_decide_nothing_of_the_region_are_left_out(tiling: Tiling) -> None:
    image, region = draw(300, 300), np.zeros((300, 300), np.bool_)
    region[:120, :90] = True
    plan = plan_tiles((300, 300), tiling, 100 * 80**2)
    fewer = skip_outside(plan, region)
    assert 0 < len(fewer.windows) < len(plan.windows) / 2
    assert f"{len(plan.windows) - len(fewer.windows)} without field of view left out" in str(fewer)
    expected = run(image, plan, average_blocks)
    np.testing.assert_allclose(run(image, fewer, average_blocks)[:, region], expected[:, region], atol=1e-5)


@pytest.mark.parametrize("words", [{"size": 100}, {"size": 0}, {"overlap": 1.0}, {"overlap": -0.1}])
def test_an_impossible_tiling_is_refused(words: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be a multiple"):
        Tiling(**words)  # type: ignore[arg-type]


@pytest.mark.parametrize("words", [{"margin": -1}, {"memory": -1}])
def test_a_negative_margin_or_memory_is_refused(words: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Tiling(**words)  # type: ignore[arg-type]
