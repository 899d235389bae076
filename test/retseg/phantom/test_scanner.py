"""The scanner: rows jump together with their masks, shadows darken, nothing leaves the range of 8 bits."""

import numpy as np
import pytest

from retseg.phantom.scanner import Rows, Scan, scan

PERFECT = Scan(noise=0.0, speckle=0.0, shadows=0, uneven=0.0, jumps=0, streaks=0)


def test_rows_move_by_their_shift_and_the_border_repeats() -> None:
    picture = np.array([[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]])
    moved = Rows(np.array([0, 1, -2])).move(picture)
    assert moved.tolist() == [[1, 2, 3, 4], [1, 1, 2, 3], [3, 4, 4, 4]]


def test_a_scan_and_its_mask_move_together() -> None:
    flow = np.zeros((200, 200))
    flow[:, 90:110] = 1.0
    quality = Scan(noise=0.0, speckle=0.0, shadows=0, uneven=0.0, jumps=8, streaks=0)
    pixels, rows = scan(flow, quality, np.random.default_rng(3))
    assert (rows.shifts != 0).any()
    found = pixels[..., 0].astype(int) > 150
    assert np.array_equal(found, rows.move(flow > 0.5))


def test_a_perfect_scan_is_brighter_where_more_flows() -> None:
    flow = np.tile(np.linspace(0.0, 0.8, 240), (120, 1))
    pixels, rows = scan(flow, PERFECT, np.random.default_rng(0))
    assert not rows.shifts.any()
    assert (np.diff(pixels[60, ::24, 0].astype(int)) > 0).all()


@pytest.mark.parametrize("shadows", [2, 12])
def test_shadows_darken_flow_without_removing_it(shadows: int) -> None:
    flow = np.full((300, 300), 0.6)
    clear, _ = scan(flow, PERFECT, np.random.default_rng(5))
    quality = Scan(noise=0.0, speckle=0.0, shadows=shadows, uneven=0.0, jumps=0, streaks=0)
    dim, _ = scan(flow, quality, np.random.default_rng(5))
    assert dim.min() < 0.75 * clear.min()
    assert dim.min() > 25
