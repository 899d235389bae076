"""Warn about leaderboards that compare masks with the value 1, so that a mask of {0, 255} scores 0 there."""

from collections.abc import Sequence

import numpy as np

from retseg.challenge.protocol import Protocol
from retseg.evaluation.inputs.checking import Checked
from retseg.evaluation.scoring.result import CaseScore


def describe_literal_scores(
    checked: Checked, scores: Sequence[CaseScore], protocol: Protocol, tasks: Sequence[str]
) -> tuple[str, ...]:
    """A sentence with the score before and after correction, if the protocol does not count 255 as predicted.

    Args:
        checked: gives the masks that hold 255.
        scores: computed with 255 read as 1.
        protocol: see `Protocol.literal_one`.
        tasks: that were scored.
    """
    if not protocol.literal_one:
        return ()
    wrong = {
        (case.name, task)
        for case in checked.cases
        for task, entry in case.tasks.items()
        if entry.mask is not None and entry.mask.kind == "zero_255"
    }
    if not wrong:
        return ()
    literal, corrected = [], []
    for task in tasks:
        held = [s for s in scores if s.task == task and protocol.headline in s.metrics]
        values = [s.metrics[protocol.headline] for s in held]
        literal.append(np.mean([0.0 if (s.name, task) in wrong else v for s, v in zip(held, values, strict=True)] or 0))
        corrected.append(np.mean(values or 0))
    return (
        f"{len(wrong)} masks hold 0 and 255. The arithmetic of '{protocol.name}' counts only the value 1 as predicted "
        f"and would score this submission {protocol.headline} {np.mean(literal):.4f}; with 255 written as 1 it scores "
        f"{np.mean(corrected):.4f}, which is the score below. Write the files with `retseg submit` before the upload.",
    )
