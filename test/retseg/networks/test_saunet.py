"""SA-UNet's DropBlock."""

import pytest
import torch

from retseg.networks import NetworkError
from retseg.networks.saunet import DropBlock

torch.set_num_threads(1)


def test_in_evaluation_nothing_is_dropped() -> None:
    x = torch.rand(1, 2, 9, 9)
    assert torch.equal(DropBlock(0.5).eval()(x), x)


def test_in_training_squares_are_dropped_and_the_mean_is_kept() -> None:
    torch.manual_seed(0)
    x = torch.ones(8, 8, 64, 64)
    dropped = DropBlock(0.82)(x)
    assert 0.78 < (dropped > 0).float().mean() < 0.88
    assert dropped.mean().item() == pytest.approx(1, abs=1e-5)
    alone = torch.nn.functional.max_pool2d(dropped, 7, 1)
    assert (alone == 0).any(), "no whole 7x7 square was dropped"


def test_a_map_smaller_than_a_square_is_dropped_as_a_whole_or_kept() -> None:
    torch.manual_seed(0)
    dropped = DropBlock(0.5)(torch.ones(64, 8, 3, 3)).flatten(2)
    assert ((dropped == 0).all(2) | (dropped > 0).all(2)).all()
    assert 0.3 < (dropped == 0).all(2).float().mean() < 0.7


def test_a_share_of_zero_is_refused() -> None:
    with pytest.raises(NetworkError, match="keep in"):
        DropBlock(0.0)
