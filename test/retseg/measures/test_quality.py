"""Verdicts on drawn eyes, on what is made of them, and on pictures that are no eyes."""

import cv2
import numpy as np
import pytest

from retseg.image import Geometry, Image, find_field_of_view
from retseg.measures import Known, Quality, find_landmarks, judge_quality, measure_masks, measure_quality
from retseg.phantom import draw_fundus
from retseg.phantom.unfit import draw_unfit

SIZE = (500, 500)


def judge(pixels: np.ndarray, vessels: np.ndarray | None = None) -> Quality:
    view = find_field_of_view(pixels)
    return judge_quality(pixels, view, find_landmarks(pixels, view, vessels, None), vessels)


@pytest.fixture(scope="module")
def eye() -> np.ndarray:
    return draw_fundus(4, SIZE).pixels


def test_a_drawn_eye_is_gradable(eye: np.ndarray) -> None:
    found = judge(eye)
    assert (found.verdict, found.reasons, found.score) == ("gradable", (), 1)
    assert found.sentence == "Quality: gradable (score 1.00)."


def test_a_strong_blur_is_rejected_as_out_of_focus(eye: np.ndarray) -> None:
    found = judge(cv2.GaussianBlur(eye, (0, 0), 6))
    assert (found.verdict, found.reasons[0]) == ("reject", "out of focus")
    assert found.sentence.endswith("Do not use its measures.")


def test_darkness_goes_from_gradable_over_usable_to_reject(eye: np.ndarray) -> None:
    middle = float(np.median(eye[find_field_of_view(eye)].max(axis=1)))
    verdicts = [judge(np.rint(eye * (level / middle)).astype(np.uint8)) for level in (100, 38, 18)]
    assert [each.verdict for each in verdicts] == ["gradable", "usable", "reject"]
    assert "dark" in verdicts[1].reasons and verdicts[2].reasons[0] == "dark"


def test_a_white_spot_is_a_reflex(eye: np.ndarray) -> None:
    """Radius 100 of a field of view with the radius 237: 18 % of it."""
    spot = eye.copy()
    cv2.circle(spot, (230, 300), 100, (255, 255, 255), -1)
    found = judge(cv2.GaussianBlur(spot, (0, 0), 0.8))
    assert found.verdict != "gradable" and "reflex" in found.reasons


def test_an_eye_without_a_disc_is_usable_and_says_so(eye: np.ndarray) -> None:
    view = find_field_of_view(eye)
    nowhere = find_landmarks(eye, view, None, np.zeros(view.shape, np.bool_))
    found = judge_quality(eye, view, nowhere)
    assert (found.verdict, found.reasons) == ("usable", ("disc missing",))


def test_an_eye_in_which_no_vessels_were_found_is_rejected(eye: np.ndarray) -> None:
    found = judge(eye, np.zeros(eye.shape[:2], np.bool_))
    assert (found.verdict, found.reasons[0]) == ("reject", "no retina")


@pytest.mark.parametrize("kind", ["scenery", "external eye", "writing", "stereo pair"])
def test_pictures_that_show_no_single_retina_are_rejected(kind: str) -> None:
    for seed in (21, 22):
        found = judge(draw_unfit(seed, kind))  # type: ignore[arg-type]
        assert (found.verdict, found.reasons[0]) == ("reject", "no retina"), seed


def test_a_black_frame_is_dark_and_an_even_one_is_no_retina() -> None:
    assert judge(np.zeros((300, 300, 3), np.uint8)).reasons[0] == "dark"
    assert judge(np.full((300, 300, 3), 200, np.uint8)).reasons[0] == "no retina"


def test_a_verdict_is_a_row_of_numbers_and_angiograms_have_none(eye: np.ndarray) -> None:
    image = Image(eye, Geometry(SIZE), "eye.png")
    view = find_field_of_view(eye)
    found = measure_masks(image, {}, view)
    assert {row.measure: row.value for row in found.rows["quality"]}["grade"] == 2
    assert measure_masks(image, {}, view, Known(modality="octa")).quality is None
    nothing = measure_masks(image, {}, view & False)
    assert {row.measure: row.value for row in nothing.rows["quality"]}["grade"] == 0
    assert measure_quality(Quality({**judge(eye).scores, "dark": 0.4})).dark == 1
