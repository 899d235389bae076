"""Red-Seg's second loss."""

import pytest
import torch

from train.fit.losses.squared_error import SquaredError


def test_it_is_soft_false_negatives_and_soft_false_positives() -> None:
    torch.manual_seed(0)
    logits, truth, region = torch.randn(1, 1, 5, 6), (torch.rand(1, 1, 5, 6) < 0.4).float(), torch.ones(1, 1, 5, 6)
    p = logits.sigmoid()
    missed, invented = (truth * (1 - p) ** 2).sum(), ((1 - truth) * p**2).sum()
    torch.testing.assert_close(SquaredError("sum")(logits, truth, region), missed + invented)
    torch.testing.assert_close(SquaredError("pixels")(logits, truth, region), (missed + invented) / 30)


def test_an_empty_truth_still_teaches() -> None:
    logits = torch.zeros(1, 1, 2, 2, requires_grad=True)
    loss = SquaredError("sum")(logits, torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    loss.backward()
    assert loss.item() == pytest.approx(1)
    assert logits.grad is not None and (logits.grad > 0).all()
