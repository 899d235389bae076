"""Every metric against torchmetrics and MONAI, on random, empty and full masks; the only file here that needs torch."""

import math

import numpy as np
import pytest
import torch
from monai import metrics as monai
from scipy import ndimage
from torchmetrics.functional import classification as torchmetrics
from torchmetrics.functional import segmentation

from retseg.metrics import derived
from retseg.metrics.counts import count_confusion
from retseg.metrics.curves import auc_roc, average_precision, ece
from retseg.metrics.histograms import count_probabilities
from retseg.metrics.lesions import froc, froc_score
from retseg.metrics.surfaces import hd95, normalised_surface_distance


def draw_blobs(seed: int) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((48, 64)), 2)
    return noise > 0.8 * noise.std()


EMPTY, FULL = np.zeros((48, 64), dtype=bool), np.ones((48, 64), dtype=bool)
PAIRS = {
    "two blobs": (draw_blobs(0), draw_blobs(1)),
    "the same": (draw_blobs(2), draw_blobs(2)),
    "empty truth": (draw_blobs(3), EMPTY),
    "empty prediction": (EMPTY, draw_blobs(3)),
    "full truth": (draw_blobs(4), FULL),
    "full prediction": (FULL, draw_blobs(4)),
    "both empty": (EMPTY, EMPTY),
    "both full": (FULL, FULL),
    "opposites": (draw_blobs(5), ~draw_blobs(5)),
}
# torchmetrics has a number for 0/0, mostly 0; we have nan, and the protocol decides
FORMULAS = {
    "f1": torchmetrics.binary_f1_score,
    "iou": torchmetrics.binary_jaccard_index,
    "accuracy": torchmetrics.binary_accuracy,
    "sensitivity": torchmetrics.binary_recall,
    "specificity": torchmetrics.binary_specificity,
    "precision": torchmetrics.binary_precision,
    "mcc": torchmetrics.binary_matthews_corrcoef,
    "kappa": torchmetrics.binary_cohen_kappa,
}


def stack(mask: np.ndarray) -> torch.Tensor:
    """(1, 1, H, W) as MONAI and torchmetrics want it."""
    return torch.from_numpy(mask)[None, None]


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("name", FORMULAS)
def test_metrics_of_counts_agree_with_torchmetrics_wherever_they_are_defined(name: str, pair: str) -> None:
    prediction, truth = PAIRS[pair]
    value = derived.DERIVED[name](count_confusion(prediction, truth))
    expected = float(FORMULAS[name](torch.from_numpy(prediction).int(), torch.from_numpy(truth).int()))
    if math.isnan(value):
        assert pair not in {"two blobs", "opposites"}
        assert name == "mcc" or math.isnan(expected) or expected in {0.0, 1.0}  # its MCC puts an epsilon in the place
    else:
        assert value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("pair", PAIRS)
def test_dice_and_iou_agree_with_monai(pair: str) -> None:
    prediction, truth = (stack(mask) for mask in PAIRS[pair])
    counts = count_confusion(*PAIRS[pair])
    dice = float(monai.compute_dice(prediction, truth, ignore_empty=False))
    iou = float(monai.compute_iou(prediction, truth, ignore_empty=False))
    if math.isnan(derived.dice(counts)):
        assert (dice, iou) == (1.0, 1.0)  # MONAI's value for two empty masks when told not to ignore them
    else:
        assert derived.dice(counts) == pytest.approx(dice, abs=1e-6)
        assert derived.iou(counts) == pytest.approx(iou, abs=1e-6)


@pytest.mark.parametrize("pair", ["two blobs", "the same", "opposites", "full truth", "full prediction"])
def test_mean_iou_and_balanced_accuracy_agree_with_theirs(pair: str) -> None:
    prediction, truth = PAIRS[pair]
    counts = count_confusion(prediction, truth)
    classes = [torch.from_numpy(np.stack([~mask, mask])[None]).int() for mask in (prediction, truth)]
    expected = float(segmentation.mean_iou(*classes, num_classes=2, input_format="one-hot").mean())
    assert derived.mean_iou(counts) == pytest.approx(expected, abs=1e-6)
    table = monai.get_confusion_matrix(stack(prediction).float(), stack(truth).float())
    balanced = float(monai.compute_confusion_matrix_metric("balanced accuracy", table).squeeze())
    assert derived.balanced_accuracy(counts) == pytest.approx(balanced, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("polarisation", [0.3, 1.0, 4.0])
def test_curves_and_calibration_agree_with_torchmetrics(polarisation: float) -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(30_000) < 0.1
    logits = (rng.normal(-3, 1.5, truth.size) + 3 * truth) * polarisation
    probability = (1 / (1 + np.exp(-logits))).astype(np.float32)
    histograms = count_probabilities(probability, truth)
    pair = torch.from_numpy(probability), torch.from_numpy(truth).int()
    assert auc_roc(histograms) == pytest.approx(float(torchmetrics.binary_auroc(*pair)), abs=5e-5)
    assert average_precision(histograms) == pytest.approx(float(torchmetrics.binary_average_precision(*pair)), abs=5e-5)
    for bins in (10, 15):
        expected = float(torchmetrics.binary_calibration_error(*pair, n_bins=bins, norm="l1"))
        assert ece(histograms, bins) == pytest.approx(expected, abs=1e-4)


@pytest.mark.filterwarnings("ignore::FutureWarning:monai", "ignore:the (ground truth|prediction) of class 0 is all 0")
@pytest.mark.parametrize("pair", PAIRS)
def test_surface_distances_agree_with_monai(pair: str) -> None:
    prediction, truth = (stack(mask) for mask in PAIRS[pair])
    expected = float(monai.compute_hausdorff_distance(prediction, truth, include_background=True, percentile=95))
    if np.logical_xor(*(mask.any() for mask in PAIRS[pair])):
        assert hd95(*PAIRS[pair]) == math.inf
        assert not math.isfinite(expected)  # MONAI interpolates between infinite distances, which gives nan
    else:
        assert hd95(*PAIRS[pair]) == pytest.approx(expected, abs=1e-5, nan_ok=True)
    for tolerance in (0.0, 1.0, 2.5):
        share = float(monai.compute_surface_dice(prediction, truth, [tolerance], include_background=True))
        ours = normalised_surface_distance(*PAIRS[pair], tolerance)
        assert ours == pytest.approx(share, abs=1e-6, nan_ok=True)


def test_froc_agrees_with_monai() -> None:
    """Ten lesions in four images, twelve wrong spots; each spot has a probability of its own."""
    rng = np.random.default_rng(0)
    right, wrong = rng.uniform(0.3, 1, 8), rng.uniform(0, 0.9, 12)
    per_image, sensitivity = monai.compute_froc_curve_data(wrong, right, 10, 4)
    rates = (0.25, 0.5, 1, 2)
    expected = float(monai.compute_froc_score(per_image, sensitivity, rates))
    thresholds = np.sort(np.concatenate([right, wrong]))[1:]
    table = np.array([(10, (right >= t).sum(), (wrong >= t).sum(), 4) for t in thresholds])
    assert froc_score(froc(table, thresholds), rates) == pytest.approx(expected)
