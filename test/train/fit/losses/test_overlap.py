"""Dice, Tversky, IoU and their sums, against answers worked out and other implementations."""

import math

import pytest
import torch
from monai.losses import DiceCELoss, DiceLoss, TverskyLoss
from segmentation_models_pytorch.losses import JaccardLoss

from train.fit.losses.cross_entropy import CrossEntropy
from train.fit.losses.overlap import CrossEntropyDice, CrossEntropyJaccard, Dice, Tversky

ONES = torch.ones(2, 1, 6, 7)


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    return torch.randn(2, 3, 6, 7), (torch.rand(2, 3, 6, 7) < 0.4).float()


@pytest.mark.parametrize("pooled", [False, True])
def test_dice_is_monais(pair: tuple[torch.Tensor, torch.Tensor], pooled: bool) -> None:
    theirs = DiceLoss(sigmoid=True, smooth_nr=1e-5, smooth_dr=1e-5, batch=pooled)(*pair)
    torch.testing.assert_close(Dice(1e-5, pooled)(*pair, ONES), theirs)


@pytest.mark.parametrize("pooled", [False, True])
def test_dice_over_squares_is_monais(pair: tuple[torch.Tensor, torch.Tensor], pooled: bool) -> None:
    theirs = DiceLoss(sigmoid=True, squared_pred=True, smooth_nr=1e-5, smooth_dr=1e-5, batch=pooled)(*pair)
    torch.testing.assert_close(Dice(1e-5, pooled, True)(*pair, ONES), theirs)


def test_dice_over_squares_of_half_sure_pixels() -> None:
    """p = 1/2 on two pixels, one true: 2 TP = 1, squares 1/4 + 1/4 + 1, so 1 - 2/3; weight 0 takes a pixel out."""
    truth = torch.tensor([[[[1.0, 0.0, 1.0]]]])
    region = torch.tensor([[[[1.0, 1.0, 0.0]]]])
    assert Dice(0.0, squared=True)(torch.zeros(1, 1, 1, 3), truth, region).item() == pytest.approx(1 / 3)


def test_tversky_is_monais(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    theirs = TverskyLoss(sigmoid=True, alpha=0.2, beta=0.8, smooth_nr=1.0, smooth_dr=1.0)(*pair)
    torch.testing.assert_close(Tversky(0.2, 0.8, 1.0, 1.0)(*pair, ONES), theirs)


def test_tversky_with_two_halves_is_dice(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    torch.testing.assert_close(Tversky(0.5, 0.5, 1.0, 0.5)(*pair, ONES), Dice(1.0)(*pair, ONES))


def test_focal_tversky_raises_each_image_to_gamma(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, truth = pair
    one = Tversky()(logits[:1, :1], truth[:1, :1], ONES[:1])
    torch.testing.assert_close(Tversky(gamma=0.75)(logits[:1, :1], truth[:1, :1], ONES[:1]), one**0.75)


def test_bce_dice_is_monais_sum(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    dice = DiceLoss(sigmoid=True, smooth_nr=1e-5, smooth_dr=1e-5)(*pair)
    torch.testing.assert_close(CrossEntropyDice(0.5, 1.0)(*pair, ONES), 0.5 * CrossEntropy()(*pair, ONES) + dice)
    pooled = DiceLoss(sigmoid=True, squared_pred=True, smooth_nr=1e-5, smooth_dr=1e-5, batch=True)(*pair)
    ours = CrossEntropyDice(2.0, 1.0, pooled=True, squared=True)(*pair, ONES)
    torch.testing.assert_close(ours, 2 * CrossEntropy()(*pair, ONES) + pooled)
    one = (pair[0][:, :1], pair[1][:, :1])
    theirs = DiceCELoss(sigmoid=True, smooth_nr=1e-5, smooth_dr=1e-5)(*one)
    torch.testing.assert_close(CrossEntropyDice()(*one, ONES), theirs)


def test_bce_iou_is_cross_entropy_and_smps_jaccard(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    one = (pair[0][:1, :1], pair[1][:1, :1])
    theirs = JaccardLoss("binary", from_logits=True)(*one)
    torch.testing.assert_close(CrossEntropyJaccard()(*one, ONES[:1]), CrossEntropy()(*one, ONES[:1]) + theirs)


def test_dice_of_half_sure_pixels() -> None:
    """p = 1/2 on two pixels, one true: 2 TP = 1, FP = FN = 1/2, so 1 - 1/2."""
    truth = torch.tensor([[[[1.0, 0.0]]]])
    assert Dice(0.0)(torch.zeros(1, 1, 1, 2), truth, torch.ones(1, 1, 1, 2)).item() == pytest.approx(0.5)


def test_dice_of_an_empty_truth_is_zero_when_nothing_is_found_and_nearly_one_when_something_is() -> None:
    truth, region = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    assert Dice()(torch.full((1, 1, 8, 8), -100.0), truth, region).item() == pytest.approx(0)
    assert Dice()(torch.zeros(1, 1, 8, 8), truth, region).item() == pytest.approx(1, abs=1e-5)


def test_a_perfect_overlap_has_a_finite_slope_under_a_root() -> None:
    logits = torch.full((1, 1, 4, 4), 200.0, requires_grad=True)
    Tversky(gamma=0.5)(logits, torch.ones(1, 1, 4, 4), torch.ones(1, 1, 4, 4)).backward()
    assert logits.grad is not None and all(map(math.isfinite, logits.grad.flatten().tolist()))
