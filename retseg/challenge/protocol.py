"""How predictions become numbers: a protocol is data, read from a `[protocol.NAME]` table of `challenges/*.toml`.

Published scores of one and the same prediction differ by protocol more than the methods do, so nothing here has a
silent default: region, pooling and the rule for empty truths must be written down.
"""

from dataclasses import dataclass
from typing import Literal

Region = Literal["field_of_view", "frame"]
Pooling = Literal["per_image", "pooled"]
EmptyTruth = Literal["leave_out", "one", "zero", "count"]
ThresholdRule = Literal["fixed", "break_even"]
MetricName = Literal[
    "dice",
    "iou",
    "accuracy",
    "sensitivity",
    "specificity",
    "precision",
    "f1",
    "mcc",
    "kappa",
    "balanced_accuracy",
    "mean_iou",
    "auc_roc",
    "ap",
    "auc_pr",
    "ece",
    "brier",
    "cldice",
    "hd95",
    "nsd",
    "lesion_sensitivity",
    "lesion_precision",
    "lesions_found",
    "false_lesions_per_image",
    "froc",
    "empty_truth_false_alarm",
    "empty_truth_predicted_area",
]
PER_IMAGE_ONLY: tuple[MetricName, ...] = (
    "cldice",
    "hd95",
    "nsd",
    "lesion_sensitivity",
    "lesion_precision",
    "empty_truth_false_alarm",
    "empty_truth_predicted_area",
)
"""Metrics of whole images: a pool of pixels does not have them."""

FROM_PROBABILITIES: tuple[MetricName, ...] = ("auc_roc", "ap", "auc_pr", "ece", "brier", "froc")
"""Metrics that need probabilities."""

LESION_POOL: tuple[MetricName, ...] = ("lesions_found", "false_lesions_per_image", "froc")
"""Metrics of the lesions of all images together, under every pooling and every rule for an empty truth."""


@dataclass(frozen=True)
class PrGrid:
    """The thresholds and conventions of an area under the precision-recall curve.

    Attributes:
        thresholds: how many, evenly spaced from 0 to 1, both included.
        scale: what probabilities are multiplied with before they are compared (255/256 turns v/255 into v/256).
        comparison: a pixel is predicted when its probability is `at_least` or `above` the threshold.
        integration: `trapezoid` over recall from the point (recall 0, precision 1), or `step` (precision times the gain
            in recall, as average precision). A threshold that predicts no pixel is left out.
        zero_points: a threshold with predictions but no true one (precision and recall 0) is a point of the curve
            (`keep`) or left out (`skip`).
        scale: what probabilities are multiplied with before they are compared (255/256 turns v/255 into v/256).
    """

    thresholds: int
    comparison: Literal["at_least", "above"] = "at_least"
    integration: Literal["trapezoid", "step"] = "trapezoid"
    zero_points: Literal["keep", "skip"] = "keep"
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.thresholds < 2:
            raise ValueError(f"a PR grid needs at least 2 thresholds, found {self.thresholds}")


@dataclass(frozen=True)
class SoftTruth:
    """The truth after a bilinear resize. Its edges are grey, so no prediction is equal to it there.

    Attributes:
        sizes: (width, height) in pixels that truth and prediction are resized to, one after the other.
    """

    sizes: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Protocol:
    """One way to score.

    Attributes:
        name: its key in the challenge's file.
        title: one line for tables and reports.
        source: who uses this protocol, and where it is documented.
        region: count inside the field of view, or on the whole frame.
        pooling: a metric of each image, then their mean; or one metric of all pixels together.
        empty_truth: an image without one true pixel is left out of the overlap metrics (pooled: of the pool), has
            overlap 1 when nothing is predicted (`one`), always has overlap 0 (`zero`), or (`count`, pooled only) its
            pixels are negatives like all others.
        headline: the metric that ranks.
        metrics: all metrics, in the order of the table; the headline is one of them.
        caveat: what a reader must know before comparing.
        tie_break: the metric that decides between equal headlines, or none.
        threshold: a pixel belongs to the mask from this probability on, unless the prediction is a mask already.
        threshold_rule: `fixed`, or `break_even`: the threshold at which pooled precision and recall are equal. It is
            found on the truth of the scored images.
        levels: probabilities are first rounded to that many grey levels; 0 keeps them as they are.
        pr_grid: the grid of `auc_pr`.
        literal_one: the leaderboard compares masks with the value 1, so a mask of {0, 255} has no true positive there.
        soft_truth: score against a truth whose edges are grey after a resize.
        smoothing: a constant added to numerator and denominator of Dice and IoU.
        beside: names of the protocols whose numbers are reported together with this one.
    """

    name: str
    title: str
    source: str
    region: Region
    pooling: Pooling
    empty_truth: EmptyTruth
    headline: MetricName
    metrics: tuple[MetricName, ...]
    caveat: str = ""
    tie_break: MetricName | None = None
    threshold: float = 0.5
    threshold_rule: ThresholdRule = "fixed"
    levels: int = 0
    pr_grid: PrGrid | None = None
    literal_one: bool = False
    soft_truth: SoftTruth | None = None
    smoothing: float = 0.0
    beside: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for metric in (self.headline, *([self.tie_break] if self.tie_break else [])):
            if metric not in self.metrics:
                raise ValueError(f"the metric '{metric}' ranks but is not among the metrics {', '.join(self.metrics)}")
        if len(set(self.metrics)) != len(self.metrics):
            raise ValueError(f"a metric is named twice among {', '.join(self.metrics)}")
        if ("auc_pr" in self.metrics) != (self.pr_grid is not None):
            raise ValueError("auc_pr and pr_grid belong together: give both or neither")
        if self.pooling == "pooled" and self.empty_truth not in ("leave_out", "count"):
            raise ValueError(f"a pool has no rule '{self.empty_truth}' for an empty truth: write leave_out or count")
        if self.pooling == "per_image" and self.empty_truth == "count":
            raise ValueError("empty_truth = 'count' needs pooling = 'pooled': write leave_out, one or zero")
        if self.pooling == "pooled" and set(self.metrics) & set(PER_IMAGE_ONLY):
            raise ValueError(f"{', '.join(sorted(set(self.metrics) & set(PER_IMAGE_ONLY)))} are metrics of one image")
        if self.threshold_rule == "break_even" and self.pooling != "pooled":
            raise ValueError("the break-even threshold is that of the pooled curve: write pooling = 'pooled'")
        if self.threshold_rule == "break_even" and set(self.metrics) & set(LESION_POOL):
            raise ValueError("lesions are counted at a fixed threshold: write threshold_rule = 'fixed'")
        if not 0 < self.threshold < 1:
            raise ValueError(f"a threshold lies between 0 and 1, found {self.threshold}")
