"""Write and read one file with everything that a training reads, for machines without the data sets.

The file is a zip archive: `prepared.json` with the recipe and the cases, and for each image its pixels, its truths, its
region and its field of view at the working scale, as image streams. Truths are always lossless. Pixels are lossless
(WebP or PNG), or JPEG if the file must be small. A training from a lossless file gives exactly the weights of a
training from the folders.
"""

import dataclasses
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError
from retseg.files import replacing
from retseg.models import hash_file
from retseg.preprocessing import bounding_box, find_region
from retseg.toml_schema import declare
from train.config.images import Supplement
from train.config.loader import change_values
from train.config.recipe import Recipe
from train.config.renamed import rename_keys
from train.data.augmentation import Patch
from train.data.cases import Case
from train.data.images import TrainingImage

FORMAT = 1
CHANGEABLE = {"stage", "round", "precision", "network", "sampling", "tone", "augmentation", "refit", "encoder"}
CHANGEABLE |= {"initial_models", "inference", "selection", "protocols"}
"""Keys that may be changed when a prepared file is read, because its images do not depend on them."""


class PreparedError(RetsegError):
    """A prepared file cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Prepared:
    """Everything that a training reads.

    Attributes:
        recipe: to train.
        images: of the recipe, before they are cut into tiles.
        initial_models: of each network by its name, see `Recipe.initial_models`. They depend on the files of all
            images, which the prepared file does not have.
    """

    recipe: Recipe
    images: tuple[TrainingImage, ...]
    initial_models: Mapping[str, tuple[str, ...]]


def write_prepared(prepared: Prepared, path: Path, quality: int = 0) -> None:
    """Write a prepared file.

    Args:
        prepared: with images that were read from the folders.
        path: of the file.
        quality: of the pixels as JPEG, 1 to 100, without subsampling of colours; 0 is lossless.

    Raises:
        OutputError: the file cannot be written.
    """
    document = {
        "format": FORMAT,
        "quality": quality,
        "recipe": dataclasses.asdict(prepared.recipe),
        "initial_models": prepared.initial_models,
        "images": [_describe_image(image) for image in prepared.images],
    }
    with replacing(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as archive:
        for number, image in enumerate(prepared.images):
            for name, stream in _encode_image(image, prepared.recipe, quality):
                archive.writestr(f"{number}/{name}", stream)
        archive.writestr("prepared.json", json.dumps(document), zipfile.ZIP_DEFLATED)


def read_prepared(path: Path, changes: Sequence[str] = ()) -> Prepared:
    """Read a prepared file. Its images have pixels and masks at the working scale only.

    Args:
        path: of the file.
        changes: `KEY=VALUE` each, for keys that the images do not depend on.

    Raises:
        PreparedError: it is not a prepared file, it has another version, or a change is of another key.
        SchemaError: the recipe in it is of another version, or a change is wrong.
    """
    for change in changes:
        if change.partition("=")[0].split(".")[0] not in CHANGEABLE:
            raise PreparedError(
                f"--set {change}: the images of {path} were prepared for the recipe as it was; only "
                f"{', '.join(sorted(CHANGEABLE))} can be changed: prepare another file"
            )
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(archive.read("prepared.json"))
            if document["format"] != FORMAT:
                raise PreparedError(f"{path} has the format {document['format']}, wanted {FORMAT}: prepare it again")
            values: dict[str, Any] = rename_keys(document["recipe"], str(path))
            change_values(values, changes, str(path))
            recipe = declare(Recipe, values, str(path))
            entries = enumerate(document["images"])
            images = tuple(_decode_image(archive, number, entry, recipe) for number, entry in entries)
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise PreparedError(f"{path} is not a file of `python -m train prepare`: {error!r}") from error
    initial = {name: tuple(folders) for name, folders in document["initial_models"].items()}
    return Prepared(recipe, images, initial)


def _describe_image(image: TrainingImage) -> dict[str, Any]:
    """The entry of an image in the JSON: its case, its hash, and the brightness that normalises it."""
    case = image.case
    return {
        "name": case.name,
        "data_set": case.data_set,
        "image": case.image.name,
        "sha256": hash_file(case.image),
        "tasks": list(case.truth),
        "patient": case.patient,
        "supplement": dataclasses.asdict(case.supplement) if case.supplement else None,
        "healthy": case.healthy,
        "brightness": [values.tolist() for values in image.brightness],
    }


def _encode_image(image: TrainingImage, recipe: Recipe, quality: int) -> Iterator[tuple[str, bytes]]:
    """The streams of an image by name; a truth without one positive pixel has none."""
    yield "pixels", encode_pixels(image.patch.pixels, quality)
    region = find_region(image.field_of_view, recipe.framing)
    inside = image.field_of_view[bounding_box(region)].astype(np.uint8)
    size = image.patch.field_of_view.shape[::-1]
    yield "region", _encode(".png", image.patch.field_of_view)
    yield "field_of_view", _encode(".png", cv2.resize(inside, size, interpolation=cv2.INTER_NEAREST))
    for number, task in enumerate(recipe.tasks):
        if image.patch.truth[:, :, number].any():
            yield f"truth-{task}", _encode(".png", image.patch.truth[:, :, number])


def _decode_image(archive: zipfile.ZipFile, number: int, entry: Mapping[str, Any], recipe: Recipe) -> TrainingImage:
    names = set(archive.namelist())

    def read(name: str) -> NDArray[np.uint8]:
        return decode_pixels(archive.read(f"{number}/{name}"))

    pixels = read("pixels")
    region, inside = read("region")[:, :, 0], read("field_of_view")[:, :, 0] > 0
    empty = np.zeros_like(region)
    truth = [read(f"truth-{t}")[:, :, 0] if f"{number}/truth-{t}" in names else empty for t in recipe.tasks]
    patch = Patch(pixels, np.stack(truth, axis=2), region)
    supplement = declare(Supplement, entry["supplement"], "supplement") if entry["supplement"] else None
    case = Case(
        name=entry["name"],
        data_set=entry["data_set"],
        image=Path(entry["data_set"]) / entry["image"],
        truth=dict.fromkeys(entry["tasks"]),
        field_of_view=None,
        patient=entry["patient"],
        supplement=supplement,
        healthy=entry["healthy"],
    )
    mean, deviation = (np.array(values, np.float32) for values in entry["brightness"])
    colours = pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2)
    return TrainingImage(case, patch, (mean, deviation), colours, inside, np.stack(truth) > 127)


def encode_pixels(pixels: NDArray[np.uint8], quality: int) -> bytes:
    """Pixels, uint8 (h, w, 1 or 3), as JPEG of a quality, or lossless when it is 0."""
    if quality:
        subsampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        return _encode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality, *subsampling])
    if pixels.shape[2] == 3:
        # above 100 is lossless, a quarter smaller than PNG
        stream = _encode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, 101])
        if np.array_equal(decode_pixels(stream), pixels):
            return stream
    return _encode(".png", pixels)


def decode_pixels(stream: bytes) -> NDArray[np.uint8]:
    """Pixels, uint8 (h, w, 1 or 3), of a stream of `encode_pixels`.

    Raises:
        PreparedError: it cannot be decoded.
    """
    found = cv2.imdecode(np.frombuffer(stream, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None:
        raise PreparedError("an image of the prepared file cannot be decoded: copy the file again")
    pixels = np.asarray(found, np.uint8)
    return pixels[:, :, None] if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, ::-1])


def _encode(suffix: str, pixels: NDArray[Any], options: Sequence[int] = (cv2.IMWRITE_PNG_COMPRESSION, 9)) -> bytes:
    ordered = np.ascontiguousarray(pixels[:, :, ::-1]) if pixels.ndim == 3 and pixels.shape[2] == 3 else pixels
    _, stream = cv2.imencode(suffix, ordered, list(options))
    return stream.tobytes()
