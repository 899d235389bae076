"""The texts of the report: names of metrics, formats of numbers, and the rules of a protocol as sentences."""

import json
from dataclasses import dataclass

from retseg.challenge.protocol import Protocol


@dataclass(frozen=True)
class MetricLabel:
    """How a metric is shown.

    Attributes:
        name: for readers.
        meaning: one line that explains it.
        lower_is_better: whether a low value is a good one.
        decimals: in a table.
    """

    name: str
    meaning: str
    lower_is_better: bool = False
    decimals: int = 4


_LABELS = {
    "dice": MetricLabel("Dice", "2 TP / (2 TP + FP + FN)"),
    "iou": MetricLabel("IoU", "TP / (TP + FP + FN)"),
    "accuracy": MetricLabel("Accuracy", "(TP + TN) / all pixels"),
    "sensitivity": MetricLabel("Sensitivity", "TP / (TP + FN), also called recall"),
    "specificity": MetricLabel("Specificity", "TN / (TN + FP)"),
    "precision": MetricLabel("Precision", "TP / (TP + FP), also called PPV"),
    "f1": MetricLabel("F1", "harmonic mean of precision and sensitivity"),
    "mcc": MetricLabel("MCC", "Matthews correlation coefficient"),
    "kappa": MetricLabel("Kappa", "Cohen's kappa: agreement beyond chance"),
    "balanced_accuracy": MetricLabel("Balanced acc.", "mean of sensitivity and specificity"),
    "mean_iou": MetricLabel("Mean IoU", "mean of the IoU of the structure and of the background"),
    "auc_roc": MetricLabel("AUC ROC", "area under the receiver operating characteristic"),
    "ap": MetricLabel("AP", "average precision over all thresholds, from 65,536 bins: within 0.0002 of sorted pixels"),
    "auc_pr": MetricLabel("AUC PR", "area under the precision-recall curve on the protocol's grid"),
    "ece": MetricLabel("ECE", "expected calibration error", lower_is_better=True),
    "brier": MetricLabel("Brier", "mean squared error of the probability", lower_is_better=True),
    "cldice": MetricLabel("clDice", "Dice of the centrelines"),
    "hd95": MetricLabel("HD95", "95th percentile of the distance between the borders, pixels", True, 1),
    "nsd": MetricLabel("NSD", "normalised surface distance: share of the border within tolerance"),
    "lesion_sensitivity": MetricLabel("Lesion sens.", "share of true lesions that were found"),
    "lesion_precision": MetricLabel("Lesion prec.", "share of predicted lesions that are true"),
    "lesions_found": MetricLabel("Lesions found", "share of the lesions of all images that were found"),
    "false_lesions_per_image": MetricLabel(
        "False lesions", "predicted lesions per image that are not in the truth", True, 2
    ),
    "froc": MetricLabel("FROC", "mean share of lesions found at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false lesions per image"),
    "empty_truth_false_alarm": MetricLabel("False alarm", "something predicted where the truth is empty", True),
    "empty_truth_predicted_area": MetricLabel("False area", "area predicted where the truth is empty", True),
}


def label_metric(metric: str, protocol: Protocol | None = None) -> MetricLabel:
    """The label of a metric; one of the protocol's own has the words of its challenge, an unknown one its own name."""
    own = protocol.find_own(metric) if protocol else None
    if own is not None:
        name = own.label or metric.replace("_", " ")
        return MetricLabel(name, own.meaning or name, own.lower_is_better, own.decimals)
    return _LABELS.get(metric, MetricLabel(metric.replace("_", " "), metric))


def format_number(value: float, decimals: int = 4) -> str:
    """A value in fixed decimals, with a true minus sign."""
    return f"{value:.{decimals}f}".replace("-", "−")


def format_interval(low: float, high: float, decimals: int = 4) -> str:
    """ "0.70 to 0.76": with `to`, because a dash looks like a minus sign."""
    return f"{format_number(low, decimals)} to {format_number(high, decimals)}"


def join_names(names: list[str]) -> str:
    """ "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def embed_json(content: object) -> str:
    """JSON that is safe inside a script element: no name can close it."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def describe_protocol(protocol: Protocol) -> list[str]:
    """One sentence for each rule of a protocol."""
    where = {
        "field_of_view": "Pixels count inside the field of view only.",
        "frame": "All pixels of the frame count, the dark surround included.",
    }
    pool = {
        "per_image": "Each image gets its own score, and the scores are averaged.",
        "pooled": "The pixels of all images are counted together and give one score.",
    }
    empty = {
        "leave_out": "An image whose truth is empty is left out.",
        "one": "An image whose truth is empty scores 1 when nothing is predicted on it, else 0.",
        "zero": "An image whose truth is empty scores 0.",
        "count": "The pixels of an image whose truth is empty count as negatives.",
    }
    rules = [where[protocol.region], pool[protocol.pooling], empty[protocol.empty_truth]]
    if protocol.threshold_rule == "break_even":
        rules.append("The threshold is the one at which pooled precision and recall meet, found on these images.")
    else:
        rules.append(f"A probability becomes a mask at {protocol.threshold:g} unless the prediction has its own mask.")
    if protocol.pr_grid is not None:
        rules.append(f"AUC PR is taken at {protocol.pr_grid.thresholds} thresholds from 0 to 1.")
    if protocol.levels:
        rules.append(f"Probabilities are rounded to {protocol.levels} levels first.")
    if protocol.soft_truth is not None:
        sizes = ", then ".join(f"{width}x{height}" for width, height in protocol.soft_truth.sizes)
        rules.append(f"Truth and prediction are resized to {sizes}, which leaves the truth grey edges.")
    if protocol.smoothing:
        rules.append(f"Dice and IoU have a smoothing term of {protocol.smoothing:g}.")
    if protocol.literal_one:
        rules.append("Masks are compared with the value 1, so that one of 0 and 255 scores 0.")
    if protocol.tie_break:
        rules.append(f"Ties are broken by {label_metric(protocol.tie_break, protocol).name}.")
    return rules
