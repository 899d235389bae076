"""The words and numbers of the report: metric names, formats, and a protocol told in sentences."""

import json
from dataclasses import dataclass

from retseg.challenge.protocol import Protocol


@dataclass(frozen=True)
class MetricWords:
    """How a metric is shown: its label, one line of explanation, its direction and its decimals in a table."""

    label: str
    meaning: str
    lower_is_better: bool = False
    decimals: int = 4


_WORDS = {
    "dice": MetricWords("Dice", "2 TP / (2 TP + FP + FN)"),
    "iou": MetricWords("IoU", "TP / (TP + FP + FN)"),
    "accuracy": MetricWords("Accuracy", "(TP + TN) / all pixels"),
    "sensitivity": MetricWords("Sensitivity", "TP / (TP + FN), also called recall"),
    "specificity": MetricWords("Specificity", "TN / (TN + FP)"),
    "precision": MetricWords("Precision", "TP / (TP + FP), also called PPV"),
    "f1": MetricWords("F1", "harmonic mean of precision and sensitivity"),
    "mcc": MetricWords("MCC", "Matthews correlation coefficient"),
    "kappa": MetricWords("Kappa", "Cohen's kappa: agreement beyond chance"),
    "balanced_accuracy": MetricWords("Balanced acc.", "mean of sensitivity and specificity"),
    "mean_iou": MetricWords("Mean IoU", "mean of the IoU of the structure and of the background"),
    "auc_roc": MetricWords("AUC ROC", "area under the receiver operating characteristic"),
    "ap": MetricWords("AP", "average precision over all thresholds"),
    "auc_pr": MetricWords("AUC PR", "area under the precision-recall curve on the protocol's grid"),
    "ece": MetricWords("ECE", "expected calibration error", lower_is_better=True),
    "brier": MetricWords("Brier", "mean squared error of the probability", lower_is_better=True),
    "cldice": MetricWords("clDice", "Dice of the centrelines"),
    "hd95": MetricWords("HD95", "95th percentile of the distance between the borders, pixels", True, 1),
    "nsd": MetricWords("NSD", "normalised surface distance: share of the border within tolerance"),
    "lesion_sensitivity": MetricWords("Lesion sens.", "share of true lesions that were met"),
    "lesion_precision": MetricWords("Lesion prec.", "share of predicted lesions that are true"),
    "empty_truth_false_alarm": MetricWords("False alarm", "something predicted where the truth is empty", True),
    "empty_truth_predicted_area": MetricWords("False area", "area predicted where the truth is empty", True),
}


def word_metric(metric: str) -> MetricWords:
    """The words for a metric; one that the report has never heard of keeps its own name."""
    return _WORDS.get(metric, MetricWords(metric.replace("_", " "), metric))


def format_number(value: float, decimals: int = 4) -> str:
    """A value in fixed decimals, with a true minus sign."""
    return f"{value:.{decimals}f}".replace("-", "−")


def format_interval(low: float, high: float, decimals: int = 4) -> str:
    """ "0.70 to 0.76": a word between, since a dash reads as a minus."""
    return f"{format_number(low, decimals)} to {format_number(high, decimals)}"


def join_words(words: list[str]) -> str:
    """ "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def embed_json(content: object) -> str:
    """JSON that is safe inside a script element: no name can close it."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def tell_protocol(protocol: Protocol) -> list[str]:
    """What the protocol does, one sentence for each of its rules."""
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
    told = [where[protocol.region], pool[protocol.pooling], empty[protocol.empty_truth]]
    if protocol.threshold_rule == "break_even":
        told.append("The threshold is the one at which pooled precision and recall meet, found on these images.")
    else:
        told.append(
            f"A probability becomes a mask at {protocol.threshold:g} unless the prediction brings its own mask."
        )
    if protocol.pr_grid is not None:
        told.append(f"AUC PR is taken at {protocol.pr_grid.thresholds} thresholds from 0 to 1.")
    if protocol.levels:
        told.append(f"Probabilities are rounded to {protocol.levels} levels first.")
    if protocol.soft_truth is not None:
        sizes = ", then ".join(f"{width}x{height}" for width, height in protocol.soft_truth.sizes)
        told.append(f"Truth and prediction are resized to {sizes}, which leaves the truth grey edges.")
    if protocol.smoothing:
        told.append(f"Dice and IoU carry a smoothing term of {protocol.smoothing:g}.")
    if protocol.literal_one:
        told.append("Masks are compared with the value 1, so that one of 0 and 255 scores 0.")
    if protocol.tie_break:
        told.append(f"Ties are broken by {word_metric(protocol.tie_break).label}.")
    return told
