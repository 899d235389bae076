"""Drawing finer than the pixel: areas and places come out right."""

import math

import numpy as np
import pytest

from retseg.phantom.canvas import Frame, Strokes, blur, cover, draw_strokes, fill_outlines, noise


def strokes(*lines: tuple[tuple[float, float], tuple[float, float], float, float]) -> Strokes:
    starts, ends, widths, values = (np.array([line[part] for line in lines], float) for part in range(4))
    return Strokes(starts.reshape(-1, 2), ends.reshape(-1, 2), widths, values)


PLAIN = Frame((80, 60), 1.0, 0.0, False, (0.0, 0.0), (40.0, 30.0))


def test_the_plane_and_the_pixels_map_onto_each_other() -> None:
    frame = Frame((50, 40), 1.7, 0.3, True, (5.0, -2.0), (20.0, 11.0))
    x, y = frame.to_plane()
    places = np.array([[0, 0], [7, 33], [39, 49]])
    back = frame.to_pixels(np.array([[x[row, column], y[row, column]] for row, column in places]))
    assert back == pytest.approx(places[:, ::-1], abs=1e-9)


def test_the_centre_comes_to_lie_at_the_middle() -> None:
    frame = Frame((50, 40), 1.7, 0.3, True, (5.0, -2.0), (20.0, 11.0))
    assert frame.to_pixels(np.array([[5.0, -2.0]]))[0] == pytest.approx([20.0, 11.0])


@pytest.mark.parametrize("width", [2.0, 3.0, 5.5])
def test_a_stroke_covers_its_width_times_its_length(width: float) -> None:
    column = draw_strokes(strokes(((-30.0, 0.0), (30.0, 0.0), width, 255)), PLAIN)[:, 40] / 255.0
    assert column.sum() == pytest.approx(width, abs=0.35)
    assert (column * np.arange(60)).sum() / column.sum() == pytest.approx(30.0, abs=0.15)


def test_a_mask_holds_the_pixels_that_are_at_least_half_covered() -> None:
    mask = cover(strokes(((-30.0, 0.0), (30.0, 0.0), 3.0, 1)), PLAIN)
    assert np.flatnonzero(mask[:, 40]).tolist() == [29, 30, 31]


def test_where_strokes_overlap_the_greater_value_stands() -> None:
    along, across = ((-20.0, 0.0), (20.0, 0.0), 5.0, 200), ((0.0, -20.0), (0.0, 20.0), 5.0, 90)
    for order in (1, -1):
        assert draw_strokes(strokes(*(along, across)[::order]), PLAIN)[30, 40] == 200.0


def test_a_circle_has_the_area_of_a_circle() -> None:
    angles = np.linspace(0.0, math.tau, 200, endpoint=False)
    circle = 10.0 * np.column_stack([np.cos(angles), np.sin(angles)])
    assert fill_outlines([circle], PLAIN).sum() == pytest.approx(math.pi * 100.0, rel=0.05)


def test_nothing_drawn_is_nothing_covered() -> None:
    assert fill_outlines([], PLAIN).sum() == 0.0
    assert not cover(strokes(), PLAIN).any()


@pytest.mark.parametrize("sigma", [0.5, 3.0, 20.0, 60.0])
def test_noise_has_mean_zero_deviation_one_and_its_scale(sigma: float) -> None:
    field = noise((300, 280), sigma, np.random.default_rng(1))
    assert field.shape == (280, 300)
    assert abs(field.mean()) < 1e-9
    assert field.std() == pytest.approx(1.0)
    # Correlation at one pixel's distance of white noise blurred by sigma is exp(-1 / (4 sigma^2)).
    near = float((field[:, 1:] * field[:, :-1]).mean())
    assert near == pytest.approx(math.exp(-1.0 / (4 * sigma * sigma)), abs=0.12)


@pytest.mark.parametrize("sigma", [1.0, 11.0, 25.0])
def test_blurring_keeps_the_mean_of_a_field_and_flattens_it(sigma: float) -> None:
    field = np.random.default_rng(0).standard_normal((200, 220)) + 5.0
    assert blur(field, sigma).mean() == pytest.approx(5.0, abs=0.05)
    assert blur(field, sigma).std() < 0.4 / sigma + 0.02
