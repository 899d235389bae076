"""Every metric that a protocol may name has a value and a label; a name without them fails here."""

from typing import get_args

import numpy as np
import pytest

from retseg.challenge.protocol import PER_IMAGE_ONLY, EmptyTruth, MetricName, Pooling, PrGrid, Protocol
from retseg.evaluation.scoring.aggregate import estimate
from retseg.evaluation.scoring.case import CaseMaps, score_case
from retseg.report.labels import label_metric

NAMES: tuple[MetricName, ...] = get_args(MetricName)


def name_protocol(metric: MetricName, pooling: Pooling) -> Protocol:
    """A protocol whose only metric is this one."""
    empty: EmptyTruth = "one" if pooling == "per_image" else "count"
    grid = PrGrid(11) if metric == "auc_pr" else None
    return Protocol("p", "title", "source", "frame", pooling, empty, metric, (metric,), pr_grid=grid)


@pytest.mark.parametrize("metric", NAMES)
def test_a_metric_has_a_value_under_every_pooling_that_allows_it(metric: MetricName) -> None:
    """One of two lesions is found, and one where there is none; the metrics of an empty truth get no lesion."""
    truth = np.zeros((40, 40), bool)
    truth[4:10, 4:10] = truth[24:30, 4:10] = not metric.startswith("empty_truth")
    probability = np.full(truth.shape, 0.1, np.float32)
    probability[4:10, 4:12] = probability[24:30, 24:30] = 0.8
    poolings: tuple[Pooling, ...] = ("per_image",) if metric in PER_IMAGE_ONLY else ("per_image", "pooled")
    for pooling in poolings:
        protocol = name_protocol(metric, pooling)
        scores = score_case("1", "vessel", CaseMaps(truth, None, probability, None), [protocol], None)
        assert metric in estimate([scores["p"]], ["vessel"], protocol, 0)["vessel"], pooling


@pytest.mark.parametrize("metric", NAMES)
def test_a_metric_has_a_label_with_its_meaning(metric: MetricName) -> None:
    assert label_metric(metric).meaning != metric
