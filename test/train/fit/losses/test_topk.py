"""Red-Seg's first loss: the schedule, the count, ties, and images in which a class is missing."""

import math

import pytest
import torch
from torch.nn.functional import softplus

from retseg.toml_schema import SchemaError
from train.fit.losses import build_loss
from train.fit.losses.topk import TopKCrossEntropy

PIXELS = 712 * 1072


def score(loss: TopKCrossEntropy, logits: list[float], truth: list[float]) -> tuple[float, torch.Tensor]:
    """The loss of one row of pixels and its gradient."""
    z = torch.tensor(logits).reshape(1, 1, 1, -1).requires_grad_()
    value = loss(z, torch.tensor(truth).reshape(1, 1, 1, -1), torch.ones(1, 1, 1, len(logits)))
    value.backward()
    assert z.grad is not None
    return value.item(), z.grad.flatten()


@pytest.mark.parametrize(
    ("step", "published", "code"),
    [(0, 0.14, 0.14), (9_999, 0.14, 0.14), (30_000, 0.0968, 0.098), (60_000, 0.0536, 0.056), (97_199, 0.0104, 0.014)],
)
def test_the_share_falls_as_published_and_as_in_the_code(step: int, published: float, code: float) -> None:
    assert TopKCrossEntropy().at(step).current_share() == pytest.approx(published, abs=5e-5)
    assert TopKCrossEntropy(schedule="code").at(step).current_share() == pytest.approx(code, abs=1e-9)


def test_the_share_may_fall_evenly_or_not_at_all_and_never_below_zero() -> None:
    assert TopKCrossEntropy(schedule="poly", iterations=100).at(25).current_share() == pytest.approx(0.105)
    assert TopKCrossEntropy(schedule="constant").at(10**6).current_share() == 0.14
    assert TopKCrossEntropy(schedule="code").at(10**6).current_share() == 0.0


def test_the_hardest_negatives_and_all_positives_count() -> None:
    """Negatives 3, 2, 1, 0, share 0.5: k = 3, one positive, beta = 3/4."""
    loss = TopKCrossEntropy(share=0.5, schedule="constant", reduction="sum")
    value, gradient = score(loss, [3.0, 2.0, 1.0, 0.0, -1.0], [0, 0, 0, 0, 1])
    z = torch.tensor([3.0, 2.0, 1.0])
    expected = 0.75 * math.log1p(math.e) + 0.25 * softplus(z).sum().item()
    assert value == pytest.approx(expected)
    torch.testing.assert_close(gradient[:3], 0.25 * z.sigmoid())
    assert gradient[3] == 0
    assert gradient[4].item() == pytest.approx(-0.75 * torch.sigmoid(torch.tensor(1.0)).item())


def test_all_ties_with_the_kth_are_kept_though_the_weight_counts_k() -> None:
    """Ten equal negatives, share 0.14: k = 2, beta = 2/3, yet all ten are pushed, by 1/3 x 1/2 each."""
    value, gradient = score(TopKCrossEntropy(reduction="sum"), [0.0] * 11, [0.0] * 10 + [1.0])
    assert value == pytest.approx((2 / 3 + 10 / 3) * math.log(2))
    torch.testing.assert_close(gradient, torch.tensor([1 / 6] * 10 + [-1 / 3]))


def test_the_first_step_of_the_published_training_pushes_down_seven_times_as_hard_as_up() -> None:
    """722 positives of 763,264 pixels, all logits 0: 2,561 against 359."""
    truth = [1.0] * 722 + [0.0] * (PIXELS - 722)
    _, gradient = score(TopKCrossEntropy(reduction="sum"), [0.0] * PIXELS, truth)
    assert gradient[722:].sum().item() == pytest.approx(2561, abs=1)
    assert gradient[:722].sum().item() == pytest.approx(-359, abs=1)


def test_easy_negatives_are_no_candidates() -> None:
    """Of 100 negatives 90 have p = e^-9: terms 1.2e-4 < 1e-3, so k = floor(10 x 0.5) + 1 = 6."""
    logits = [-9.0] * 90 + [float(i) for i in range(10)] + [0.0]
    _, gradient = score(TopKCrossEntropy(share=0.5, schedule="constant"), logits, [0.0] * 100 + [1.0])
    assert int((gradient > 0).sum()) == 6


def test_without_a_hard_negative_the_hardest_one_counts() -> None:
    _, gradient = score(TopKCrossEntropy(), [-20.0, -12.0, -30.0, 0.0], [0, 0, 0, 1])
    assert [value != 0 for value in gradient.tolist()] == [False, True, False, True]


@pytest.mark.parametrize("filled", [0.0, 1.0])
def test_an_image_with_one_class_alone_teaches_nothing(filled: float) -> None:
    value, gradient = score(TopKCrossEntropy(), [1.0, -2.0, 3.0], [filled] * 3)
    assert value == 0
    assert not gradient.any()


def test_each_image_has_its_own_hard_negatives() -> None:
    torch.manual_seed(0)
    logits, truth = torch.randn(2, 2, 8, 9), (torch.rand(2, 2, 8, 9) < 0.2).float()
    region = (torch.rand(2, 1, 8, 9) < 0.8).float()
    loss = TopKCrossEntropy(reduction="sum")
    alone = [loss(logits[n : n + 1], truth[n : n + 1], region[n : n + 1]) for n in (0, 1)]
    torch.testing.assert_close(loss(logits, truth, region), torch.stack(alone).mean())


def test_a_sum_is_the_mean_times_the_pixels() -> None:
    torch.manual_seed(0)
    batch = torch.randn(1, 1, 8, 9), (torch.rand(1, 1, 8, 9) < 0.2).float(), torch.ones(1, 1, 8, 9)
    torch.testing.assert_close(TopKCrossEntropy(reduction="sum")(*batch), 72 * TopKCrossEntropy()(*batch))
    assert pytest.approx(7.63e-3, rel=1e-3) == 1e-8 * PIXELS


def test_a_share_above_one_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"share in \[0, 1\]"):
        build_loss("topk_bce", {"share": 14})


def test_several_outputs_at_once_are_each_output_alone() -> None:
    """Three outputs, two images, two tasks of which one is empty in one image; the gradients, too."""
    torch.manual_seed(0)
    loss = TopKCrossEntropy(share=0.3, schedule="constant", reduction="sum")
    truth, region = (torch.rand(2, 2, 9, 11) > 0.9).float(), (torch.rand(2, 1, 9, 11) > 0.2).float()
    truth[1, 0] = 0
    outputs = [torch.randn(2, 2, 9, 11, requires_grad=True) for _ in range(3)]
    together = loss.score_all(outputs, truth, region)
    alone = torch.stack([loss(output, truth, region) for output in outputs])
    torch.testing.assert_close(together, alone)
    gradients = (torch.autograd.grad(found.sum(), outputs) for found in (together, alone))
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs)
        assert not ours[1, 0].any() and ours[0, 0].any()
