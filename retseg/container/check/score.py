"""The last rule: on a case whose truth is known, a mask must reach a minimum Dice."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.challenge import Challenge, Socket
from retseg.container.check.finding import Finding, passed
from retseg.container.check.output import find_images
from retseg.evaluation.inputs.parts import read_mask_part
from retseg.image import read_mask
from retseg.metrics.counts import count_confusion
from retseg.metrics.derived import dice
from retseg.metrics.values import agree

MINIMUM_DICE = 0.5
"""A mask below it is empty, inverted, shifted or of another structure; `expected/minimum.json` may set another."""


@dataclass(frozen=True)
class Shown:
    """A task in an output image: its name, and what messages call it."""

    task: str
    text: str

    def __str__(self) -> str:
        return self.text


def describe_shown(socket: Socket, task: str) -> Shown:
    """A task of an output image, called by the socket's slug; where there are several, by the task, too."""
    return Shown(task, f"'{socket.slug}'" if len(socket.shown) == 1 else f"'{task}' in '{socket.slug}'")


def judge_score(output: Path, expected: Path, sockets: Sequence[Socket], challenge: Challenge) -> tuple[Finding, ...]:
    """Compare the masks of one case with the truth: Dice in the region of the challenge's protocol; and its values.

    Args:
        output: the output folder.
        expected: the truth in the same layout, with `field-of-view/<any>.png` where the region is the field of view.
        sockets: the declared outputs.
        challenge: its default protocol says in which region pixels count.
    """
    minimum = read_minimum(expected)
    findings = []
    for socket in sockets:
        if socket.compute:
            findings += judge_value_score(output / socket.path, expected / socket.path, socket)
        if not socket.is_image_output or socket.kind == "heatmap":
            continue
        truths, masks = find_images(expected / socket.path), find_images(output / socket.path)
        if len(truths) != 1 or len(masks) != 1:
            continue
        region = _read_region(expected, challenge)
        for task in socket.shown:
            part = socket.find_part(task)
            prediction, truth = (read_mask_part(path, part) > 0 for path in (masks[0], truths[0]))
            findings.append(_judge_dice(prediction, truth, region, describe_shown(socket, task), minimum))
    return tuple(findings)


def read_minimum(expected: Path) -> dict[str, float]:
    """The minimum Dice by task, from `minimum.json`; tasks that it does not name have `MINIMUM_DICE`."""
    path = expected / "minimum.json"
    return {str(task): float(value) for task, value in json.loads(path.read_text()).items()} if path.exists() else {}


def _read_region(expected: Path, challenge: Challenge) -> NDArray[np.bool_] | None:
    protocol = challenge.protocol.get(challenge.default_protocol)
    paths = sorted((expected / "field-of-view").glob("*.png"))
    if protocol is None or protocol.region != "field_of_view" or not paths:
        return None
    return np.asarray(read_mask(paths[0]) > 0)


def _judge_dice(
    prediction: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    region: NDArray[np.bool_] | None,
    shown: Shown,
    minimum: dict[str, float],
) -> Finding:
    if prediction.shape != truth.shape:
        sentence = f"{shown} is {prediction.shape}, its truth {truth.shape}"
        return Finding("score.dice", "fail", sentence, "score a mask against the truth of its own image")
    wanted = minimum.get(shown.task, MINIMUM_DICE)
    if not truth.any():
        return passed("score.dice", f"{shown} has an empty truth, which has no Dice")
    found = dice(count_confusion(prediction, truth, region))
    if found < wanted:
        return Finding(
            "score.dice",
            "fail",
            f"Dice of {shown} is {found:.4f}, wanted at least {wanted:g}",
            "see whether the mask is empty, inverted or shifted, and whether these are the right weights",
        )
    return passed("score.dice", f"Dice of {shown} is {found:.4f}, at least {wanted:g}")


def judge_value_score(path: Path, truth: Path, socket: Socket) -> list[Finding]:
    """Compare one value with the true one; nothing where either is not there, or is not JSON."""
    try:
        found, wanted = (json.loads(each.read_text(encoding="utf-8")) for each in (path, truth))
    except (OSError, ValueError):
        return []
    tolerance = socket.compute.tolerance if socket.compute else 0.0
    sentence = f"'{socket.slug}' is {json.dumps(found)[:60]}, its truth {json.dumps(wanted)[:60]}"
    if not tolerance or agree(found, wanted, tolerance):
        return [passed("score.value", sentence)]
    remedy = f"they may differ by {tolerance:g}: see whether the masks are right, and the function"
    return [Finding("score.value", "fail", sentence, remedy)]
