"""Build the networks of other libraries by their names; a library is imported only when it is asked for."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

import torch

from retseg.adopt.error import AdoptError
from retseg.networks import build_network
from retseg.toml_schema import nearest

OWN = "wnet"
"""The network of `retseg.networks` whose checkpoints others publish: Little W-Net and AutoMorph."""

Build = Callable[[str, Mapping[str, Any], int, int], torch.nn.Module]
"""From the name within the library, arguments, channels and classes to a network."""


def build(network: str, arguments: Mapping[str, Any], channels: int, classes: int) -> torch.nn.Module:
    """A network of a library, with random weights.

    Args:
        network: `LIBRARY:NAME`, such as `smp:Unet`.
        arguments: of its class.
        channels, classes: of its input and output.

    Raises:
        AdoptError: the library is unknown or not installed, or has no such network.
    """
    library, _, name = network.partition(":")
    if network == OWN:
        return build_network(OWN, {"in_channels": channels, "tasks": classes, **arguments}).eval()
    if library not in LIBRARIES or not name:
        known = ", ".join([OWN, *(f"{each}:NAME" for each in LIBRARIES)])
        raise AdoptError(f"--network {network} names no network{nearest(library, LIBRARIES)}; give one of {known}")
    package, make = LIBRARIES[library]
    if importlib.util.find_spec(package) is None:
        raise AdoptError(f"{package} is not installed, and --network {network} needs it: install it beside retseg")
    try:
        return make(name, arguments, channels, classes).eval()
    except AdoptError:
        raise
    except Exception as error:  # as many kinds as there are libraries
        reason = str(error).strip().split("\n")[0]
        raise AdoptError(f"{package} cannot build '{name}' with these arguments ({reason}): mend --argument") from error


def _build_smp(name: str, arguments: Mapping[str, Any], channels: int, classes: int) -> torch.nn.Module:
    smp = importlib.import_module("segmentation_models_pytorch")
    known = {each.__name__: each for each in smp.MODEL_ARCHITECTURES_MAPPING.values()}
    kind = known.get(name) or smp.MODEL_ARCHITECTURES_MAPPING.get(name.lower())
    if kind is None:
        raise AdoptError(f"segmentation_models.pytorch has no network '{name}'{nearest(name, known)}")
    return kind(**{"encoder_weights": None, "in_channels": channels, "classes": classes, **arguments})  # type: ignore[no-any-return]


def _build_monai(name: str, arguments: Mapping[str, Any], channels: int, classes: int) -> torch.nn.Module:
    nets = importlib.import_module("monai.networks.nets")
    if name not in MONAI:
        raise AdoptError(f"MONAI's '{name}' is not known here{nearest(name, MONAI)}")
    start = {"spatial_dims": 2, "in_channels": channels, "out_channels": classes}
    return getattr(nets, name)(**{**start, **arguments})  # type: ignore[no-any-return]


MONAI = ("UNet", "DynUNet", "SegResNet")
HEADS = ("unet1.final.weight", "segmentation_head.0.weight")
"""The last kernels of W-Net and of segmentation_models.pytorch."""


def recognise_network(weights: Mapping[str, torch.Tensor]) -> str:
    """The network that the names of weights tell of; empty where they do not."""
    return OWN if any(name.endswith("unet1.first.block.0.weight") for name in weights) else ""


def find_classes(network: str, weights: Mapping[str, torch.Tensor]) -> tuple[int, ...]:
    """The number of outputs that a head in the state dict has; empty where it is not known."""
    if network != OWN and not network.startswith("smp:"):
        return ()
    return tuple(int(value.shape[0]) for name, value in weights.items() if name.endswith(HEADS))[:1]


LIBRARIES: dict[str, tuple[str, Build]] = {
    "monai": ("monai", _build_monai),
    "smp": ("segmentation_models_pytorch", _build_smp),
}
"""Name of each library to its package and what builds its networks."""
