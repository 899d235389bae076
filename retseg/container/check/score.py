"""The last rule: on a case whose truth is known, a mask must reach a minimum Dice."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.challenge import Challenge, Socket
from retseg.container.check.finding import Finding, passed
from retseg.container.check.output import find_images
from retseg.image import read_mask
from retseg.metrics.counts import count_confusion
from retseg.metrics.derived import dice

MINIMUM_DICE = 0.5
"""A mask below it is empty, inverted, shifted or of another structure; `expected/minimum.json` may set another."""


def judge_score(output: Path, expected: Path, sockets: Sequence[Socket], challenge: Challenge) -> tuple[Finding, ...]:
    """Compare the masks of one case with the truth: Dice in the region of the challenge's protocol.

    Args:
        output: the output folder.
        expected: the truth in the same layout, with `field-of-view/<any>.png` where the region is the field of view.
        sockets: the declared outputs.
        challenge: its default protocol says in which region pixels count.
    """
    minimum = read_minimum(expected)
    findings = []
    for socket in sockets:
        truths, masks = find_images(expected / socket.path), find_images(output / socket.path)
        if socket.kind == "segmentation" and len(truths) == 1 and len(masks) == 1:
            prediction, truth = read_mask(masks[0]) > 0, read_mask(truths[0]) > 0
            findings.append(_judge_dice(prediction, truth, _read_region(expected, challenge), socket, minimum))
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
    socket: Socket,
    minimum: dict[str, float],
) -> Finding:
    if prediction.shape != truth.shape:
        sentence = f"'{socket.slug}' is {prediction.shape}, its truth {truth.shape}"
        return Finding("score.dice", "fail", sentence, "score a mask against the truth of its own image")
    wanted = minimum.get(socket.task, MINIMUM_DICE)
    if not truth.any():
        return passed("score.dice", f"'{socket.slug}' has an empty truth, which has no Dice")
    found = dice(count_confusion(prediction, truth, region))
    if found < wanted:
        return Finding(
            "score.dice",
            "fail",
            f"Dice of '{socket.slug}' is {found:.4f}, wanted at least {wanted:g}",
            "see whether the mask is empty, inverted or shifted, and whether these are the right weights",
        )
    return passed("score.dice", f"Dice of '{socket.slug}' is {found:.4f}, at least {wanted:g}")
