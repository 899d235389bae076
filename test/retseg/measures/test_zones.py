"""Zones around a disc, and the calibres of central vessels, against numbers worked out by hand."""

import math

import numpy as np
import pytest

from retseg.measures import (
    ZONE_B,
    Disc,
    combine_hubbard,
    combine_knudtson,
    draw_zone,
    join_arteries,
    join_veins,
    measure_central_calibres,
    measure_zones,
    trace_vessels,
)

SIDE = 801
WHOLE = np.ones((SIDE, SIDE), np.bool_)
Y, X = np.mgrid[:SIDE, :SIDE] - 400
DISC = Disc(400.0, 400.0, 60.0)


def draw_spokes(widths: list[int], turn: float = 0) -> np.ndarray:
    """Straight vessels that run out from the disc, one for each width, evenly spread."""
    mask = ~WHOLE
    for number, width in enumerate(widths):
        angle = math.radians(turn) + 2 * math.pi * number / len(widths)
        along, across = X * math.cos(angle) + Y * math.sin(angle), Y * math.cos(angle) - X * math.sin(angle)
        mask |= (along >= 80) & (along <= 390) & (np.abs(across) <= width / 2)
    return mask


def test_a_zone_is_a_ring_around_the_disc() -> None:
    """Zone B has the radii 120 and 180: pi (180^2 - 120^2) = 56,549 pixels."""
    assert draw_zone(WHOLE, DISC, ZONE_B).sum() == pytest.approx(56549, rel=0.01)


def test_a_zone_that_is_mostly_out_of_sight_or_has_no_disc_is_empty() -> None:
    half = WHOLE.copy()
    half[:, 390:] = False
    assert not draw_zone(half, DISC, ZONE_B).any()
    assert not draw_zone(WHOLE, None, ZONE_B).any()


def test_spokes_have_their_width_and_their_share_of_each_zone() -> None:
    """Eight spokes of 9 pixels: in zone B 8 x 9 x 60 = 4,320 of 56,549, in zone C 8 x 9 x 180 of 237,504 pixels."""
    mask = draw_spokes([9] * 8)
    found = measure_zones(mask, trace_vessels(mask), WHOLE, DISC)
    assert found.zone_b_density == pytest.approx(8 * 9 * 60 / 56549, rel=0.08)
    assert found.zone_c_density == pytest.approx(8 * 9 * 180 / 237504, rel=0.08)
    assert found.zone_b_calibre == pytest.approx(9, abs=0.8)
    assert found.zone_c_tortuosity == pytest.approx(1, abs=0.01)
    nowhere = measure_zones(mask, trace_vessels(mask), WHOLE, None)
    assert all(math.isnan(value) for value in vars(nowhere).values())


def test_knudtsons_trunk_of_six_equal_vessels() -> None:
    """Pairs of 100: 0.88 x 141.42 = 124.45, three of them; one pair makes 154.87; with the third 174.84."""
    first = 0.88 * math.hypot(100, 100)
    expected = 0.88 * math.hypot(first, 0.88 * math.hypot(first, first))
    assert combine_knudtson([100.0] * 6, 0.88) == pytest.approx(expected) == pytest.approx(174.84, abs=0.01)
    assert combine_knudtson([100.0] * 6 + [10, 20, 30], 0.88) == pytest.approx(expected)


def test_the_narrowest_joins_the_widest_and_the_middle_waits() -> None:
    """60 to 110: (60, 110), (70, 100), (80, 90) make 119.0, 116.0, 114.4 by roots of sums; then the ends, then both."""
    pairs = sorted(math.hypot(*pair) for pair in ((60, 110), (70, 100), (80, 90)))
    expected = math.hypot(pairs[1], math.hypot(pairs[0], pairs[2]))
    assert combine_knudtson([100, 60, 90, 70, 110, 80], 1.0) == pytest.approx(expected)


def test_hubbards_formulas_in_micrometres() -> None:
    """Of 50 and 100: .87 x 2500 + 1.01 x 10000 - .22 x 5000 - 10.76 = 11164.24; .72 x 2500 + .91 x 10000 + 450.05."""
    assert join_arteries(50, 100) == pytest.approx(math.sqrt(11164.24))
    assert join_veins(50, 100) == pytest.approx(math.sqrt(11350.05))
    assert math.isnan(combine_hubbard([100.0] * 5, join_veins))


def test_drawn_arteries_and_veins_have_the_ratio_of_their_formulas() -> None:
    """Six arteries of 8 and six veins of 12 pixels: 13.99 and 24.4 or so, 0.02 mm a pixel."""
    arteries, veins = draw_spokes([8] * 6), draw_spokes([12] * 6, turn=30)
    zone = draw_zone(WHOLE, DISC, ZONE_B)
    pairs = [(mask, trace_vessels(mask)) for mask in (arteries, veins)]
    found = measure_central_calibres(pairs[0], pairs[1], zone, DISC, 0.02)
    assert found.crae_knudtson == pytest.approx(combine_knudtson([8.0] * 6, 0.88), rel=0.1)
    assert found.crve_knudtson == pytest.approx(combine_knudtson([12.0] * 6, 0.95), rel=0.1)
    assert found.avr_knudtson == pytest.approx(found.crae_knudtson / found.crve_knudtson)
    assert found.crae_hubbard == pytest.approx(combine_hubbard([160.0] * 6, join_arteries) / 1000, rel=0.1)
    assert found.crve_hubbard == pytest.approx(combine_hubbard([240.0] * 6, join_veins) / 1000, rel=0.1)


def test_five_arteries_have_no_central_calibre_and_no_scale_no_hubbard() -> None:
    arteries, veins = draw_spokes([8] * 5), draw_spokes([12] * 6, turn=30)
    zone = draw_zone(WHOLE, DISC, ZONE_B)
    pairs = [(mask, trace_vessels(mask)) for mask in (arteries, veins)]
    found = measure_central_calibres(pairs[0], pairs[1], zone, DISC, None)
    assert math.isnan(found.crae_knudtson) and math.isnan(found.avr_knudtson)
    assert found.crve_knudtson > 12
    assert math.isnan(found.crve_hubbard)
    assert math.isnan(measure_central_calibres(pairs[0], pairs[1], zone, None, 0.02).crve_knudtson)
