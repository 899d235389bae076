"""Rules for the pixels of one output image: their type, their values, and the number of volumes of a stack."""

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from retseg.challenge import Socket
from retseg.container.check.finding import Finding, passed
from retseg.container.check.grid import Grid
from retseg.files import TIFF_SUFFIXES, has_suffix

SEGMENTATION_TYPES = (SimpleITK.sitkUInt8, SimpleITK.sitkInt8)
MOST_VALUES = 64


def judge_kind(path: Path, grid: Grid, name: str) -> Finding:
    """The rule that a segmentation is one component of 8-bit integers, and no TIFF."""
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


def judge_values(pixels: NDArray[Any], socket: Socket, name: str, *, values_known: bool) -> Finding:
    """The rule that a segmentation has no value but those of its socket, and 0."""
    found = [int(value) for value in np.unique(pixels)]
    shown = ", ".join(map(str, found[:8])) + (", ..." if len(found) > 8 else "")
    if not values_known:
        if len(found) > MOST_VALUES or max(found) >= MOST_VALUES:
            remedy = "most sockets declare {0, 1}: ask the challenge, and write those values"
            return Finding("output.values", "warn", f"{name} has the values {shown}", remedy)
        return passed("output.values", f"{name} has the values {shown}")
    labelled = {value for values in socket.labels.values() for value in values}
    allowed = sorted({0, socket.background, *labelled} if socket.labels else {0, *socket.values})
    wanted = ", ".join(map(str, allowed))
    if not set(found) <= set(allowed):
        return Finding(
            "output.values",
            "fail",
            f"the valid voxel values for {name} are {wanted}, but it has {shown}",
            _describe_values(socket),
        )
    return passed("output.values", f"{name} has no value but {wanted}")


def _describe_values(socket: Socket) -> str:
    """What to write into a segmentation or a label map."""
    if socket.labels:
        painted = ", ".join(f"{values[0]} for {task}" for task, values in socket.labels.items())
        return f"write {painted}, and {socket.background} elsewhere"
    return f"write {socket.values[1]} where the task was found and {socket.values[0]} elsewhere"


def judge_stack(pixels: NDArray[Any], socket: Socket, name: str) -> Finding:
    """The rule that a stack has one volume for each task, (tasks, 1, H, W), of 0 and 1."""
    remedy = "write a 4-D uint8 image, W x H x 1 x tasks: SimpleITK.GetImageFromArray of (tasks, 1, H, W) makes one"
    tasks = ", ".join(socket.tasks)
    if pixels.ndim != 4 or pixels.shape[:2] != (len(socket.tasks), 1):
        size = " x ".join(map(str, pixels.shape[::-1]))
        sentence = f"{name} is {size}, wanted one volume for each of {tasks}"
        return Finding("output.stack", "fail", sentence, remedy)
    found = np.unique(pixels).tolist()
    if not set(found) <= {0, 1}:
        sentence = f"{name} has the values {', '.join(map(str, found[:8]))}: overlapping segments are 0 and 1"
        return Finding("output.values", "fail", sentence, "write 1 where the task was found and 0 elsewhere")
    return passed("output.stack", f"{name} has one volume for each of {tasks}")


def judge_heatmap(pixels: NDArray[Any], name: str) -> Finding:
    """The rule that a heat map holds probabilities."""
    low, high = float(np.min(pixels)), float(np.max(pixels))
    if not (low >= 0 and high <= 1):
        sentence = f"{name} reaches from {low:g} to {high:g}"
        return Finding("output.values", "fail", sentence, "write finite probabilities from 0 to 1")
    return passed("output.values", f"{name} holds probabilities")
