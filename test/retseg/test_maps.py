"""Masks that are made in strips are those of the probabilities at full size, pixel by pixel."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import retseg.maps
from retseg.maps import MadeWhenAsked, ProbabilityMaps, pack, unpack

SIDES = st.integers(1, 60)


def draw_plane(height: int, width: int) -> NDArray[np.float32]:
    noise = np.random.default_rng(100 * height + width).random((height, width)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 2) * 4 - 1.5, 0, 1)


def everywhere(shape: tuple[int, int]) -> NDArray[np.bool_]:
    return np.ones(shape, np.bool_)


@settings(max_examples=150, deadline=None)
@given(height=SIDES, width=SIDES, tall=SIDES, wide=SIDES, threshold=st.floats(0.01, 1))
def test_a_mask_is_where_the_probability_at_full_size_reaches_the_threshold(
    height: int, width: int, tall: int, wide: int, threshold: float
) -> None:
    window = (slice(2, 2 + tall), slice(3, 3 + wide))
    shape = (tall + 5, wide + 4)
    maps = ProbabilityMaps(draw_plane(height, width)[None], window, shape)
    inside = np.random.default_rng(tall).random(shape) > 0.1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retseg.maps, "STRIP", 7 * wide)
        whole = maps.enlarge(0, inside)
        assert np.array_equal(maps.threshold(0, threshold, inside), whole >= threshold)
    enlarged = np.zeros(shape, np.float32)
    enlarged[window] = cv2.resize(maps.planes[0], (wide, tall))
    np.testing.assert_allclose(whole, enlarged * inside, atol=2e-6)


def test_strips_without_a_value_above_the_threshold_are_not_enlarged(monkeypatch: pytest.MonkeyPatch) -> None:
    plane = np.zeros((100, 100), np.float32)
    plane[50, 50] = 1
    enlarged: list[int] = []
    resize = cv2.resize

    def count(rows: NDArray[np.float32], *words: object, **named: int) -> object:
        enlarged.append(len(rows))
        return resize(rows, *words, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(retseg.maps, "STRIP", 10 * 300)
    monkeypatch.setattr(cv2, "resize", count)
    maps = ProbabilityMaps(plane[None], (slice(0, 300), slice(0, 300)), (300, 300))
    assert maps.threshold(0, 0.5, everywhere((300, 300))).sum() > 0
    assert 0 < len(enlarged) <= 2


def test_a_plane_in_two_bytes_keeps_five_decimals() -> None:
    values = np.linspace(0, 1, 1000, dtype=np.float32).reshape(1, 20, 50)
    assert pack(values).dtype == np.uint16
    np.testing.assert_allclose(unpack(pack(values)), values, atol=0.6 / 65535)
    window = (slice(0, 40), slice(0, 100))
    small, large = (ProbabilityMaps(planes, window, (40, 100)) for planes in (pack(values), values))
    inside = everywhere((40, 100))
    np.testing.assert_allclose(small.enlarge(0, inside), large.enlarge(0, inside), atol=1e-5)
    assert np.array_equal(small.threshold(0, 0.3, inside), small.enlarge(0, inside) >= 0.3)


def test_planes_are_made_at_each_look_up() -> None:
    made: list[int] = []

    def make() -> NDArray[np.float32]:
        made.append(1)
        return np.zeros((2, 2), np.float32)

    planes = MadeWhenAsked({"vessel": make})
    assert list(planes) == ["vessel"] and len(planes) == 1 and not made
    assert planes["vessel"].shape == (2, 2) and len(made) == 1
    with pytest.raises(KeyError):
        planes["irma"]
