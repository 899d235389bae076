"""Cross-entropy, focal and class-balanced cross-entropy, against answers worked out and other implementations."""

import math

import pytest
import torch
from monai.losses import FocalLoss
from torch.nn.functional import cross_entropy

from train.fit.losses.cross_entropy import BalancedCrossEntropy, CrossEntropy, Focal


def test_an_undecided_network_costs_log_two() -> None:
    ones = torch.ones(1, 1, 3, 5)
    assert CrossEntropy()(0 * ones, ones, ones).item() == pytest.approx(math.log(2))


def test_cross_entropy_is_that_of_a_two_class_softmax_on_the_difference() -> None:
    scores, truth = torch.randn(2, 2, 6, 7), (torch.rand(2, 1, 6, 7) < 0.4).float()
    difference = scores[:, 1:] - scores[:, :1]
    torch.testing.assert_close(
        CrossEntropy()(difference, truth, torch.ones(2, 1, 6, 7)), cross_entropy(scores, truth[:, 0].long())
    )


def test_half_a_weight_counts_half() -> None:
    """Two pixels cost log 2 and log(1 + e) = 1.31326; weights 1 and 0.5: (0.69315 + 0.65663) / 1.5."""
    logits, truth = torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([[[[1.0, 0.0]]]])
    loss = CrossEntropy()(logits, truth, torch.tensor([[[[1.0, 0.5]]]]))
    assert loss.item() == pytest.approx((math.log(2) + 0.5 * math.log1p(math.e)) / 1.5)


def test_a_positive_weight_multiplies_positives_only() -> None:
    """Undecided, one positive of two: (3 log 2 + log 2) / 2."""
    truth = torch.tensor([[[[1.0, 0.0]]]])
    loss = CrossEntropy(positive_weight=3.0)(torch.zeros(1, 1, 1, 2), truth, torch.ones(1, 1, 1, 2))
    assert loss.item() == pytest.approx(2 * math.log(2))


@pytest.mark.parametrize("gamma", [0.5, 2.0])
@pytest.mark.parametrize("alpha", [None, 0.25])
def test_focal_is_monais(gamma: float, alpha: float | None) -> None:
    logits, truth = 3 * torch.randn(2, 3, 6, 7), (torch.rand(2, 3, 6, 7) < 0.4).float()
    theirs = FocalLoss(gamma=gamma, alpha=alpha)(logits, truth)
    torch.testing.assert_close(Focal(gamma, alpha)(logits, truth, torch.ones(2, 1, 6, 7)), theirs)


def test_focal_without_gamma_is_cross_entropy() -> None:
    logits, truth, region = torch.randn(1, 1, 6, 7), (torch.rand(1, 1, 6, 7) < 0.4).float(), torch.ones(1, 1, 6, 7)
    torch.testing.assert_close(Focal(0.0)(logits, truth, region), CrossEntropy()(logits, truth, region))


def test_balanced_cross_entropy_weighs_each_class_by_the_share_of_the_other() -> None:
    """One positive of four, all logits 0: beta = 3/4, so 3/4 log 2 + 1/4 x 3 log 2 = 1.5 log 2."""
    truth = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    ones, zeros = torch.ones_like(truth), torch.zeros_like(truth)
    assert BalancedCrossEntropy("sum")(zeros, truth, ones).item() == pytest.approx(1.5 * math.log(2))
    assert BalancedCrossEntropy("pixels")(zeros, truth, ones).item() == pytest.approx(1.5 * math.log(2) / 4)


@pytest.mark.parametrize("filled", [0.0, 1.0])
def test_balanced_cross_entropy_of_one_class_alone_teaches_nothing(filled: float) -> None:
    logits = torch.randn(1, 1, 4, 4, requires_grad=True)
    loss = BalancedCrossEntropy()(logits, torch.full((1, 1, 4, 4), filled), torch.ones(1, 1, 4, 4))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None and not logits.grad.any()


def test_balanced_cross_entropy_adds_tasks_and_averages_images() -> None:
    logits, truth, region = torch.randn(2, 3, 5, 5), (torch.rand(2, 3, 5, 5) < 0.4).float(), torch.ones(2, 1, 5, 5)
    loss = BalancedCrossEntropy("sum")
    alone = [
        loss(logits[n : n + 1, t : t + 1], truth[n : n + 1, t : t + 1], region[:1]) for n in (0, 1) for t in (0, 1, 2)
    ]
    torch.testing.assert_close(loss(logits, truth, region), torch.stack(alone).sum() / 2)
