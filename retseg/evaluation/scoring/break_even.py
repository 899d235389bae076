"""Find the break-even threshold, at which precision and recall of all pixels of a task are nearest to each other.

It is chosen on the truth of the scored images, as in some papers, so a score at this threshold is not a test result.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from retseg.challenge.protocol import Protocol
from retseg.evaluation.scoring.aggregate import pool_histograms
from retseg.evaluation.scoring.case import complete_score
from retseg.evaluation.scoring.result import CaseScore
from retseg.metrics.counts import Counts
from retseg.metrics.histograms import Histograms, find_lower_edges


def move_to_break_even(
    scores: Sequence[CaseScore], protocol: Protocol
) -> tuple[tuple[CaseScore, ...], dict[str, float]]:
    """Count every task again at its break-even threshold.

    Args:
        scores: of all cases and tasks.
        protocol: that they were scored by.

    Returns:
        The scores in the same order, and task to threshold. A task without probabilities stays as it is and has none.
    """
    moved, thresholds = list(scores), {}
    for task in dict.fromkeys(score.task for score in scores):
        pool = pool_histograms(score for score in scores if score.task == task)
        if pool is None:
            continue
        first = find_break_even(pool)
        thresholds[task] = float(find_lower_edges()[first])
        moved = [recount_at_bin(score, first, protocol) if score.task == task else score for score in moved]
    return tuple(moved), thresholds


def find_break_even(pool: Histograms) -> int:
    """The first bin of the mask at which precision and recall are nearest: it predicts as many pixels as are true."""
    predicted = np.cumsum((pool.positives + pool.negatives)[::-1], dtype=np.int64)[::-1]
    return int(np.argmin(np.abs(predicted - pool.positives.sum())))


def recount_at_bin(score: CaseScore, first_bin: int, protocol: Protocol) -> CaseScore:
    """The same case, with the pixels in the histogram's bins from `first_bin` on as its mask."""
    if score.histograms is None:
        return score
    positives, negatives = score.histograms.positives, score.histograms.negatives
    tp, fp = int(positives[first_bin:].sum()), int(negatives[first_bin:].sum())
    counts = Counts(tp, fp, int(positives.sum()) - tp, int(negatives.sum()) - fp)
    return complete_score(replace(score, counts=counts), {}, protocol)
