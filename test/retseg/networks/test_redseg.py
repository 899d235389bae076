"""Red-Seg: sizes as in Caffe, outputs, the published start, and VGG16 weights from a file."""

import pytest
import torch
from torch import nn
from torchvision.models.vgg import cfgs, make_layers

from retseg.networks import NetworkError, build_network
from retseg.networks.redseg import RedSeg
from retseg.networks.vgg import VGG16

torch.set_num_threads(1)
NARROW = (4, 4, 6, 6, 8)


def draw_vgg16() -> nn.Sequential:
    """Torchvision's convolutions, without the 100 million weights of the classifier."""
    return make_layers(cfgs["D"])


def test_712_pixels_are_halved_as_in_caffe() -> None:
    with torch.device("meta"):
        maps = VGG16(3, (1, 1, 1, 1, 1))(torch.empty(1, 3, 712, 1072))
    assert [tuple(features.shape[-2:]) for features in maps] == [
        (712, 1072),
        (356, 536),
        (178, 268),
        (89, 134),
        (45, 67),
    ]


def test_two_lesions_have_eight_outputs() -> None:
    outputs = RedSeg(tasks=2, widths=NARROW).forward_all(torch.rand(1, 3, 50, 70))
    assert [tuple(output.shape) for output in outputs] == [(1, 2, 50, 70)] * 4


def test_a_longer_branch_has_a_last_output_of_its_own() -> None:
    """The study of fused stages: microaneurysms from conv2 to conv5, haemorrhages as ever; nine losses."""
    network = RedSeg(tasks=2, stages=[[2, 3, 4, 5], [3, 4, 5]], widths=NARROW)
    for parameter in network.scores.parameters():
        nn.init.normal_(parameter)
    outputs = network.forward_all(torch.rand(1, 3, 50, 70))
    assert [tuple(output.shape) for output in outputs] == [(1, 2, 50, 70)] * 4 + [(1, 1, 50, 70)]
    assert network.output_tasks == ((0, 1), (0, 1), (0, 1), (0, 1), (0,))
    fused = outputs[0]
    torch.testing.assert_close(fused[:, 0], torch.stack([side[:, 0] for side in outputs[1:]]).mean(0))
    torch.testing.assert_close(fused[:, 1], torch.stack([side[:, 1] for side in outputs[1:4]]).mean(0))


def test_at_the_start_all_logits_tie_at_zero_and_the_fusion_is_a_mean() -> None:
    network = RedSeg(tasks=2, widths=NARROW)
    assert not network(torch.rand(1, 3, 32, 32)).any()
    for parameter in network.scores.parameters():
        nn.init.normal_(parameter)
    fused, *sides = network.forward_all(torch.rand(1, 3, 32, 32))
    torch.testing.assert_close(fused, torch.stack(sides).mean(0))


def test_each_lesion_reads_its_own_stages() -> None:
    """Microaneurysms do not see stage 5, haemorrhages do."""
    network = RedSeg(tasks=2, widths=NARROW)
    for parameter in network.scores.parameters():
        nn.init.normal_(parameter)
    x = torch.rand(1, 3, 32, 32)
    before = network(x)
    nn.init.zeros_(network.encoder.stages[4][0].weight)  # type: ignore[index]
    after = network(x)
    assert torch.equal(before[:, 0], after[:, 0])
    assert not torch.equal(before[:, 1], after[:, 1])


def test_without_batch_norm_the_signal_survives_thirteen_random_layers() -> None:
    torch.manual_seed(0)
    deviation = VGG16(3, (16, 16, 32, 32, 32))(torch.randn(1, 3, 64, 64))[-1].std().item()
    assert 0.1 < deviation < 10


def test_torchvisions_vgg16_loads_and_computes_the_same() -> None:
    torch.manual_seed(0)
    theirs = draw_vgg16()
    network = build_network("hed", {})
    network.load_encoder({f"features.{key}": value for key, value in theirs.state_dict().items()})
    x = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(network.encoder(x)[-1], theirs[:30](x))  # type: ignore[operator]


def test_weights_of_another_network_are_refused_by_name_or_shape() -> None:
    network = RedSeg(widths=NARROW)
    with pytest.raises(NetworkError, match="13 convolutions of VGG16"):
        network.load_encoder({"features.0.weight": torch.zeros(4, 3, 3, 3)})
    with pytest.raises(NetworkError, match=r"'features.0.weight' has the shape \(64, 3, 3, 3\)"):
        network.load_encoder({f"features.{key}": v for key, v in draw_vgg16().state_dict().items()})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tasks": 3}, "stages of each of its 3 tasks"),
        ({"tasks": 2, "stages": [[1, 2], []]}, "between 1 and 5 for each task"),
        ({"stages": [[5, 6]]}, "between 1 and 5"),
        ({"widths": [4, 4]}, "5 stages, found 2 widths"),
    ],
)
def test_branches_that_cannot_be_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        build_network("redseg", arguments)
