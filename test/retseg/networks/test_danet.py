"""DANet's two attentions are those of its formulas; its ResNet keeps an eighth of the size."""

import torch

from retseg.networks.danet import ChannelAttention, PositionAttention
from retseg.networks.resnet import ResNet


def test_both_attentions_change_nothing_before_their_factor_is_learnt() -> None:
    x = torch.randn(2, 16, 5, 4)
    assert torch.equal(PositionAttention(16)(x), x) and torch.equal(ChannelAttention()(x), x)


def test_a_position_gets_the_mean_of_all_values_weighted_by_the_softmax_of_query_and_key() -> None:
    attention, x = PositionAttention(16), torch.randn(2, 16, 5, 4)
    torch.nn.init.constant_(attention.gamma, 0.5)
    query, key, value = (each(x).flatten(2) for each in (attention.query, attention.key, attention.value))
    weights = torch.softmax(torch.einsum("nci,ncj->nij", query, key), 2)
    wanted = x + 0.5 * torch.einsum("ncj,nij->nci", value, weights).reshape(x.shape)
    torch.testing.assert_close(attention(x), wanted, rtol=1e-4, atol=1e-5)


def test_a_channel_gets_most_of_the_channel_that_is_least_like_it() -> None:
    attention = ChannelAttention()
    torch.nn.init.ones_(attention.gamma)
    x = torch.zeros(1, 3, 2, 2)
    x[0, 0, 0], x[0, 1, 1], x[0, 2, 0] = 10.0, 10.0, 10.0
    found = attention(x) - x
    torch.testing.assert_close(found[0, 0], x[0, 1])
    torch.testing.assert_close(found[0, 1], (x[0, 0] + x[0, 2]) / 2)


def test_a_dilated_resnet_stays_at_an_eighth_and_sees_farther() -> None:
    x = torch.randn(1, 3, 64, 96)
    plain, dilated = ResNet(width=2, blocks=(1, 1, 1, 1)), ResNet(width=2, blocks=(1, 1, 1, 1), dilated=True)
    assert [tuple(each.shape[-2:]) for each in plain(x)] == [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert [tuple(each.shape[-2:]) for each in dilated(x)] == [(16, 24), (8, 12), (8, 12), (8, 12)]
    assert plain.state_dict().keys() == dilated.state_dict().keys()
