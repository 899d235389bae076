"""Several outputs, one loss."""

import pytest
import torch

from train.fit.losses.cross_entropy import CrossEntropy
from train.fit.losses.squared_error import SquaredError
from train.fit.losses.supervision import DeepSupervision
from train.fit.losses.topk import TopKCrossEntropy

OUTPUTS = tuple(torch.full((1, 1, 4, 4), value) for value in (1.0, 2.0, 3.0))
TRUTH = torch.zeros(1, 1, 4, 4)


@pytest.mark.parametrize(
    ("weights", "shares"), [("sum", (1, 1, 1)), ("mean", (1 / 3, 1 / 3, 1 / 3)), ("halving", (4 / 7, 2 / 7, 1 / 7))]
)
def test_outputs_are_weighted(weights: str, shares: tuple[float, ...]) -> None:
    loss = DeepSupervision(CrossEntropy(), weights)  # type: ignore[arg-type]
    expected = sum(
        share * CrossEntropy()(output, TRUTH, torch.ones_like(TRUTH))
        for share, output in zip(shares, OUTPUTS, strict=True)
    )
    torch.testing.assert_close(loss(OUTPUTS, TRUTH, torch.ones_like(TRUTH)), expected)


def test_one_output_has_all_the_weight() -> None:
    ones = torch.ones_like(TRUTH)
    for weights in ("sum", "mean", "halving"):
        loss = DeepSupervision(CrossEntropy(), weights)(OUTPUTS[:1], TRUTH, ones)  # type: ignore[arg-type]
        torch.testing.assert_close(loss, CrossEntropy()(OUTPUTS[0], TRUTH, ones))


def test_the_schedule_of_the_inner_loss_moves_on() -> None:
    loss = DeepSupervision(TopKCrossEntropy()).at(30_000).loss
    assert isinstance(loss, TopKCrossEntropy)
    assert loss.step == 30_000


def test_an_output_of_one_task_meets_the_truth_and_the_region_of_this_task() -> None:
    torch.manual_seed(0)
    fused, side = torch.randn(1, 2, 4, 4), torch.randn(1, 1, 4, 4)
    truth, region = (torch.rand(1, 2, 4, 4) > 0.5).float(), (torch.rand(1, 2, 4, 4) > 0.2).float()
    loss = SquaredError("sum")
    found = DeepSupervision(loss, tasks=((0, 1), (1,)))((fused, side), truth, region)
    torch.testing.assert_close(found, loss(fused, truth, region) + loss(side, truth[:, 1:], region[:, 1:]))
    assert found != loss(fused, truth, region) + loss(side, truth[:, :1], region[:, :1])
    shared = region[:, :1]
    found = DeepSupervision(loss, tasks=((0, 1), (1,)))((fused, side), truth, shared)
    torch.testing.assert_close(found, loss(fused, truth, shared) + loss(side, truth[:, 1:], shared))
