"""clDice against MONAI's, and on lines whose answer is known."""

import pytest
import torch
from monai.losses import SoftclDiceLoss
from monai.losses.cldice import soft_skel

from train.fit.losses.centreline import CentrelineDice, thin


def test_the_soft_skeleton_is_monais() -> None:
    torch.manual_seed(1)
    x = torch.rand(2, 1, 20, 24)
    torch.testing.assert_close(thin(x, 4), soft_skel(x, 4))


def test_soft_cldice_is_monais_for_one_image() -> None:
    torch.manual_seed(2)
    logits, truth = torch.randn(1, 1, 20, 24), (torch.rand(1, 1, 20, 24) < 0.5).float()
    theirs = SoftclDiceLoss(iter_=3, smooth=1e-12)(logits.sigmoid(), truth)
    torch.testing.assert_close(CentrelineDice(1.0, 3, 1.0)(logits, truth, torch.ones(1, 1, 20, 24)), theirs)


def test_a_gap_in_a_thin_line_costs_its_share_of_the_line() -> None:
    """A line of 20 pixels, 5 of them missed: precision 1, sensitivity 15/20, so clDice = 1.5/1.75."""
    truth = torch.zeros(1, 1, 9, 24)
    truth[0, 0, 4, 2:22] = 1
    found = truth.clone()
    found[0, 0, 4, 17:22] = 0
    loss = CentrelineDice(1.0, 3, 1e-6)(200 * (found - 0.5), truth, torch.ones(1, 1, 9, 24))
    assert loss.item() == pytest.approx(1 - 1.5 / 1.75, abs=1e-5)
