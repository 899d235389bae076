"""Random tone curves: a patch is standardised as the photograph of another camera would be."""

import numpy as np
import pytest
from numpy.typing import NDArray

from train.config.patches import Tone
from train.data.augmentation import Patch
from train.data.tone import apply_curves, count_levels, draw_tone_curves, measure_after_curves


def draw_patch() -> Patch:
    random = np.random.default_rng(3)
    pixels = random.integers(0, 256, (20, 30, 3)).astype(np.uint8)
    inside = np.zeros((20, 30), np.uint8)
    inside[4:16, 5:25] = 1
    return Patch(pixels, np.zeros((20, 30, 1), np.uint8), inside)


def test_brightness_from_counted_levels_is_that_of_the_changed_pixels() -> None:
    patch = draw_patch()
    curves = draw_tone_curves(Tone((0.5, 2.0), (0.7, 1.4)), 3, np.random.default_rng(0))
    mean, deviation = measure_after_curves(count_levels(patch), curves)
    inside = apply_curves(patch.pixels, curves)[patch.field_of_view > 0].astype(float)
    np.testing.assert_allclose(mean, inside.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(deviation, inside.std(axis=0), rtol=1e-5)


def test_a_tone_of_one_leaves_every_level_as_it_is() -> None:
    curves = draw_tone_curves(Tone(), 3, np.random.default_rng(0))
    assert (curves == np.arange(256, dtype=np.uint8)).all()


def test_a_gain_is_cut_at_white_and_a_gamma_keeps_black_and_white() -> None:
    brighter = draw_tone_curves(Tone(gain=(2.0, 2.0)), 1, np.random.default_rng(0))[0]
    assert brighter[100] == 200 and brighter[200] == 255
    darker = draw_tone_curves(Tone(gamma=(2.0, 2.0)), 1, np.random.default_rng(0))[0]
    assert (darker[0], darker[128], darker[255]) == (0, 64, 255)


@pytest.mark.parametrize("wrong", [{"gamma": (0.0, 1.0)}, {"gain": (2.0, 1.0)}])
def test_a_range_that_is_none_is_refused(wrong: dict[str, tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="ranges of positive numbers"):
        Tone(**wrong)


def test_curves_are_the_same_for_the_same_random_numbers() -> None:
    def draw(seed: int) -> NDArray[np.uint8]:
        return draw_tone_curves(Tone((0.5, 2.0), (0.7, 1.4)), 3, np.random.default_rng(seed))

    assert (draw(1) == draw(1)).all() and not (draw(1) == draw(2)).all()
