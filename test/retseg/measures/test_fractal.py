"""Fractal dimensions of sets whose dimensions are known, and against an independent count by scikit-image."""

import math
from pathlib import Path

import numpy as np
import pytest
from skimage.measure import block_reduce

from retseg.image import read_mask
from retseg.measures import Fractals, measure_fractals

WHOLE = np.ones((512, 512), np.bool_)


def list_values(found: Fractals) -> list[float]:
    return [found.fractal_box, found.fractal_information, found.fractal_correlation]


def draw_carpet(rounds: int) -> np.ndarray:
    """Three of four quarters of a square, again and again: log 3 / log 2 for every order, since all parts are alike."""
    mask = np.ones((1, 1), np.bool_)
    for _ in range(rounds):
        mask = np.block([[mask, mask], [mask, np.zeros_like(mask)]])
    return mask


def test_a_line_has_one_dimension_and_an_area_two() -> None:
    line = np.zeros_like(WHOLE)
    line[200] = True
    assert list_values(measure_fractals(line, WHOLE)) == pytest.approx([1, 1, 1])
    assert list_values(measure_fractals(WHOLE, WHOLE)) == pytest.approx([2, 2, 2])


def test_sierpinskis_triangle_has_the_dimension_of_its_construction() -> None:
    assert list_values(measure_fractals(draw_carpet(9), WHOLE)) == pytest.approx([math.log2(3)] * 3)


def test_an_uneven_set_has_dimensions_that_fall_with_their_order() -> None:
    """Three quarters have the shares .45, .35 and .2, seven times: log2 3, -sum p log2 p and -log2 sum p^2."""
    shares = np.ones((1, 1))
    for _ in range(7):
        shares = np.block([[0.45 * shares, 0.35 * shares], [0.2 * shares, 0 * shares]])
    box = 32
    pixels = np.rint(shares / shares.max() * box**2)
    mask = np.arange(box**2).reshape(box, box) < np.kron(pixels, np.ones((box, box))).reshape(
        128, box, 128, box
    ).swapaxes(1, 2)
    mask = mask.swapaxes(1, 2).reshape(128 * box, 128 * box)
    p = np.array([0.45, 0.35, 0.2])
    expected = [math.log2(3), -(p * np.log2(p)).sum(), -np.log2((p**2).sum())]
    assert list_values(measure_fractals(mask, np.ones_like(mask))) == pytest.approx(expected, rel=0.005)


def test_the_same_vessels_in_a_larger_frame_have_the_same_dimensions() -> None:
    mask = draw_carpet(9)
    framed, view = np.zeros((700, 800), np.bool_), np.zeros((700, 800), np.bool_)
    framed[50:562, 90:602], view[50:562, 90:602] = mask, True
    assert measure_fractals(framed, view) == measure_fractals(mask, WHOLE)


def test_no_vessels_and_tiny_views_have_none() -> None:
    assert all(map(math.isnan, list_values(measure_fractals(~WHOLE, WHOLE))))
    assert all(map(math.isnan, list_values(measure_fractals(WHOLE[:90, :90], WHOLE[:90, :90]))))


def test_drives_masks_agree_with_scikit_image_to_one_per_cent(data_root: Path) -> None:
    """Boxes of a quarter to a 128th of the field of view, counted by `block_reduce`."""
    folder = data_root / "DRIVE" / "training"
    for number in range(21, 41):
        mask = read_mask(folder / "1st_manual" / f"{number}_manual1.gif") > 0
        view = read_mask(folder / "mask" / f"{number}_training_mask.gif") > 0
        rows, columns = np.flatnonzero(view.any(axis=1)), np.flatnonzero(view.any(axis=0))
        part = (mask & view)[rows[0] :, columns[0] :]
        side = max(np.ptp(rows), np.ptp(columns)) + 1
        sides, entropies = np.round(side / 2.0 ** np.arange(2, 8)).astype(int), []
        for box in sides:
            shares = block_reduce(part, (box, box), np.sum).ravel() / part.sum()
            shares = shares[shares > 0]
            entropies.append([np.log(len(shares)), -(shares * np.log(shares)).sum(), -np.log((shares**2).sum())])
        expected = -np.polyfit(np.log(sides), entropies, 1)[0]
        assert list_values(measure_fractals(mask, view)) == pytest.approx(list(expected), rel=0.01), number
