"""Hard surrounds and pictures that are no retina: the same from one seed, with a truth that shows in the pixels."""

import numpy as np
import pytest

from retseg.phantom.surrounds import SURROUNDS, Scene, Surround, draw_surround, mask_disc
from retseg.phantom.unfit import UNFIT, Unfit, draw_unfit


@pytest.mark.parametrize("kind", SURROUNDS)
def test_a_surround_is_the_same_from_one_seed_and_another_from_the_next(kind: Surround) -> None:
    first, again, other = draw_surround(5, kind), draw_surround(5, kind), draw_surround(6, kind)
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert first.pixels.shape != other.pixels.shape or (first.pixels != other.pixels).any()
    assert first.pixels.dtype == np.uint8
    assert first.pixels.shape == (*first.field_of_view.shape, 3)


@pytest.mark.parametrize("kind", SURROUNDS)
def test_the_retina_is_brighter_than_its_surround(kind: Surround) -> None:
    for seed in range(3):
        phantom = draw_surround(seed, kind)
        brightness = phantom.pixels.max(axis=2)
        assert np.median(brightness[phantom.field_of_view]) > 1.3 * np.median(brightness[~phantom.field_of_view])


def test_bars_cut_the_disc_and_a_tab_sticks_out_of_it() -> None:
    plain = mask_disc(Scene((200, 100), (100, 50), 40))
    assert plain.sum() == pytest.approx(np.pi * 40**2, rel=0.01)
    cut = mask_disc(Scene((200, 100), (100, 50), 40, cuts=(0, 30, 80, 0)))
    assert not cut[:30].any() and not cut[:, 120:].any()
    assert np.array_equal(cut[30:, :120], plain[30:, :120])
    assert mask_disc(Scene((200, 100), (100, 50), 40, notch=0.1)).sum() > plain.sum()
    assert mask_disc(Scene((200, 100), (100, 50), 40, notch=-0.1)).sum() < plain.sum()


@pytest.mark.parametrize("kind", UNFIT)
def test_an_unfit_picture_is_the_same_from_one_seed_and_another_from_the_next(kind: Unfit) -> None:
    first, again, other = draw_unfit(2, kind), draw_unfit(2, kind), draw_unfit(3, kind)
    assert first.dtype == np.uint8
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
