"""Rules for an output folder: the platform's own, then those that decide on the score.

Source: `_create_images_result` and `ComponentInterfaceValue.clean` of rse-grand-challenge, and panimg, which takes the
values of a segmentation from images with one 8-bit component only. The platform never compares a mask with its input;
a wrong size or geometry gives a bad score, or an evaluator that ends with an error.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from retseg.challenge import Socket
from retseg.container.check.finding import Finding, passed
from retseg.files import IMPORTED_SUFFIXES, TIFF_SUFFIXES, has_suffix

SEGMENTATION_TYPES = (SimpleITK.sitkUInt8, SimpleITK.sitkInt8)
MOST_VALUES = 64
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Grid:
    """Size and geometry of an image, and what its pixels are, as SimpleITK reports them."""

    size: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]
    pixel_type: int
    pixel_name: str
    components: int


def read_grid(path: Path) -> Grid:
    """Size and geometry of an image file.

    Raises:
        RuntimeError: it cannot be read as an image.
    """
    return describe_grid(SimpleITK.ReadImage(str(path)))


def describe_grid(image: Any) -> Grid:
    """Size and geometry of a SimpleITK image, whose methods carry no types."""
    return Grid(
        image.GetSize(),
        image.GetSpacing(),
        image.GetOrigin(),
        image.GetDirection(),
        image.GetPixelID(),
        image.GetPixelIDTypeAsString(),
        image.GetNumberOfComponentsPerPixel(),
    )


def judge_output(output: Path, sockets: Sequence[Socket] | None, grid: Grid | None) -> tuple[Finding, ...]:
    """Apply all rules to one case's output folder.

    Args:
        output: the folder.
        sockets: the declared outputs; None where they are not known, then every folder with an image is one.
        grid: of the input image; None where there is none to compare with.
    """
    findings: list[Finding] = []
    declared = find_sockets(output) if sockets is None else sockets
    if sockets is None:
        findings.append(_judge_guess(declared))
    for socket in declared:
        findings += _judge_socket(output / socket.path, socket, grid, values_known=sockets is not None)
    return (*findings, *_judge_json(output), *_judge_others(output, declared))


def find_sockets(output: Path) -> tuple[Socket, ...]:
    """Guess the declared outputs: the folders below `images` that hold files."""
    folders = sorted({path.parent for path in (output / "images").rglob("*") if path.is_file()})
    return tuple(Socket(folder.name, str(folder.relative_to(output)), "segmentation", "any") for folder in folders)


def _judge_guess(found: Sequence[Socket]) -> Finding:
    remedy = "name the leaderboard with --challenge to check the values too"
    if not found:
        return Finding("output.present", "fail", "there is no image below images/", remedy)
    names = ", ".join(socket.path for socket in found)
    return Finding("output.declared", "warn", f"the declared outputs are not known; taken for outputs: {names}", remedy)


def find_images(folder: Path) -> tuple[Path, ...]:
    """The files below a socket's folder that the platform tries to import, sorted."""
    return tuple(sorted(path for path in folder.rglob("*") if has_suffix(path, IMPORTED_SUFFIXES)))


def _judge_socket(folder: Path, socket: Socket, grid: Grid | None, *, values_known: bool) -> list[Finding]:
    name = f"the output '{socket.slug}'"
    files = sorted(path.name for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    if not files:
        sentence = f"{name} was not produced: {socket.path} {'is empty' if folder.is_dir() else 'does not exist'}"
        return [Finding("output.present", "fail", sentence, f"write one .mha file to /output/{socket.path}/")]
    images = find_images(folder)
    if len(images) != 1:
        found = ", ".join(path.name for path in images) or ", ".join(files)
        remedy = "leave exactly one .mha there" if images else "write one .mha: PNG, NIfTI and DICOM are not imported"
        return [
            Finding(
                "output.one_image",
                "fail",
                f"only 1 image should be produced for {name}, but {socket.path} holds {len(images)} (found: {found})",
                remedy,
            )
        ]
    try:
        image = SimpleITK.ReadImage(str(images[0]))
    except RuntimeError:
        sentence = f"{name} cannot be read: {images[0].name} is not a whole image"
        return [Finding("output.readable", "fail", sentence, "write it beside and rename it when it is finished")]
    first = passed("output.present", f"{name} is one image")
    found_grid = describe_grid(image)
    pixels = SimpleITK.GetArrayViewFromImage(image)
    if socket.kind == "heatmap":
        return [first, _judge_heatmap(pixels, name), *_judge_grid(found_grid, grid, name)]
    kind = _judge_kind(images[0], found_grid, name)
    values = () if kind.verdict == "fail" else (_judge_values(pixels, socket, name, values_known=values_known),)
    return [first, kind, *values, *_judge_grid(found_grid, grid, name)]


def _judge_kind(path: Path, grid: Grid, name: str) -> Finding:
    remedy = "cast the mask to uint8 before writing it, one component, as .mha"
    if grid.components != 1 or grid.pixel_type not in SEGMENTATION_TYPES:
        found = f"{grid.components} component(s) of {grid.pixel_name}"
        return Finding(
            "output.type",
            "fail",
            f"{name} has {found}: image segments could not be determined, only 8-bit integers count",
            remedy,
        )
    if has_suffix(path, TIFF_SUFFIXES):
        return Finding(
            "output.type", "fail", f"{name} is a TIFF, whose segments are read from tags that SimpleITK omits", remedy
        )
    return passed("output.type", f"{name} is a single {grid.pixel_name}")


def _judge_values(pixels: NDArray[Any], socket: Socket, name: str, *, values_known: bool) -> Finding:
    found = [int(value) for value in np.unique(pixels)]
    shown = ", ".join(map(str, found[:8])) + (", ..." if len(found) > 8 else "")
    if not values_known:
        if len(found) > MOST_VALUES or max(found) >= MOST_VALUES:
            remedy = "most sockets declare {0, 1}: ask the challenge, and write those values"
            return Finding("output.values", "warn", f"{name} has the values {shown}", remedy)
        return passed("output.values", f"{name} has the values {shown}")
    allowed = sorted({0, *socket.values})
    wanted = ", ".join(map(str, allowed))
    if not set(found) <= set(allowed):
        return Finding(
            "output.values",
            "fail",
            f"the valid voxel values for {name} are {wanted}, but it has {shown}",
            f"write {socket.values[1]} where the task was found and {socket.values[0]} elsewhere",
        )
    return passed("output.values", f"{name} has no value but {wanted}")


def _judge_heatmap(pixels: NDArray[Any], name: str) -> Finding:
    low, high = float(np.min(pixels)), float(np.max(pixels))
    if not (low >= 0 and high <= 1):
        sentence = f"{name} reaches from {low:g} to {high:g}"
        return Finding("output.values", "fail", sentence, "write finite probabilities from 0 to 1")
    return passed("output.values", f"{name} holds probabilities")


def _judge_grid(found: Grid, wanted: Grid | None, name: str) -> list[Finding]:
    if wanted is None:
        return []
    if found.size != wanted.size:
        sizes = (" x ".join(map(str, size)) for size in (found.size, wanted.size))
        sentence = "the size of {} is {}, but its input is {}".format(name, *sizes)
        return [Finding("output.size", "fail", sentence, "bring the mask back to the grid of the input image")]
    for key in ("spacing", "origin", "direction"):
        one, other = getattr(found, key), getattr(wanted, key)
        if not np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE):
            return [
                passed("output.size", f"{name} has the size of its input"),
                Finding(
                    "output.geometry",
                    "fail",
                    f"the {key} of {name} is {_numbers(one)}, but that of its input is {_numbers(other)}",
                    "copy spacing, origin and direction from the input: SimpleITK's CopyInformation does it",
                ),
            ]
    return [
        passed("output.size", f"{name} has the size of its input"),
        passed("output.geometry", f"{name} lies where its input lies"),
    ]


def _numbers(values: Sequence[float]) -> str:
    return f"({', '.join(f'{value:g}' for value in values)})"


def _judge_json(output: Path) -> list[Finding]:
    findings = []
    for path in sorted(output.rglob("*.json")):
        name = path.relative_to(output)
        odd: list[str] = []
        try:
            json.loads(path.read_text(encoding="utf-8"), parse_constant=odd.append)
        except (ValueError, RecursionError) as error:
            sentence = f"{name} is not valid JSON ({error})"
            findings.append(Finding("output.json", "fail", sentence, "write it with json.dumps"))
            continue
        if odd:
            remedy = "leave an undefined number out: null cannot be ranked"
            findings.append(Finding("output.json", "warn", f"{name} holds {odd[0]}, which becomes null", remedy))
        else:
            findings.append(passed("output.json", f"{name} is valid JSON"))
    return findings


def _judge_others(output: Path, sockets: Sequence[Socket]) -> list[Finding]:
    folders = [output / socket.path for socket in sockets]
    others = [
        str(path.relative_to(output))
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.suffix != ".json" and not any(path.is_relative_to(folder) for folder in folders)
    ]
    if not others:
        return []
    remedy = "the platform ignores them: write only what is declared"
    sentence = f"{len(others)} file(s) belong to no declared output: {', '.join(others[:4])}"
    return [Finding("output.undeclared", "warn", sentence, remedy)]
