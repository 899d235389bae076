"""SegNet puts values back where they were; its encoder takes the convolutions of VGG16."""

import torch
from torch.nn import functional as F

from retseg.networks.segnet import SegNet, pool_with_places, unpool
from retseg.networks.vgg import VGG16


def test_pooling_and_its_reverse_are_those_of_torch_on_even_and_odd_sizes() -> None:
    for size in ((8, 6), (7, 9)):
        x = torch.randn(2, 3, *size)
        pooled, indices = F.max_pool2d(x, 2, 2, ceil_mode=True, return_indices=True)
        found, places = pool_with_places(x)
        assert torch.equal(found, pooled) and torch.equal(places.sum(-1), torch.ones_like(pooled))
        sparse = unpool(found, places)[..., : size[0], : size[1]]
        assert torch.equal(sparse, F.max_unpool2d(pooled, indices, [2, 2], [2, 2], output_size=size))


def test_equal_values_have_one_place() -> None:
    _, places = pool_with_places(torch.zeros(1, 1, 4, 4))
    assert torch.equal(places.sum(-1), torch.ones(1, 1, 2, 2))


def test_the_encoder_takes_the_convolutions_of_vgg16_in_their_order() -> None:
    widths = (4, 6, 8, 10, 12)
    source, network = VGG16(3, widths), SegNet(widths=widths)
    convolutions = [module for module in source.modules() if isinstance(module, torch.nn.Conv2d)]
    table = {
        f"features.{3 * i}.{key}": value for i, c in enumerate(convolutions) for key, value in c.state_dict().items()
    }
    network.load_encoder(table)
    own = [module for module in network.encoder.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len(own) == 13 and all(torch.equal(a.weight, b.weight) for a, b in zip(own, convolutions, strict=True))
