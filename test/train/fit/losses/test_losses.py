"""What every loss promises, asked of each of them."""

import math

import pytest
import torch

from retseg.toml_schema import SchemaError
from train.fit.losses import LOSSES, build_loss

torch.set_num_threads(1)
SHAPE = (2, 3, 12, 14)


def draw() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    logits = 2 * torch.randn(SHAPE, generator=generator)
    truth = (torch.rand(SHAPE, generator=generator) < 0.3).float()
    region = (torch.rand((2, 1, 12, 14), generator=generator) < 0.7).float()
    return logits, truth, region


@pytest.mark.parametrize("name", LOSSES)
def test_pixels_outside_the_region_count_nothing(name: str) -> None:
    logits, truth, region = draw()
    outside = region.expand(SHAPE) == 0
    loss = build_loss(name, {})
    changed = loss(logits.masked_fill(outside, 3.0), truth.masked_fill(outside, 1.0), region)
    torch.testing.assert_close(changed, loss(logits, truth, region))
    logits.requires_grad_()
    loss(logits, truth, region).backward()
    assert logits.grad is not None and not logits.grad[outside].any()


@pytest.mark.parametrize("name", LOSSES)
def test_a_confident_right_answer_costs_nothing_and_less_than_a_wrong_one(name: str) -> None:
    _, truth, region = draw()
    right = 200 * (truth - 0.5)
    loss = build_loss(name, {})
    assert loss(right, truth, region).item() == pytest.approx(0, abs=1e-4)
    assert loss(-right, truth, region) > 0.3


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("filled", [0.0, 1.0])
@pytest.mark.parametrize("size", [(12, 14), (1, 1)])
def test_an_empty_a_full_and_a_single_pixel_truth_give_finite_gradients(
    name: str, filled: float, size: tuple[int, int]
) -> None:
    logits = torch.linspace(-80, 80, size[0] * size[1]).reshape(1, 1, *size).requires_grad_()
    loss = build_loss(name, {})(logits, torch.full((1, 1, *size), filled), torch.ones(1, 1, *size))
    loss.backward()
    assert math.isfinite(loss.item())
    assert logits.grad is not None and torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", LOSSES)
def test_an_empty_region_gives_no_gradient(name: str) -> None:
    logits, truth, region = draw()
    logits.requires_grad_()
    loss = build_loss(name, {})(logits, truth, torch.zeros_like(region))
    loss.backward()
    assert math.isfinite(loss.item())
    assert logits.grad is not None and not logits.grad.any()


@pytest.mark.parametrize("name", LOSSES)
def test_mixed_precision_logits_are_scored_in_float32(name: str) -> None:
    logits, truth, region = draw()
    half = logits.bfloat16()
    loss = build_loss(name, {})
    assert loss(half, truth, region).dtype == torch.float32
    torch.testing.assert_close(loss(half, truth, region), loss(half.float(), truth, region))


@pytest.mark.parametrize("name", LOSSES)
def test_a_descent_on_the_logits_finds_the_truth(name: str) -> None:
    _, truth, _ = draw()
    region = torch.ones(2, 1, 12, 14)
    logits = torch.zeros(SHAPE, requires_grad=True)
    optimiser = torch.optim.Adam([logits], 0.3)
    for step in range(60):
        optimiser.zero_grad()
        build_loss(name, {}).at(step)(logits, truth, region).backward()
        optimiser.step()
    assert ((logits > 0) == (truth > 0.5)).float().mean() > 0.98


def test_a_loss_without_schedule_is_the_same_at_every_step() -> None:
    loss = build_loss("dice", {})
    assert loss.at(1000) == loss


def test_a_misspelt_loss_is_answered_with_the_nearest() -> None:
    with pytest.raises(SchemaError, match="unknown loss 'dise'; did you mean 'dice'"):
        build_loss("dise", {})


def test_a_misspelt_argument_is_answered_with_the_nearest() -> None:
    with pytest.raises(SchemaError, match="loss 'dice': unknown key 'smoth'; did you mean 'smooth'"):
        build_loss("dice", {"smoth": 1.0})
