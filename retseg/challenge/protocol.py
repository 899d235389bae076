"""How predictions become numbers: a protocol is data, read from a `[protocol.NAME]` table of `challenges/*.toml`.

Published scores of one and the same prediction differ by protocol more than the methods do, so nothing here has a
silent default: region, pooling and the rule for empty truths must be written down.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from retseg.toml_schema import nearest

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
METRICS: tuple[str, ...] = get_args(MetricName)
"""The names of the metrics that every challenge may have."""

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
class OwnMetric:
    """A metric that a challenge computes itself.

    Attributes:
        name: among the `metrics` of the protocol.
        function: a dotted path, such as `mine.miss_rate`; `own_code` says where it is looked for.
        of: what it takes: the four `counts` tp, fp, fn, tn of one image or of the pool; or the two `masks` of one
            image, prediction and truth, bool (H, W), empty outside the region. It returns a number, or None.
        label: its name for readers; the name itself when empty.
        meaning: one line that explains it.
        lower_is_better: whether a low value is a good one.
        decimals: in a table.
    """

    name: str
    function: str
    of: Literal["counts", "masks"]
    label: str = ""
    meaning: str = ""
    lower_is_better: bool = False
    decimals: int = 4

    def __post_init__(self) -> None:
        if "." not in self.function:
            raise ValueError(f"the function '{self.function}' of a metric has no module: write module.function")
        if self.name in METRICS:
            raise ValueError(f"there is a metric '{self.name}' already: give your own another name")


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
        own_metric: metrics of the challenge's own. With `empty_truth = "leave_out"` they are not asked about an empty
            truth; under the other rules their functions decide.
        directory: the folder of the challenge's file, where their functions lie.
    """

    name: str
    title: str
    source: str
    region: Region
    pooling: Pooling
    empty_truth: EmptyTruth
    headline: str
    metrics: tuple[str, ...]
    caveat: str = ""
    tie_break: str | None = None
    threshold: float = 0.5
    threshold_rule: ThresholdRule = "fixed"
    levels: int = 0
    pr_grid: PrGrid | None = None
    literal_one: bool = False
    soft_truth: SoftTruth | None = None
    smoothing: float = 0.0
    beside: tuple[str, ...] = ()
    own_metric: tuple[OwnMetric, ...] = ()
    directory: Path = Path()

    def __post_init__(self) -> None:
        self._check_names()
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

    def _check_names(self) -> None:
        own = [metric.name for metric in self.own_metric]
        for metric in self.metrics:
            if metric not in METRICS and metric not in own:
                raise ValueError(
                    f"there is no metric '{metric}'{nearest(metric, (*METRICS, *own))}; one of your own is written "
                    "[[protocol.NAME.own_metric]]"
                )
        for one in self.own_metric:
            if one.name not in self.metrics:
                raise ValueError(f"your own metric '{one.name}' is not among the metrics: add it")
            if one.of == "masks" and self.pooling == "pooled":
                raise ValueError(
                    f"your own metric '{one.name}' takes masks, which a pool of pixels does not have: write "
                    "of = 'counts', or pooling = 'per_image'"
                )
            if one.of == "masks" and self.soft_truth is not None:
                raise ValueError(f"your own metric '{one.name}' takes masks, and a soft truth has only counts")
        if len(set(own)) != len(own):
            raise ValueError(f"a metric of your own is declared twice among {', '.join(own)}")

    def describe(self) -> dict[str, Any]:
        """All rules as plain values; without the folder, which is only of this machine."""
        return {name: value for name, value in asdict(self).items() if name != "directory"}

    def find_own(self, metric: str) -> OwnMetric | None:
        """The challenge's own metric of that name; None for every other."""
        return next((own for own in self.own_metric if own.name == metric), None)
