"""From an image to probabilities to masks: the whole of inference.

An image is cropped to the part that the model sees, its field of view or the whole frame. It is resized to the model's
working scale, cut into tiles where it is large, normalised and given to the network, with its mirror images and at
several scales when the card says so. The logits are averaged and turned into probabilities. The threshold on the grid
of the image, in strips, and the minimum component size of the card make the mask. Outside the field of view it is
empty.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.engine import Engine, EngineChoice, EngineKind, choose_engine, open_engine
from retseg.errors import Say
from retseg.image import FieldOfView, Image, ImageError, describe_problems, read_image, view_image
from retseg.image.limits import allow_pixels
from retseg.maps import LARGEST_FLOAT, MadeWhenAsked, ProbabilityMaps, pack
from retseg.metrics.components import drop_small
from retseg.models import Card, Inference, match_models
from retseg.preprocessing import (
    Framing,
    Preprocessing,
    WorkingImage,
    bounding_box,
    find_occupied,
    find_region,
    frame_image,
    measure_brightness,
    normalise,
    scale_component_size,
)
from retseg.tiling import TilePlan, join_tiles, pad_tile, plan_tiles, skip_outside, stitch_tiles
from retseg.vocabulary import Modality

SMALLEST_FIELD_OF_VIEW = 32
"""Pixels: a field of view whose shorter side is shorter than this shows no retina."""


REMEDY = "give the process more memory, a smaller --memory, which cuts the image into smaller tiles, or a smaller image"


class MemoryShortageError(ImageError):
    """An image is too large for the memory; the message names its size and the remedy."""


@dataclass(frozen=True)
class Prediction:
    """What was found in one image.

    Attributes:
        masks: task to bool (H, W).
        probabilities: task to float32 (H, W) in [0, 1], zero outside the field of view; the same tasks. A plane may be
            made anew at each look-up.
        field_of_view: bool (H, W).
        warnings: one sentence each.
        passages: a line for each way through a network: pixels, tiles, memory, engine.
        modality: the kind of image that the models are for.
    """

    masks: Mapping[str, NDArray[np.bool_]]
    probabilities: Mapping[str, NDArray[np.float32]]
    field_of_view: NDArray[np.bool_]
    warnings: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    modality: Modality = "cfp"


Predict = Callable[[Image], Prediction]
"""Segments one image."""


def segment_file(path: Path, predict: Predict, say: Say, max_pixels: int | None = None) -> tuple[Image, Prediction]:
    """Read an image file, segment it, and say the warnings of both.

    This is the one way from a file to masks, for `process.py`, `serve.py`, `retseg predict` and `retseg submit`. Each
    command loops over its files, so that one image is in memory at a time.

    Args:
        path: of the image.
        predict: segments it.
        say: takes each warning.
        max_pixels: that the image may have; None for the default.

    Raises:
        ImageError: the file cannot be read as an image, or is too large for the memory.
    """
    try:
        image = read_image(path, allow_pixels(max_pixels))
    except MemoryError as error:
        raise MemoryShortageError(f"{path} cannot be read, there is not enough memory for it: {REMEDY}") from error
    try:
        prediction = predict(image)
    except MemoryError as error:
        size = "{} x {} pixels".format(*image.geometry.size)
        sentence = f"there is not enough memory to segment {path}, an image of {size}: {REMEDY}"
        raise MemoryShortageError(sentence) from error
    for sentence in (*image.warnings, *prediction.warnings):
        say(f"warning: {sentence}")
    return image, prediction


@dataclass(frozen=True)
class Predictor:
    """Models that are ready to run; nothing of an image is kept between calls.

    Attributes:
        models: card and engine of each model, and the tasks that are taken from it.
    """

    models: tuple[tuple[Card, Engine, tuple[str, ...]], ...]

    @classmethod
    def open(cls, tasks_to_models: Mapping[str, str], folders: Sequence[Path], engine: EngineKind) -> "Predictor":
        """Load the model of each task, each model once.

        Args:
            tasks_to_models: task name to model name.
            folders: of model folders, searched in this order.
            engine: what runs the networks.

        Raises:
            ModelError: a model is missing, altered, or does not do the task it is named for, or two are for different
                kinds of image.
        """
        return cls.load(match_models(tasks_to_models, folders, None), choose_engine(engine))

    @classmethod
    def load(
        cls, matched: tuple[tuple[Card, tuple[str, ...]], ...], choice: EngineChoice, memory: int | None = None
    ) -> "Predictor":
        """Load the models of cards that are in memory.

        Args:
            matched: each card, and the tasks that are taken from it.
            choice: what runs the networks, from `choose_engine`.
            memory: bytes that a network may use; larger images are cut into tiles. None takes what the machine allows.

        Raises:
            ModelError: a file of a model is missing or altered.
        """
        return cls(tuple((card, open_engine(choice, card, memory), tasks) for card, tasks in matched))

    @property
    def tasks(self) -> tuple[str, ...]:
        """What is segmented."""
        return tuple(task for _, _, tasks in self.models for task in tasks)

    @property
    def modality(self) -> Modality:
        """What kind of image the models were made for."""
        return self.models[0][0].modality

    def predict(self, image: Image, field_of_view: NDArray[np.bool_] | None = None) -> Prediction:
        """Segment one image.

        Args:
            image: pixels uint8 (H, W, 3).
            field_of_view: bool (H, W); found from the image when it is not given.

        Returns:
            Masks and probabilities, (H, W) each, of all tasks.
        """
        if field_of_view is None:
            region = view_image(image.pixels, self.models[0][0].view_rule)
        else:
            region = FieldOfView.known(field_of_view)
        field_of_view = region.mask
        warnings = describe_problems(image.pixels, region, self.modality, image.name)
        if not shows_retina(field_of_view):
            return self._find_nothing(image, warnings)
        masks, makers, passages = {}, {}, []
        for card, engine, tasks in self.models:
            maps = predict_maps(image.pixels, field_of_view, card.framing, card.preprocessing, card.inference, engine)
            passages += [describe_passage(card, engine, plan) for plan in maps.plans]
            for task in tasks:
                rule, number = card.tasks[task], list(card.tasks).index(task)
                makers[task] = partial(maps.enlarge, number, field_of_view)
                smallest = scale_component_size(
                    rule.minimum_component_size, field_of_view, card.framing, card.preprocessing
                )
                masks[task] = drop_small(maps.threshold(number, rule.threshold, field_of_view), smallest)
        warnings = warnings or tuple(sentence for card, _, _ in self.models for sentence in describe_size(card, image))
        return Prediction(masks, MadeWhenAsked(makers), field_of_view, warnings, tuple(passages), self.modality)

    def _find_nothing(self, image: Image, warnings: tuple[str, ...]) -> Prediction:
        """Empty masks of an image without a field of view."""
        shape = image.pixels.shape[:2]
        warning = f"{image.name}: no field of view was found, so the masks are empty: is this a retinal image?"
        return Prediction(
            {task: np.zeros(shape, np.bool_) for task in self.tasks},
            {task: np.zeros(shape, np.float32) for task in self.tasks},
            np.zeros(shape, np.bool_),
            (warning, *warnings),
            modality=self.modality,
        )


def describe_size(card: Card, image: Image) -> tuple[str, ...]:
    """A sentence about an angiogram of another size than the model's training images; none where the size is equal.

    A photograph is resized by the diameter of its field of view. An angiogram has no such scale: it always fills its
    frame, and so does an image of any kind whose field of view is the whole frame. So another size means another scan,
    or one that was resized, with vessels of another width.
    """
    known, given = card.training.size, image.geometry.size
    if card.view_rule != "frame" or known in ((0, 0), given):
        return ()
    sizes = f"{given[0]} x {given[1]} pixels, and the model '{card.name}' was trained on {known[0]} x {known[1]}"
    return (f"{image.name} has {sizes}: its masks are valid only if it shows an equally large part of the retina.",)


def predict_probabilities(
    pixels: NDArray[np.uint8],
    field_of_view: NDArray[np.bool_],
    framing: Framing,
    preprocessing: Preprocessing,
    inference: Inference,
    engine: Engine,
) -> NDArray[np.float32]:
    """The probabilities of all tasks of a model: from uint8 (H, W, 3) to float32 (tasks, H, W) in [0, 1].

    They are zero outside the region that the network sees: outside the field of view, or nowhere for a whole frame.
    """
    maps = predict_maps(pixels, field_of_view, framing, preprocessing, inference, engine)
    region = find_region(field_of_view, framing)
    return np.stack([maps.enlarge(task, region) for task in range(len(maps.planes))])


def predict_maps(
    pixels: NDArray[np.uint8],
    field_of_view: NDArray[np.bool_],
    framing: Framing,
    preprocessing: Preprocessing,
    inference: Inference,
    engine: Engine,
) -> ProbabilityMaps:
    """The probabilities of all tasks of a model at its scale, from uint8 (H, W, 3) and bool (H, W)."""
    logits: NDArray[np.float32] | None = None
    plans = []
    diameters = find_diameters(field_of_view, framing, preprocessing, inference)
    for diameter in diameters:
        at_scale = replace(preprocessing, diameter=diameter)
        working = frame_image(pixels, field_of_view, framing, at_scale)
        plan = skip_outside(plan_tiles(working.region.shape, inference.tiling, engine.memory), working.region)
        plans.append(plan)
        tiles = compute_tiles(working, at_scale, inference, engine, plan)
        if plan.kept and len(diameters) == 1 and working.region.size > LARGEST_FLOAT:
            packed = stitch_tiles((pack(to_probabilities(tile)) for tile in tiles), plan)
            return ProbabilityMaps(packed, working.window, field_of_view.shape, (plan,))
        found = join_tiles(tiles, plan)
        logits = found if logits is None else resize_planes(logits, working.region.shape) + found
    assert logits is not None
    logits /= np.float32(len(diameters))
    return ProbabilityMaps(to_probabilities(logits), working.window, field_of_view.shape, tuple(plans))


def find_diameters(
    field_of_view: NDArray[np.bool_], framing: Framing, preprocessing: Preprocessing, inference: Inference
) -> tuple[int, ...]:
    """The diameters, in pixels, at which a network sees a photograph; 0 where it sees images at their own size."""
    if not preprocessing.diameter:
        return (0,)
    rows, columns = bounding_box(find_region(field_of_view, framing))
    longest = max(rows.stop - rows.start, columns.stop - columns.start)
    middle = preprocessing.diameter * (longest / preprocessing.diameter) ** inference.growth
    return tuple(round(middle * scale) for scale in inference.scales)


def compute_tiles(
    working: WorkingImage, preprocessing: Preprocessing, inference: Inference, engine: Engine, plan: TilePlan
) -> Iterator[NDArray[np.float32]]:
    """The logits of the tiles of a working image: float32 (tasks, h, w), one tile at a time."""
    brightness = measure_brightness(working, preprocessing)
    for window in plan.windows:
        tile = pad_tile(normalise(working.pixels[window], working.region[window], brightness), plan)
        yield average_mirrored(tile, engine, inference)


def describe_passage(card: Card, engine: Engine, plan: TilePlan) -> str:
    """A line on how an image went through a network: pixels, tiles, memory, engine."""
    needed = plan.tile[0] * plan.tile[1] * card.inference.tiling.memory / 1e9
    memory = f"{needed:.1f} of {engine.memory / 1e9:.1f} GB" if needed else "memory not known"
    return f"{card.name}: {plan}; {memory}; {engine.description}"


def resize_planes(planes: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Planes, float32 (n, h, w), resized bilinearly to another (H, W), or as they are where it is the same."""
    if planes.shape[1:] == shape:
        return planes
    return np.stack([np.asarray(cv2.resize(plane, shape[::-1]), np.float32) for plane in planes])


def to_probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logistic function of logits of any shape, in float32."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float32)


def average_mirrored(tile: NDArray[np.float32], engine: Engine, inference: Inference) -> NDArray[np.float32]:
    """The logits of a tile, averaged over mirror images: float32 (C, h, w) to float32 (tasks, h, w)."""
    flips: Mapping[str, tuple[tuple[int, ...], ...]]
    flips = {"none": ((),), "horizontal": ((), (2,)), "mirror": ((), (1,), (2,), (1, 2))}
    mirrors = flips[inference.flips]
    total = sum(np.flip(engine(np.ascontiguousarray(np.flip(tile, axes))[None])[0], axes) for axes in mirrors)
    return np.asarray(total / np.float32(len(mirrors)), np.float32)


def shows_retina(field_of_view: NDArray[np.bool_]) -> bool:
    """Whether a field of view, bool (H, W), is large enough to hold anything."""
    return min(int(occupied.sum()) for occupied in find_occupied(field_of_view)) >= SMALLEST_FIELD_OF_VIEW
