"""A photograph for an angiogram, a picture out of focus, a retina without vessels: a sentence each, none otherwise."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from retseg.image import FieldOfView, describe_problems, fit_field_of_view, read_image, read_mask, whole_frame
from retseg.image.appearance import describe_scene, recognise_modality
from retseg.phantom import Camera, FundusContent, LesionCounts, OctaContent, draw_fundus, draw_octa
from retseg.phantom.surrounds import Surround, draw_surround
from retseg.phantom.unfit import Unfit, draw_unfit

Pixels = NDArray[np.uint8]


@cache
def draw(name: str) -> Pixels:
    """A phantom as its data set's images are."""
    if name == "drive":
        return draw_fundus(1).pixels
    if name == "chase":
        return draw_fundus(5, (999, 960), FundusContent(camera=Camera(44.0, "disc", 0.94))).pixels
    if name == "idrid":
        lesions = LesionCounts(20, 8, 4, 2)
        return draw_fundus(7, (536, 356), FundusContent(lesions, Camera(46.0, "macula", 1.12))).pixels
    if name == "small":
        return draw_fundus(9, (280, 280)).pixels
    ill = name == "ill angiogram"
    return draw_octa(1, "easy" if ill else "hard", OctaContent(ill, ill, ill)).pixels


def complain(pixels: Pixels, modality: str) -> str:
    """All that is said of an image, with the field of view that inference would take."""
    found = FieldOfView.known(whole_frame(pixels)) if modality == "octa" else fit_field_of_view(pixels)
    return " ".join(describe_problems(pixels, found, modality, "x.png"))  # type: ignore[arg-type]


def defocus(pixels: Pixels, side: int) -> Pixels:
    """Blurred by 3 pixels of a field of view of 512."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 3 * side / 512), np.uint8)


def make_grey(pixels: Pixels) -> Pixels:
    return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("name", ["drive", "chase", "idrid", "small"])
def test_a_drawn_photograph_is_one_and_no_angiogram(name: str) -> None:
    assert complain(draw(name), "cfp") == ""
    assert complain(draw(name), "octa").startswith("x.png looks like a photograph")


@pytest.mark.parametrize("name", ["ill angiogram", "angiogram"])
def test_a_drawn_angiogram_is_one_and_no_photograph(name: str) -> None:
    assert complain(draw(name), "octa") == ""
    assert complain(draw(name), "cfp").startswith("x.png looks like an OCT angiogram")


def test_a_photograph_in_grey_is_known_by_its_dark_vessels() -> None:
    grey = make_grey(draw("drive"))
    assert complain(grey, "cfp") == ""
    assert complain(grey, "octa").startswith("x.png looks like a photograph")


@pytest.mark.parametrize(
    ("name", "side", "modality"), [("drive", 540, "cfp"), ("chase", 900, "cfp"), ("angiogram", 1024, "octa")]
)
def test_a_picture_out_of_focus_is_said_to_be(name: str, side: int, modality: str) -> None:
    assert complain(defocus(draw(name), side), modality).startswith("x.png is out of focus")


@pytest.mark.parametrize("noise", [0, 5, 20])
def test_an_even_disc_shows_no_vessels_whatever_its_noise(noise: int) -> None:
    y, x = np.mgrid[-1:1:400j, -1:1:400j]
    colour = np.array([190.0, 110.0, 60.0]) + np.random.default_rng(0).normal(0, noise, (400, 400, 3))
    pixels = np.where((x**2 + y**2 < 0.9)[:, :, None], colour.clip(0, 255), 0).astype(np.uint8)
    assert complain(pixels, "cfp").startswith("x.png shows no vessels")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("scenery", "does not look like a retina"),
        ("stereo pair", "shows two discs"),
        ("montage", "montage"),
        ("angiogram", "looks like a fluorescein angiogram"),
        ("external eye", "shows a pupil"),
        ("writing", "only small bright parts, as writing has"),
    ],
)
def test_what_is_no_photograph_of_one_retina_is_named(kind: Unfit, sentence: str) -> None:
    for seed in range(5):
        assert sentence in complain(draw_unfit(seed, kind), "cfp")


def test_an_ultra_wide_image_is_said_to_be_no_disc() -> None:
    assert "is no disc" in complain(draw_surround(1, "ultra-wide").pixels, "cfp")


@pytest.mark.parametrize("kind", ["caption", "crescent", "cut", "small"])
def test_a_hard_surround_is_nothing_to_warn_of(kind: Surround) -> None:
    for seed in range(4):
        pixels = draw_surround(seed, kind).pixels
        found = fit_field_of_view(pixels)
        assert found.fault is None
        assert describe_scene(pixels, found.mask, "x.png") == ()


@pytest.mark.parametrize("modality", ["cfp", "octa"])
@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 400, 3), (60, 60, 3)])
def test_a_black_or_tiny_image_is_looked_at_without_an_error(shape: tuple[int, ...], modality: str) -> None:
    black = np.zeros(shape, np.uint8)
    assert recognise_modality(black) is None or min(shape[:2]) < 21
    assert complain(black, modality) in ("", "x.png shows no vessels: is this a retina, and is it well lit?")


PHOTOGRAPHS = {
    "DRIVE": ("DRIVE/*/images/*.tif", 8),
    "CHASE_DB1": ("CHASEDB1/**/*.jpg", 7),
    "HRF": ("HRF/**/*.[jJ][pP][gG]", 20),
    "IDRiD": ("IDRiD_quarter/**/*.png", 5),
}


def read_some(root: Path, data_set: str) -> Iterator[Pixels]:
    pattern, step = PHOTOGRAPHS[data_set]
    paths = sorted(root.glob(pattern))[::step]
    if not paths:
        pytest.skip(f"there is no {data_set} in {root}")
    for path in paths:
        yield read_image(path).pixels


@pytest.mark.parametrize("data_set", PHOTOGRAPHS)
def test_real_photographs_are_told_from_angiograms_and_from_their_own_blur(data_root: Path, data_set: str) -> None:
    for pixels in read_some(data_root, data_set):
        assert complain(pixels, "cfp") == ""
        assert "looks like a photograph" in complain(pixels, "octa")
        side = max(np.ptp(np.argwhere(fit_field_of_view(pixels).mask), axis=0))
        assert "out of focus" in complain(defocus(pixels, side), "cfp")


def test_real_angiograms_are_told_from_photographs_and_from_their_own_blur(data_root: Path) -> None:
    paths = sorted((data_root / "OCTA_CAVnet").glob("*_image/*.png"))[::3]
    if not paths:
        pytest.skip(f"there is no OCTA_CAVnet in {data_root}")
    for path in paths:
        pixels = read_image(path).pixels
        assert complain(pixels, "octa") == ""
        assert "looks like an OCT angiogram" in complain(pixels, "cfp")
        assert "out of focus" in complain(defocus(pixels, 512), "octa")


def test_a_retina_whose_vessels_were_painted_over_shows_none(data_root: Path) -> None:
    paths = sorted((data_root / "DRIVE/training/images").glob("*.tif"))[::4]
    if not paths:
        pytest.skip(f"there is no DRIVE in {data_root}")
    for path in paths:
        manual = path.parents[1] / "1st_manual" / f"{path.name[:2]}_manual1.gif"
        vessels = cv2.dilate((read_mask(manual) > 0).astype(np.uint8), np.ones((7, 7), np.uint8))
        painted = np.asarray(cv2.inpaint(read_image(path).pixels, vessels, 5, cv2.INPAINT_TELEA), np.uint8)
        assert complain(painted, "cfp").startswith("x.png shows no vessels")
