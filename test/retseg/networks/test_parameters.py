"""Numbers of parameters, to the last one, against those of the published systems; built without memory."""

from typing import Any

import pytest
import torch

from retseg.networks import build_network
from retseg.networks.sam_adapter import SAMAdapter, Variant

FIVE_64, FIVE_32, FIVE_16 = ([base * 2**i for i in range(5)] for base in (64, 32, 16))
PLAIN = {"convolution": "plain"}
ONE = {"bottleneck_convolutions": 1}

ABLATION: list[tuple[dict[str, Any], tuple[int, int, int]]] = [
    (PLAIN | {"gate": "none"}, (31_043_521, 7_765_985, 1_944_049)),
    ({"gate": "none"}, (31_046_465, 7_767_457, 1_944_785)),
    ({"convolution": "scc_all", "gate": "none"}, (35_616_705, 8_911_841, 2_231_793)),
    (PLAIN | {"gate": "sam"}, (31_043_619, 7_766_083, 1_944_147)),
    (PLAIN | {"gate": "isam"}, (31_043_619, 7_766_083, 1_944_147)),
    (PLAIN | {"gate": "before"}, (31_043_619, 7_766_083, 1_944_147)),
    ({}, (31_046_563, 7_767_555, 1_944_883)),
    (PLAIN | ONE, (21_603_363, 5_405_251, 1_353_555)),
    (ONE, (21_605_283, 5_406_211, 1_354_035)),
]

TABLE: list[tuple[str, dict[str, Any], int]] = [
    *(
        ("sccunet", arguments | {"widths": widths}, count)
        for arguments, counts in ABLATION
        for widths, count in zip((FIVE_64, FIVE_32, FIVE_16), counts, strict=True)
    ),
    ("unet", {"widths": FIVE_64}, 31_043_521),
    ("saunet", {}, 537_299),
    ("wnet", {}, 68_482),
    ("unet", {"widths": FIVE_32, "in_channels": 1, "up": "upsample_conv", "head": "softmax"}, 8_636_802),
    ("unet", {"widths": FIVE_32, "in_channels": 1, "up": "upsample_conv"}, 8_636_769),
    ("unet", {"widths": FIVE_32, "in_channels": 1, "head": "softmax"}, 7_765_442),
    ("unet", {"widths": FIVE_32, "in_channels": 1}, 7_765_409),
    ("unet", {"widths": FIVE_32, "in_channels": 1, "up": "bilinear", "head": "softmax"}, 7_852_002),
    ("unet", {"widths": FIVE_32, "in_channels": 1, "up": "bilinear"}, 7_851_969),
    ("senet_unet", {"place": "none"}, 31_043_521),
    ("senet_unet", {"place": "bottleneck"}, 31_043_521 + 132_160),
    ("senet_unet", {"place": "skips"}, 31_043_521 + 44_540),
    ("senet_unet", {"place": "encoder"}, 31_043_521 + 176_700),
    ("senet_unet", {}, 31_043_521 + 221_240),
    ("senet_unet", {"bias": False}, 31_043_521 + 218_112),
    ("senet_unet", {"reduction": 8}, 31_043_521 + 439_536),
    ("unet", {"widths": FIVE_32, "up": "bilinear"}, 7_852_545),
    ("attention_unet", {"attention": False}, 7_852_545),
    ("attention_unet", {"attention": False, "in_channels": 1}, 7_851_969),
    ("attention_unet", {}, 7_907_073),
    ("attention_unet", {"in_channels": 1}, 7_906_497),
    ("unetpp", {}, 9_163_329),
    ("unetpp", {"deep_supervision": True}, 9_163_428),
    ("unetpp", {"in_channels": 1}, 9_162_753),
    ("unetpp", {"attention": True}, 9_221_313),
    ("unetpp", {"attention": True, "deep_supervision": True}, 9_221_412),
    ("unetpp", {"attention": True, "in_channels": 1}, 9_220_737),
    ("unet", {"widths": FIVE_64, "up": "upsample_conv"}, 34_527_041),
    ("r2unet", {}, 39_091_393),
    ("segnet", {"tasks": 11}, 29_449_355),  # published as 29.45 million
    # no number is published: ResNet-50, four 3x3 convolutions, query, key, value, two factors, three scores
    ("danet", {}, 23_508_032 + 9 * 5120 * 512 + 4096 + 2 * (512 * 64 + 64) + 512 * 512 + 512 + 2 + 3 * 513),
    ("redseg", {"tasks": 2}, 14_716_878),
    ("redseg", {"tasks": 1}, 14_714_688 + 903),
    ("hed", {}, 14_716_171),
    ("hed", {"tasks": 4}, 14_720_620),
    ("lwenet", {}, 1_961_045),
    ("fcrn", {}, 23_508_032 + 256 + 512 + 1024 + 2048 + 4),
]


@pytest.mark.parametrize(("architecture", "arguments", "count"), TABLE)
def test_the_number_of_parameters_is_the_published_one(
    architecture: str, arguments: dict[str, Any], count: int
) -> None:
    with torch.device("meta"):
        network = build_network(architecture, arguments)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


@pytest.mark.parametrize(
    ("variant", "encoder", "adapter"), [("vit_b", 89_670_912, 63_312), ("vit_h", 637_026_048, 186_960)]
)
def test_the_parts_of_the_sam_adapter_are_as_large_as_published(variant: Variant, encoder: int, adapter: int) -> None:
    with torch.device("meta"):
        network = SAMAdapter(variant=variant)
    counts = {name: sum(p.numel() for p in network.get_submodule(name).parameters()) for name in PARTS}
    assert counts == dict(zip(PARTS, (encoder + adapter, adapter, 4_058_340), strict=True))


PARTS = ("image_encoder", "image_encoder.prompt_generator", "mask_decoder")
