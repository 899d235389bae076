"""The predictor, with analytic networks: what goes in must come out on the image's own grid."""

import dataclasses
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import retseg.predictor
from retseg.image import Geometry, Image, ImageError, write_picture
from retseg.models import CARD_FORMAT, Card, Inference, MaskRule, ModelError, NetworkSpec, Training
from retseg.phantom import OctaContent, draw_fundus, draw_octa
from retseg.predictor import (
    Prediction,
    Predictor,
    average_mirrored,
    find_diameters,
    predict_probabilities,
    segment_file,
)
from retseg.preprocessing import Framing, Preprocessing
from retseg.tiling import Tiling
from retseg.vocabulary import Modality

SMALL_TILES = Inference("none", Tiling(64, 0.25, 32))


def make_image(pixels: NDArray[np.uint8]) -> Image:
    height, width = pixels.shape[:2]
    return Image(pixels, Geometry((width, height), (1, 1), (0, 0), (1, 0, 0, 1)), "drawn.png")


@dataclasses.dataclass(frozen=True)
class AnalyticEngine:
    """An engine whose network is a function of tiles (N, C, h, w)."""

    network: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    memory: int = 0
    description: str = "analytic"

    def __call__(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.network(tiles)


def measure_brightness(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logit 12 x (green - 0.5): above one half where the green channel is, on the unit scale."""
    return 12 * (tiles[:, 1:2] - 0.5)


BRIGHTNESS = AnalyticEngine(measure_brightness)


def make_card(tasks: dict[str, MaskRule], preprocessing: Preprocessing, inference: Inference) -> Card:
    training = Training("none", "none", 0, "phantom: analytic", "", {})
    network = NetworkSpec("analytic")
    return Card(CARD_FORMAT, "analytic", "0", "cfp", tasks, network, preprocessing, inference, training, {})


def disc(shape: tuple[int, int], radius: int) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - shape[0] / 2) ** 2 + (columns - shape[1] / 2) ** 2 < radius**2


def draw_square(shape: tuple[int, int] = (150, 200)) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
    """A dark disc with a bright square in it, and a bright square outside of it."""
    view = disc(shape, 70)
    square = np.zeros(shape, bool)
    square[60:90, 80:110] = True
    pixels = np.where(view, 60, 0)[:, :, None].repeat(3, axis=2).astype(np.uint8)
    pixels[square] = 250
    pixels[:10, :10] = 250
    return pixels, view, square


@pytest.mark.parametrize("diameter", [0, 70, 280])
def test_an_analytic_network_marks_the_square_on_the_grid_of_the_image(diameter: int) -> None:
    pixels, view, square = draw_square()
    found = predict_probabilities(
        pixels, view, Framing(), Preprocessing(normalise="unit", diameter=diameter), SMALL_TILES, BRIGHTNESS
    )
    assert found.shape == (1, 150, 200) and found.dtype == np.float32
    wrong = (found[0] >= 0.5) ^ square
    assert wrong.sum() <= (0 if diameter == 0 else 130)


def test_logits_of_several_scales_are_averaged_on_the_grid_of_the_image() -> None:
    """The network tells the width that it sees: 70 and 140 pixels, so 105 on average."""
    pixels, view, _ = draw_square()

    def tell_width(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.full((len(tiles), 1, *tiles.shape[2:]), tiles.shape[3] / 105, np.float32)

    inference = Inference("none", Tiling(512, 0.25, 1), (0.5, 1.0))
    preprocessing = Preprocessing(normalise="unit", diameter=140)
    found = predict_probabilities(pixels, view, Framing(), preprocessing, inference, AnalyticEngine(tell_width))
    np.testing.assert_allclose(found[0][view], 1 / (1 + np.exp(-1)), rtol=1e-5)
    assert not found[0][~view].any()


@pytest.mark.parametrize(("growth", "diameters"), [(0.0, (50, 100)), (0.5, (100, 200)), (1.0, (200, 400))])
def test_a_larger_photograph_keeps_more_of_its_size_the_larger_the_growth(
    growth: float, diameters: tuple[int, ...]
) -> None:
    """A field of view of 400 x 300 pixels, a working diameter of 100, seen at one half and at one."""
    view = np.ones((300, 400), bool)
    inference = Inference(scales=(0.5, 1.0), growth=growth)
    assert find_diameters(view, Framing(), Preprocessing(diameter=100), inference) == diameters
    assert find_diameters(view, Framing(), Preprocessing(), Inference()) == (0,)


@pytest.mark.parametrize("scales", [(), (1.0, 0.5), (0.0, 1.0)])
def test_scales_that_are_not_rising_factors_are_refused(scales: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="rising positive factors"):
        Inference(scales=scales)


def test_several_scales_of_an_unscaled_image_are_refused() -> None:
    with pytest.raises(ValueError, match="scales and growth need a working diameter"):
        make_card({"vessel": MaskRule(0.5)}, Preprocessing(), Inference(scales=(0.5, 1.0)))


def test_the_memory_of_the_engine_decides_how_an_image_is_cut_and_changes_no_mask() -> None:
    pixels, view, square = draw_square()
    tiling = Tiling(64, 0.0, 16, margin=16, memory=1)
    card = make_card({"vessel": MaskRule(0.5)}, Preprocessing(normalise="unit"), Inference(tiling=tiling))
    shapes = []

    def look(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        shapes.append(tiles.shape[2:])
        return measure_brightness(tiles)

    for memory in (10**6, 80**2):
        engine = AnalyticEngine(look, memory)
        found = Predictor(((card, engine, ("vessel",)),)).predict(make_image(pixels), view).masks["vessel"]
        assert np.array_equal(found, square)
    assert shapes == [(144, 144), *[(80, 80)] * 9]


@pytest.mark.parametrize("side", [600, 1200])
def test_an_image_in_tiles_takes_memory_by_its_pixels_and_no_full_float_planes_of_its_colours(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the image: two bytes of probability, a mask, the field of view in passing; not 12 bytes of colours."""
    monkeypatch.setattr(retseg.predictor, "LARGEST_FLOAT", 1 << 18)
    pixels = draw_fundus(1, (side, side)).pixels
    view = disc((side, side), side // 2 - 10)
    tiling = Tiling(64, 0.0, 16, margin=16, memory=1)
    card = make_card({"vessel": MaskRule(0.5)}, Preprocessing(normalise="unit"), Inference(tiling=tiling))
    predictor = Predictor(((card, AnalyticEngine(measure_brightness, 128**2), ("vessel",)),))
    image = make_image(pixels)
    tracemalloc.start()
    prediction = predictor.predict(image, view)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 8 * side**2 + 6 * 2**20
    expected = (pixels[..., 1] / 255 >= 0.5) & view
    assert (prediction.masks["vessel"] ^ expected).mean() < 1e-3
    (line,) = prediction.passages
    assert f"analytic: {side - 21} x {side - 21} pixels" in line and "tiles of 128 x 128 that overlap by" in line
    assert line.endswith("; 0.0 of 0.0 GB; analytic")


def test_outside_the_field_of_view_every_probability_is_zero() -> None:
    pixels, view, _ = draw_square()
    for framing in (Framing(), Framing("frame"), Framing("frame", (96, 64))):
        card = dataclasses.replace(make_card({"vessel": MaskRule(0.5)}, Preprocessing(), SMALL_TILES), framing=framing)
        predictor = Predictor(((card, AnalyticEngine(lambda tiles: tiles[:, :1] * 0 + 9), ("vessel",)),))
        found = predictor.predict(make_image(pixels), view).probabilities
        assert np.all(found["vessel"][~view] == 0)
        assert np.all(found["vessel"][view] > 0.99)


@pytest.mark.parametrize("size", [(), (200, 150), (64, 96)])
def test_a_network_that_sees_the_whole_frame_is_answered_on_the_grid_of_the_image(size: tuple[int, ...]) -> None:
    """Frames of 150 x 200, seen as they are, in one size more, or squeezed; the square keeps its place."""
    pixels, view, square = draw_square()
    shapes = []

    def look(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        shapes.append(tiles.shape)
        return measure_brightness(tiles)

    one_tile = Inference("none", Tiling(256, 0.25, 2))
    card = dataclasses.replace(
        make_card({"vessel": MaskRule(0.5)}, Preprocessing(normalise="unit"), one_tile), framing=Framing("frame", size)
    )
    prediction = Predictor(((card, AnalyticEngine(look), ("vessel",)),)).predict(make_image(pixels), view)
    width, height = size or (200, 150)
    assert shapes == [(1, 3, height, width)]
    assert (prediction.masks["vessel"] ^ square).sum() <= (0 if width == 200 else 200)
    assert not prediction.probabilities["vessel"][~view].any()


def test_mirror_images_are_turned_back_before_they_are_averaged() -> None:
    tile = np.random.default_rng(0).normal(size=(3, 32, 64)).astype(np.float32)
    for flips in ("none", "horizontal", "mirror"):
        same = average_mirrored(tile, AnalyticEngine(lambda t: t[:, :1]), Inference(flips))  # type: ignore[arg-type]
        np.testing.assert_allclose(same, tile[:1], rtol=1e-6)
    rising = AnalyticEngine(lambda t: np.arange(64, dtype=np.float32) + 0 * t[:, :1])
    ramp = average_mirrored(tile, rising, Inference("horizontal"))
    np.testing.assert_allclose(ramp, 31.5)


def test_the_card_decides_threshold_and_least_area_per_task() -> None:
    pixels, _, square = draw_square()
    pixels[100, 100] = 250
    preprocessing = Preprocessing(normalise="unit")

    def two_tasks(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.concatenate([measure_brightness(tiles)] * 2, axis=1)

    card = make_card({"hard_exudate": MaskRule(0.5), "soft_exudate": MaskRule(0.5, 2)}, preprocessing, SMALL_TILES)
    prediction = Predictor(((card, AnalyticEngine(two_tasks), ("soft_exudate", "hard_exudate")),)).predict(
        make_image(pixels)
    )
    assert tuple(prediction.masks) == tuple(prediction.probabilities) == ("soft_exudate", "hard_exudate")
    assert prediction.masks["soft_exudate"].sum() == square.sum()
    assert prediction.masks["hard_exudate"].sum() == square.sum() + 1


@pytest.mark.parametrize("shape", [(300, 300, 3), (8, 8, 3), (1, 1, 3)])
def test_a_black_or_tiny_image_gives_an_empty_mask_of_its_size_and_a_warning(shape: tuple[int, int, int]) -> None:
    card = make_card({"vessel": MaskRule(0.5)}, Preprocessing(), SMALL_TILES)
    prediction = Predictor(((card, BRIGHTNESS, ("vessel",)),)).predict(make_image(np.zeros(shape, np.uint8)))
    mask = prediction.masks["vessel"]
    assert (mask.shape, mask.dtype) == (shape[:2], np.bool_) and not mask.any()
    assert "no field of view was found" in prediction.warnings[0]


def test_a_task_that_the_model_does_not_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no model 'vessel'"):
        Predictor.open({"vessel": "vessel"}, [tmp_path], "openvino")


@cache
def draw_angiogram() -> NDArray[np.uint8]:
    """A quarter of one, (512, 512, 3)."""
    return draw_octa(1, "easy", OctaContent(True, True, True)).pixels[:512, :512]


def test_an_angiogram_of_another_size_than_the_models_gets_a_warning_and_its_mask() -> None:
    card = make_card({"irma": MaskRule(0.5)}, Preprocessing(), SMALL_TILES)
    training = dataclasses.replace(card.training, size=(512, 512))
    card = dataclasses.replace(card, modality="octa", training=training)
    predictor = Predictor(((card, BRIGHTNESS, ("irma",)),))
    assert predictor.predict(make_image(draw_angiogram())).warnings == ()
    part = predictor.predict(make_image(draw_angiogram()[:, :400]))
    assert part.masks["irma"].shape == (512, 400)
    assert part.warnings == (
        "drawn.png has 400 x 512 pixels, and the model 'analytic' was trained on 512 x 512: "
        "its masks are valid only if it shows an equally large part of the retina.",
    )


def test_a_photograph_is_expected_in_any_size() -> None:
    card = make_card({"vessel": MaskRule(0.5)}, Preprocessing(), SMALL_TILES)
    card = dataclasses.replace(card, training=dataclasses.replace(card.training, size=(1024, 1024)))
    predictor = Predictor(((card, BRIGHTNESS, ("vessel",)),))
    assert predictor.predict(make_image(draw_fundus(1).pixels)).warnings == ()


@pytest.mark.parametrize(
    ("modality", "met"), [("octa", "looks like a photograph"), ("cfp", "looks like an OCT angiogr")]
)
def test_an_image_of_the_other_kind_gets_a_warning_and_its_mask(modality: Modality, met: str) -> None:
    card = dataclasses.replace(make_card({"vessel": MaskRule(0.5)}, Preprocessing(), SMALL_TILES), modality=modality)
    pixels = draw_fundus(1).pixels if modality == "octa" else draw_angiogram()
    prediction = Predictor(((card, BRIGHTNESS, ("vessel",)),)).predict(make_image(pixels))
    assert len(prediction.warnings) == 1 and met in prediction.warnings[0]
    assert prediction.masks["vessel"].shape == pixels.shape[:2]


def test_a_kind_of_image_of_ones_own_is_segmented_in_its_own_field_of_view_without_a_warning() -> None:
    card = make_card({"vessel": MaskRule(0.5)}, Preprocessing(), SMALL_TILES)
    card = dataclasses.replace(card, modality="slo", field_of_view="frame")
    prediction = Predictor(((card, BRIGHTNESS, ("vessel",)),)).predict(make_image(draw_fundus(1).pixels))
    assert prediction.field_of_view.all() and prediction.warnings == ()


def test_a_file_is_read_and_segmented_and_both_warn(tmp_path: Path) -> None:
    write_picture(tmp_path / "eye.png", np.full((20, 30, 3), 90, np.uint8))
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((20, 30), 90, np.uint8))
    said: list[str] = []

    def predict(image: Image) -> Prediction:
        whole = np.ones(image.pixels.shape[:2], np.bool_)
        return Prediction({"vessel": whole}, {"vessel": whole.astype(np.float32)}, whole, (f"{image.name} is flat",))

    image, prediction = segment_file(tmp_path / "eye.png", predict, said.append)
    assert (image.name, prediction.masks["vessel"].shape) == ("eye.png", (20, 30))
    assert said == ["warning: eye.png is flat"]
    segment_file(tmp_path / "grey.png", predict, said.append)
    assert said[1].startswith("warning: grey.png is a greyscale image") and said[2:] == ["warning: grey.png is flat"]


def test_an_image_of_more_pixels_than_are_allowed_is_not_segmented(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", np.zeros((30, 40, 3), np.uint8))
    with pytest.raises(ImageError, match="claims 40 x 30 pixels, and the limit is 1000 pixels"):
        segment_file(tmp_path / "a.png", lambda _: pytest.fail("it was read"), print, max_pixels=1000)
