"""Every protocol against an oracle that shares no code with it, empty and full masks included."""

import math

import numpy as np
import pytest
import torch
from monai.metrics import DiceMetric
from sklearn import metrics as sk
from torchmetrics.functional.classification import binary_jaccard_index

from retseg.challenge import load_challenge
from retseg.evaluation.scoring.aggregate import estimate
from retseg.evaluation.scoring.break_even import move_to_break_even
from retseg.evaluation.scoring.case import CaseMaps, score_case

TASK = "vessel"


def draw_cases(seed: int, levels: int = 0) -> list[CaseMaps]:
    """Seven cases of 40 x 30 pixels; case 5 has an empty truth, case 6 a full one; views leave out a border."""
    rng = np.random.default_rng(seed)
    cases = []
    for index in range(7):
        truth = rng.random((30, 40)) < (0.0 if index == 5 else 1.0 if index == 6 else 0.05 * (index + 1))
        logits = rng.normal(-1.5, 1.2, (30, 40)) + 2.2 * truth
        probability = 1 / (1 + np.exp(-logits))
        if levels:
            probability = np.rint(probability * (levels - 1)) / (levels - 1)
        view = np.zeros((30, 40), bool)
        view[2:28, 3:36] = True
        cases.append(CaseMaps(truth, None, probability.astype(np.float32), view))
    return cases


def evaluate(challenge: str, name: str, cases: list[CaseMaps]):
    protocol = load_challenge(challenge).protocol[name]
    scores = [score_case(str(i), TASK, maps, [protocol], None)[name] for i, maps in enumerate(cases)]
    if protocol.threshold_rule == "break_even":
        scores, thresholds = move_to_break_even(scores, protocol)
        assert list(thresholds) == [TASK]
    return estimate(scores, [TASK], protocol, 0)[TASK]


def flatten(cases: list[CaseMaps], inside: bool) -> tuple[np.ndarray, np.ndarray]:
    truths, maps = [], []
    for case in cases:
        region = case.field_of_view if inside else np.ones_like(case.truth)
        truths.append(case.truth[region])
        maps.append(case.probability[region])
    return np.concatenate(truths), np.concatenate(maps).astype(np.float64)


SK_OF_MASKS = {
    "dice": sk.f1_score,
    "f1": sk.f1_score,
    "iou": sk.jaccard_score,
    "accuracy": sk.accuracy_score,
    "sensitivity": sk.recall_score,
    "precision": sk.precision_score,
    "specificity": lambda t, p: sk.recall_score(~t, ~p),
    "mcc": sk.matthews_corrcoef,
    "kappa": sk.cohen_kappa_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "mean_iou": lambda t, p: sk.jaccard_score(t, p, average="macro"),
}
SK_OF_MAPS = {"auc_roc": sk.roc_auc_score, "ap": sk.average_precision_score, "brier": sk.brier_score_loss}


@pytest.mark.parametrize("challenge", ["drive", "chasedb1", "fundus"])
@pytest.mark.parametrize("region", ["fov", "frame"])
def test_pooled_vessel_metrics_are_those_of_scikit_learn(challenge: str, region: str) -> None:
    cases = draw_cases(1)
    found = evaluate(challenge, f"{challenge}-{region}-pooled", cases)
    truth, maps = flatten(cases, region == "fov")
    for metric, oracle in SK_OF_MASKS.items():
        assert found[metric].value == pytest.approx(oracle(truth, maps >= 0.5), abs=1e-12), metric
    for metric, oracle in SK_OF_MAPS.items():
        assert found[metric].value == pytest.approx(oracle(truth, maps), abs=5e-5), metric


@pytest.mark.parametrize("challenge", ["drive", "chasedb1", "fundus"])
@pytest.mark.parametrize("region", ["fov", "frame"])
def test_vessel_metrics_of_each_image_are_averaged(challenge: str, region: str) -> None:
    cases = draw_cases(2)[:5]
    found = evaluate(challenge, f"{challenge}-{region}", cases)
    pairs = [flatten([case], region == "fov") for case in cases]
    for metric, oracle in SK_OF_MASKS.items():
        values = [oracle(truth, maps >= 0.5) for truth, maps in pairs]
        assert found[metric].value == pytest.approx(np.mean(values), abs=1e-12), metric
        assert found[metric].std == pytest.approx(np.std(values, ddof=1), abs=1e-12), metric
    for metric, oracle in SK_OF_MAPS.items():  # sixty true pixels an image: two in one bin move AP by 1e-4
        assert found[metric].value == pytest.approx(np.mean([oracle(*pair) for pair in pairs]), abs=3e-4), metric


def test_drac22_leaves_out_empty_truths_as_monai_does() -> None:
    cases = draw_cases(3)
    found = evaluate("drac22", "drac22", cases)
    oracle = DiceMetric(include_background=True, ignore_empty=True)
    ious = []
    for case in cases:
        predicted, truth = torch.tensor(case.probability >= 0.5), torch.tensor(case.truth)
        oracle(predicted[None, None], truth[None, None])
        if case.truth.any():
            ious.append(float(binary_jaccard_index(predicted, truth)))
    assert found["dice"].value == pytest.approx(float(oracle.aggregate()), abs=1e-6)
    assert found["iou"].value == pytest.approx(np.mean(ious), abs=1e-6)


def test_drac22_is_the_organisers_arithmetic() -> None:
    """Dice and IoU of one image, nan where the truth is empty, then the mean of the others."""
    cases = draw_cases(4)
    dices, ious = [], []
    for case in cases:
        g, p = case.truth.astype(int), (case.probability >= 0.5).astype(int)
        dices.append(2 * (g * p).sum() / (g.sum() + p.sum()) if g.sum() else math.nan)
        ious.append((g * p).sum() / ((g + p) > 0).sum() if g.sum() else math.nan)
    found = evaluate("drac22", "drac22", cases)
    assert found["dice"].value == pytest.approx(np.nanmean(dices), abs=1e-12)
    assert found["iou"].value == pytest.approx(np.nanmean(ious), abs=1e-12)


def test_drac22_with_false_alarms_scores_an_empty_truth_by_what_is_predicted() -> None:
    cases = draw_cases(5)
    blank = CaseMaps(cases[5].truth, None, np.zeros_like(cases[5].probability), None)
    found = evaluate("drac22", "drac22-false-alarms", [*cases, blank])
    oracle = DiceMetric(include_background=True, ignore_empty=False)
    for case in [*cases, blank]:
        oracle(torch.tensor(case.probability >= 0.5)[None, None], torch.tensor(case.truth)[None, None])
    assert found["dice"].value == pytest.approx(float(oracle.aggregate()), abs=1e-6)
    assert found["empty_truth_false_alarm"].value == 0.5
    area = (cases[5].probability >= 0.5).mean()
    assert found["empty_truth_predicted_area"].value == pytest.approx(area / 2, abs=1e-12)


def test_amdyes_smooths_numerator_and_denominator() -> None:
    cases = draw_cases(6)[:5]
    found = evaluate("drac22", "amdyes-local", cases)
    values = []
    for case in cases:
        p, t = case.probability >= 0.5, case.truth
        values.append((2 * (p & t).sum() + 1e-5) / (p.sum() + t.sum() + 1e-5))
    assert found["dice"].value == pytest.approx(np.mean(values), abs=1e-12)


def sweep(cases: list[CaseMaps], thresholds: list[float], above: bool = False) -> list[tuple[int, int, int]]:
    """tp, fp, fn at each threshold, pooled, by comparing float64 fractions."""
    truth, maps = flatten(cases, inside=False)
    rows = []
    for threshold in thresholds:
        predicted = maps > threshold if above else maps >= np.float32(threshold)
        rows.append(((predicted & truth).sum(), (predicted & ~truth).sum(), (~predicted & truth).sum()))
    return rows


def integrate(rows: list[tuple[int, int, int]]) -> float:
    """Trapezoid from (0, 1) over the points with a prediction, highest threshold first."""
    points = [(0.0, 1.0)]
    points += [(tp / (tp + fn), tp / (tp + fp)) for tp, fp, fn in reversed(rows) if tp + fp]
    return float(sk.auc(*zip(*points, strict=True)))


@pytest.mark.parametrize("levels", [0, 256])
def test_idrid_33_is_a_trapezoid_over_33_thresholds(levels: int) -> None:
    cases = draw_cases(7, levels)
    rows = sweep(cases, [k / 32 for k in range(33)])
    assert evaluate("idrid", "idrid-33", cases)["auc_pr"].value == pytest.approx(integrate(rows), abs=1e-9)


def test_idrid_33_step_sums_precision_times_gain_in_recall() -> None:
    cases = draw_cases(8)
    area, last = 0.0, 0.0
    for tp, fp, fn in reversed(sweep(cases, [k / 32 for k in range(33)])):
        if tp + fp:
            area += (tp / (tp + fn) - last) * tp / (tp + fp)
            last = tp / (tp + fn)
    assert evaluate("idrid", "idrid-33-step", cases)["auc_pr"].value == pytest.approx(area, abs=1e-9)


def test_idrid_33_256_compares_grey_levels_with_multiples_of_8() -> None:
    cases = draw_cases(9, 256)
    truth, maps = flatten(cases, inside=False)
    levels = np.rint(maps * 255).astype(int)
    rows = []
    for threshold in range(0, 257, 8):
        predicted = levels >= threshold
        rows.append(((predicted & truth).sum(), (predicted & ~truth).sum(), (~predicted & truth).sum()))
    assert evaluate("idrid", "idrid-33-256", cases)["auc_pr"].value == pytest.approx(integrate(rows), abs=1e-9)


def test_idrid_33_present_pools_images_that_have_the_lesion() -> None:
    cases = draw_cases(10)
    present = [case for case in cases if case.truth.any()]
    assert len(present) == len(cases) - 1
    rows = sweep(present, [k / 32 for k in range(33)])
    assert evaluate("idrid", "idrid-33-present", cases)["auc_pr"].value == pytest.approx(integrate(rows), abs=1e-9)


def test_idrid_33_per_image_is_the_mean_area_of_images_that_have_the_lesion() -> None:
    cases = draw_cases(18)
    areas = [integrate(sweep([case], [k / 32 for k in range(33)])) for case in cases if case.truth.any()]
    found = evaluate("idrid", "idrid-33-per-image", cases)["auc_pr"].value
    assert found == pytest.approx(np.mean(areas), abs=1e-9)


@pytest.mark.parametrize("seed", [11, 12])
def test_redseg_31_is_the_authors_script(seed: int) -> None:
    """i/30 on 8-bit maps; skip where nothing is predicted, or where precision and recall are 0; (0, 1) in front."""
    cases = draw_cases(seed, 256)
    saturated = cases[0].probability.copy()
    saturated[~cases[0].truth] = np.where(np.arange((~cases[0].truth).sum()) < 3, 1.0, 0.2).astype(np.float32)
    cases[0] = CaseMaps(cases[0].truth, None, saturated, None)
    recall, precision = [], []
    truth, maps = flatten(cases, inside=False)
    levels = np.rint(maps * 255)
    for i in range(31):
        predicted = levels / 255 >= i / 30
        tp, fp, fn = (predicted & truth).sum(), (predicted & ~truth).sum(), (~predicted & truth).sum()
        if tp + fp == 0 or tp + fn == 0 or tp == 0:
            continue
        recall.append(tp / (tp + fn))
        precision.append(tp / (tp + fp))
    area = sk.auc([0, *recall[::-1]], [1, *precision[::-1]])
    assert evaluate("idrid", "redseg-31", cases)["auc_pr"].value == pytest.approx(area, abs=1e-9)


def test_m2mrf_11_compares_above_and_calls_nothing_predicted_precision_1() -> None:
    cases = draw_cases(13, 11)
    rows = sweep(cases, [float(np.float32(k / 10)) for k in range(11)], above=True)
    recall = [tp / (tp + fn) for tp, fp, fn in rows]
    precision = [tp / (tp + fp) if tp + fp else 1.0 for tp, fp, fn in rows]
    found = evaluate("idrid", "m2mrf-11", cases)["auc_pr"].value
    assert found == pytest.approx(sk.auc(recall, precision), abs=1e-9)


def test_break_even_precision_equals_recall_as_far_as_ties_allow() -> None:
    found = evaluate("idrid", "redseg-break-even", draw_cases(14))
    assert found["precision"].value == pytest.approx(found["sensitivity"].value, abs=2e-3)


def test_idrid_ap_is_that_of_scikit_learn() -> None:
    cases = draw_cases(15)
    expected = sk.average_precision_score(*flatten(cases, inside=False))
    assert evaluate("idrid", "idrid-ap", cases)["ap"].value == pytest.approx(expected, abs=5e-5)


def test_idrid_per_image_leaves_out_images_without_the_lesion() -> None:
    cases = draw_cases(16)
    present = [case for case in cases if case.truth.any()]
    values = [sk.f1_score(case.truth.ravel(), case.probability.ravel() >= 0.5) for case in present]
    assert evaluate("idrid", "idrid-per-image", cases)["dice"].value == pytest.approx(np.mean(values), abs=1e-12)


def test_mean_iou_pooled_and_per_image_are_the_two_readings_of_one_article() -> None:
    cases = draw_cases(17)[:5]
    truth, maps = flatten(cases, inside=False)
    pooled = sk.jaccard_score(truth, maps >= 0.5, average="macro")
    assert evaluate("drive", "drive-leaky-miou", cases)["mean_iou"].value == pytest.approx(pooled, abs=1e-12)
    single = [sk.jaccard_score(t, m >= 0.5, average="macro") for t, m in (flatten([c], False) for c in cases)]
    found = evaluate("drive", "drive-leaky-miou-per-image", cases)["mean_iou"].value
    assert found == pytest.approx(np.mean(single), abs=1e-12)


def test_keras_accuracy_has_the_ceiling_of_its_grey_truth(data_root) -> None:
    """On the DRIVE training masks at 256 x 256 an empty mask has 0.84 and the truth itself no more than 0.87."""
    from retseg.image import read_mask

    masks = [read_mask(path) > 0 for path in sorted((data_root / "DRIVE/training/1st_manual").glob("*.gif"))]
    perfect = evaluate("drive", "drive-keras-accuracy-256", [CaseMaps(m, m, None, None) for m in masks])
    empty = evaluate("drive", "drive-keras-accuracy-256", [CaseMaps(m, np.zeros_like(m), None, None) for m in masks])
    assert perfect["accuracy"].value == pytest.approx(0.868, abs=0.006)
    assert empty["accuracy"].value == pytest.approx(0.838, abs=0.006)
