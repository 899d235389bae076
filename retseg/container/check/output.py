"""Rules for an output folder: the platform's own, then those that decide on the score.

Source: `_create_images_result` and `ComponentInterfaceValue.clean` of rse-grand-challenge, and panimg, which takes the
values of a segmentation from images with one 8-bit component only. The platform never compares a mask with its input;
a wrong size or geometry gives a bad score, or an evaluator that ends with an error.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import SimpleITK

from retseg.challenge import Socket
from retseg.container.check.finding import Finding, passed
from retseg.container.check.grid import Grid, describe_grid, flatten_grid, judge_grid
from retseg.container.check.pixels import judge_heatmap, judge_kind, judge_stack, judge_values
from retseg.container.check.value import judge_value
from retseg.files import IMPORTED_SUFFIXES, has_suffix


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
        if socket.kind == "value":
            findings.append(judge_value(output / socket.path, socket))
            continue
        findings += _judge_socket(output / socket.path, socket, grid, values_known=sockets is not None)
    return (*findings, *_judge_json(output, declared), *_judge_others(output, declared))


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
        return [first, judge_heatmap(pixels, name), *judge_grid(found_grid, grid, name)]
    kind = judge_kind(images[0], found_grid, name)
    if socket.kind == "stack":
        stack = judge_stack(pixels, socket, name)
        place = [] if stack.verdict == "fail" else judge_grid(flatten_grid(found_grid), grid, name)
        return [first, kind, stack, *place]
    values = () if kind.verdict == "fail" else (judge_values(pixels, socket, name, values_known=values_known),)
    return [first, kind, *values, *judge_grid(found_grid, grid, name)]


def _judge_json(output: Path, declared: Sequence[Socket]) -> list[Finding]:
    findings = []
    values = [output / socket.path for socket in declared if socket.kind == "value"]
    for path in sorted(path for path in output.rglob("*.json") if path not in values):
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
