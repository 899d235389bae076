"""L-Seg's loss: which negatives are hard, and one weight for all tasks of an image."""

import math

import pytest
import torch

from train.fit.losses.bins import BinCrossEntropy


def place(*probabilities: float) -> torch.Tensor:
    """Logits (1, 1, 1, pixels) of those probabilities."""
    return torch.tensor(probabilities).logit().reshape(1, 1, 1, -1)


def push(loss: BinCrossEntropy, logits: torch.Tensor, truth: torch.Tensor) -> tuple[float, torch.Tensor]:
    """The loss and its gradient, of all pixels of one row."""
    z = logits.clone().requires_grad_()
    value = loss(z, truth, torch.ones(1, 1, 1, z.shape[-1]))
    value.backward()
    assert z.grad is not None
    return value.item(), z.grad


def test_whole_bins_are_hard_until_they_hold_key_times_the_positives() -> None:
    """One positive, key 2: of 0.9, 0.7, 0.65, 0.5, 0.1 the bins from 0.6 on hold three, all three count: beta = 3/4."""
    logits = place(0.5, 0.9, 0.7, 0.65, 0.5, 0.1)
    value, gradient = push(BinCrossEntropy(2.0, "sum"), logits, torch.tensor([1.0, 0, 0, 0, 0, 0]).reshape(1, 1, 1, -1))
    expected = 0.75 * math.log(2) + 0.25 * sum(-math.log(1 - p) for p in (0.9, 0.7, 0.65))
    assert value == pytest.approx(expected, rel=1e-5)
    assert [abs(g) > 1e-9 for g in gradient.flatten().tolist()] == [True, True, True, True, False, False]


def test_all_negatives_count_where_the_bins_do_not_hold_enough_and_down_to_a_fifth_where_they_do() -> None:
    """Key 10 wants ten of five negatives; key 4 is content with the four from 0.2 on, without the one of 0.1."""
    logits, truth = place(0.5, 0.9, 0.7, 0.5, 0.3, 0.1), torch.tensor([1.0, 0, 0, 0, 0, 0]).reshape(1, 1, 1, -1)
    for key, counted in ((10.0, 6), (4.0, 5)):
        _, gradient = push(BinCrossEntropy(key, "sum"), logits, truth)
        assert int((gradient.abs() > 1e-9).sum()) == counted


def test_a_task_without_positives_is_pushed_down_everywhere_by_the_weight_of_the_image() -> None:
    """Two tasks of four pixels: one positive and three negatives of 0.9; four negatives of 0.1. k = (3 + 4) / 2."""
    logits = torch.cat([place(0.5, 0.9, 0.9, 0.9), place(0.1, 0.1, 0.1, 0.1)], 1)
    truth = torch.zeros(1, 2, 1, 4)
    truth[0, 0, 0, 0] = 1
    beta = 3.5 / 4.5
    value, gradient = push(BinCrossEntropy(2.0, "sum"), logits, truth)
    expected = beta * math.log(2) - (1 - beta) * (3 * math.log(0.1) + 4 * math.log(0.9))
    assert value == pytest.approx(expected, rel=1e-5)
    torch.testing.assert_close(gradient[0, 1, 0], torch.full((4,), (1 - beta) * 0.1))


def test_an_image_without_any_positive_teaches_nothing() -> None:
    value, gradient = push(BinCrossEntropy(), place(0.9, 0.1), torch.zeros(1, 1, 1, 2))
    assert value == 0 and not gradient.any()


def test_the_sum_over_pixels_is_divided_by_their_number() -> None:
    logits, truth = place(0.5, 0.9, 0.1), torch.tensor([1.0, 0, 0]).reshape(1, 1, 1, -1)
    whole, share = (push(BinCrossEntropy(10.0, kind), logits, truth)[0] for kind in ("sum", "pixels"))  # type: ignore[arg-type]
    assert share == pytest.approx(whole / 3)
