"""`retseg predict`: segment image files and folders, one PNG per image and task."""

import argparse
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retseg.challenge.looks import USUAL, Looks
from retseg.commands.choosing import choose_models, gather_looks
from retseg.commands.console import Console, complain
from retseg.commands.measuring import measure, read_angle, read_foveas, write_measures
from retseg.commands.options import (
    RequestError,
    add_challenge,
    add_inference,
    list_challenge_folders,
    load_when_needed,
    locate_models,
    open_challenge,
    record_models,
    tell_passages,
)
from retseg.commands.overlapping import work_in_order
from retseg.commands.parsing import add_output_options, open_console
from retseg.errors import Say
from retseg.files import IMAGE_SUFFIXES, find_stem, has_suffix, leaves_folder

if TYPE_CHECKING:
    from retseg.image import Image
    from retseg.predictor import Predict, Prediction


AT_ONCE = 2
"""Images in memory: one in the networks, and one that is read, measured or written."""

EXAMPLE = "retseg predict eye.jpg --output found --overlay --measure"


@dataclass(frozen=True)
class PredictionRequest:
    """What to write for each image.

    Attributes:
        tasks: whose masks are written.
        output: the folder.
        probabilities, overlay, measure: what is written beside the masks.
        foveas: image to the x and y of its fovea, in pixels, where it is known.
        max_pixels: that an image may have; None for the default.
        looks: how the overlay calls and draws the tasks.
        degrees: that the longer side of the field of view shows; None where that is not known.
    """

    tasks: tuple[str, ...]
    output: Path
    probabilities: bool = False
    overlay: bool = False
    measure: bool = False
    foveas: Mapping[Path, tuple[float, float]] = field(default_factory=dict)
    max_pixels: int | None = None
    looks: Looks = USUAL
    degrees: float | None = None


@dataclass(frozen=True)
class Outputs:
    """The files of one image: masks and probabilities in the order of the tasks, the others None where not wanted."""

    masks: tuple[Path, ...]
    probabilities: tuple[Path, ...]
    overlay: Path | None
    measures: Path | None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files."""
        return (*self.masks, *self.probabilities, *(path for path in (self.overlay, self.measures) if path))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("images", metavar="IMAGE_OR_FOLDER", nargs="+", type=Path)
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="takes <task>/<stem>.png")
    parser.add_argument("--task", metavar="NAME", action="append", help="what to segment (default: the challenge's)")
    parser.add_argument("--model", metavar="NAME", action="append", help="by which model (default: the challenge's)")
    parser.add_argument("--probabilities", action="store_true", help="write <stem>_probability.png (uint16) too")
    parser.add_argument("--overlay", action="store_true", help="write overlay/<stem>.png, the image with its masks")
    parser.add_argument("--measure", action="store_true", help="write measures/<stem>.csv, see docs/measures.md")
    parser.add_argument("--fovea", metavar="X,Y_OR_CSV", default="", help="its pixel, or a table: image, x, y")
    parser.add_argument("--field-angle", metavar="DEGREES", type=read_angle, help="of the camera, for millimetres")
    add_challenge(parser)
    add_inference(parser)
    add_output_options(parser, "the files, seconds and warnings of each image")


def run(options: argparse.Namespace) -> int:
    """Segment every image. Images that cannot be read are listed at the end and make the exit status 1."""
    images = list_images(options.images)
    challenge = open_challenge(options)
    folders = locate_models(options.models)
    named = tuple(options.task or ()), tuple(options.model or ())
    chosen = choose_models(challenge, folders, *named, list_challenge_folders(options))
    foveas = read_foveas(options.fovea, images) if options.fovea else {}
    if (options.fovea or options.field_angle is not None) and not options.measure:
        raise RequestError("--fovea and --field-angle are for what --measure writes: give --measure too")
    if options.measure:
        from retseg.measures import refuse_unmeasurable

        refuse_unmeasurable(chosen)
    wanted = options.probabilities, options.overlay, options.measure
    looks = gather_looks(challenge, list_challenge_folders(options))
    request = PredictionRequest(
        tuple(chosen), options.output, *wanted, foveas, options.max_pixels, looks, options.field_angle
    )
    refuse_collisions(images, request)
    modality = challenge.modality if chosen.items() <= challenge.models.items() else None
    predict = load_when_needed(chosen, folders, modality, options.engine, options.memory)
    predict = tell_passages(predict, options.verbose)
    record_models(options.output / "run.json", options, chosen, folders, challenge.name)
    console = open_console(options)
    done = [describe_done(each, console) for each in predict_all(images, request, predict, console)]
    console.show(done)
    failures = [each["failure"] for each in done if each["failure"]]
    if len(failures) == 1 == len(images):
        raise RequestError(failures[0])
    for reason in failures:
        complain(reason)
    if failures:
        raise RequestError(
            f"{len(failures)} of {len(images)} images could not be segmented, for the reasons above: "
            "mend or remove them and start again"
        )
    return 0


def list_images(given: Iterable[Path]) -> tuple[Path, ...]:
    """The files, and the image files of the folders (not of folders in them), each once.

    Raises:
        RequestError: a path does not exist, a folder holds no image, or a link in it leads out of it.
    """
    images: dict[Path, Path] = {}
    for path in given:
        if path.is_dir():
            found = [file for file in sorted(path.iterdir()) if has_suffix(file, IMAGE_SUFFIXES)]
            if not found:
                raise RequestError(f"{path} holds no image: name the folder that does")
            leaving = next((file for file in found if leaves_folder(file, path)), None)
            if leaving is not None:
                raise RequestError(f"{leaving} is a link that leaves {path}: name the file that it leads to")
        elif path.exists():
            found = [path]
        else:
            raise RequestError(f"{path} does not exist: name an image file or a folder of images")
        for file in found:
            images.setdefault(file.resolve(), file)
    return tuple(images.values())


def name_outputs(path: Path, request: PredictionRequest) -> Outputs:
    """The files of one image."""
    stem = find_stem(path)
    folders = [request.output / task for task in request.tasks]
    return Outputs(
        masks=tuple(folder / f"{stem}.png" for folder in folders),
        probabilities=tuple(folder / f"{stem}_probability.png" for folder in folders if request.probabilities),
        overlay=request.output / "overlay" / f"{stem}.png" if request.overlay else None,
        measures=request.output / "measures" / f"{stem}.csv" if request.measure else None,
    )


def refuse_collisions(images: Iterable[Path], request: PredictionRequest) -> None:
    """Refuse images whose results would overwrite each other's, or the images themselves.

    Raises:
        RequestError: names both files.
    """
    sources = list(images)
    writers: dict[Path, Path] = {}
    for path in sources:
        for output in name_outputs(path, request).paths:
            if output in writers:
                raise RequestError(
                    f"{writers[output]} and {path} would both be written to {output}: "
                    "rename one of them, or segment them into two output folders"
                )
            writers[output] = path
    for path in sources:
        if path.resolve() in {output.resolve() for output in writers}:
            raise RequestError(f"{path} would be overwritten by a result: choose another --output")


@dataclass(frozen=True)
class Done:
    """What became of one image: its number and that of all, the files, the seconds, the warnings, and the failure."""

    path: Path
    number: int
    count: int
    outputs: Outputs
    seconds: float
    warnings: tuple[str, ...]
    failure: str


def predict_all(
    images: Sequence[Path], request: PredictionRequest, predict: "Predict", console: Console
) -> Iterable[Done]:
    """Segment the images in their order, with a bar on a terminal; one that cannot be read does not stop the others.

    Two threads take one image each, and the networks run for one image at a time: an image is read while the networks
    see another, and measured and written while they see the next. If `max_pixels` was raised, images may be so large
    that only one fits into the memory: then there is one thread.
    """
    from retseg.image import ImageError

    turn = threading.Lock()

    def predict_in_turn(image: "Image") -> "Prediction":
        with turn:
            return predict(image)

    def take_one(job: tuple[int, Path]) -> Done:
        number, path = job
        start, warnings, failure = time.monotonic(), list[str](), ""
        try:
            predict_one(path, request, predict_in_turn, warnings.append)
        except ImageError as error:
            failure = str(error)
        seconds = time.monotonic() - start
        return Done(path, number, len(images), name_outputs(path, request), seconds, tuple(warnings), failure)

    at_once = min(AT_ONCE, len(images)) if request.max_pixels is None else 1
    done = work_in_order(take_one, enumerate(images, 1), at_once)
    for _ in console.track(images, "images"):
        yield next(done)


def describe_done(done: Done, console: Console) -> dict[str, Any]:
    """Write the warnings and the line of one image; gives its facts as plain values."""
    for line in done.warnings:
        complain(line)
    shown = [output for output in done.outputs.paths if output not in done.outputs.probabilities]
    place = f"[{done.number}/{done.count}] {done.path}"
    if done.failure:
        console.say(f"{place} failed")
    else:
        console.say(f"{place} -> {', '.join(map(str, shown))} ({done.seconds:.1f} s)")
    return {
        "image": str(done.path),
        "files": [] if done.failure else [str(path) for path in done.outputs.paths],
        "seconds": round(done.seconds, 3),
        "warnings": [line.removeprefix("warning: ") for line in done.warnings],
        "failure": done.failure,
    }


def predict_one(path: Path, request: PredictionRequest, predict: "Predict", say: Say) -> None:
    """Read, segment and write one image.

    Args:
        path: of the image.
        request: what to write.
        predict: segments it.
        say: takes each warning.

    Raises:
        ImageError: it cannot be read.
        OutputError: the output folder cannot be written to.
    """
    from retseg.image import write_mask, write_picture, write_probability
    from retseg.predictor import segment_file

    image, prediction = segment_file(path, predict, say, request.max_pixels)
    masks = {task: prediction.masks[task] for task in request.tasks}
    outputs = name_outputs(path, request)
    for mask, output in zip(masks.values(), outputs.masks, strict=True):
        write_mask(output, mask, image.geometry)
    for task, output in zip(request.tasks, outputs.probabilities, strict=False):
        write_probability(output, prediction.probabilities[task], image.geometry)
    if outputs.overlay:
        from retseg.report.overlay import draw_overlay

        write_picture(outputs.overlay, draw_overlay(image.pixels, masks, request.looks))
    if outputs.measures:
        from retseg.measures import Known

        known = Known(request.foveas.get(path), request.degrees, prediction.modality)
        write_measures(outputs.measures, measure(image, masks, prediction.field_of_view, known))
