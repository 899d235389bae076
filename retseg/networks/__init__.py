"""Every architecture by its name. Importing this package imports no torch."""

import importlib
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from retseg.errors import RetsegError
from retseg.toml_schema import nearest

if TYPE_CHECKING:
    from retseg.networks.network import Network

ARCHITECTURES = {
    "attention_unet": "retseg.networks.unetpp:AttentionUNet",
    "danet": "retseg.networks.danet:DANet",
    "deeplabv3plus": "retseg.networks.deeplabv3plus:DeepLabV3Plus",
    "ensemble": "retseg.networks.ensemble:Ensemble",
    "fcn": "retseg.networks.fcn:FCN",
    "fcrn": "retseg.networks.fcrn:FCRN",
    "hed": "retseg.networks.hed:HED",
    "lwenet": "retseg.networks.lwenet:LWENet",
    "nnunet_style": "retseg.networks.nnunet_style:NNUNetStyle",
    "r2unet": "retseg.networks.r2unet:R2UNet",
    "redseg": "retseg.networks.redseg:RedSeg",
    "sam_adapter": "retseg.networks.sam_adapter:SAMAdapter",
    "saunet": "retseg.networks.saunet:SAUNet",
    "sccunet": "retseg.networks.sccunet:SCCUNet",
    "segnet": "retseg.networks.segnet:SegNet",
    "senet_unet": "retseg.networks.senet_unet:SENetUNet",
    "unet": "retseg.networks.unet:UNet",
    "unetpp": "retseg.networks.unetpp:UNetPlusPlus",
    "wnet": "retseg.networks.wnet:WNet",
}
"""Name of each architecture, and its class."""


class NetworkError(RetsegError):
    """A network cannot be built with these arguments; the message gives the nearest valid name or the valid range."""


def build_network(architecture: str, arguments: Mapping[str, Any]) -> "Network":
    """Build a freshly initialised network.

    Args:
        architecture: one of `ARCHITECTURES`.
        arguments: the keyword arguments of its class, as a card or a recipe holds them (lists for tuples are fine).

    Returns:
        A module whose `forward` maps (N, in_channels, H, W) to logits (N, tasks, H, W) for any H and W.

    Raises:
        NetworkError: the architecture, an argument or its value is unknown.
    """
    if architecture not in ARCHITECTURES:
        raise NetworkError(f"unknown architecture '{architecture}'{nearest(architecture, ARCHITECTURES)}")
    module, name = ARCHITECTURES[architecture].split(":")
    kind: type[Network] = getattr(importlib.import_module(module), name)
    known = inspect.signature(kind).parameters
    for key in arguments:
        if key not in known:
            raise NetworkError(f"architecture '{architecture}': unknown argument '{key}'{nearest(key, known)}")
    for key, parameter in known.items():
        if parameter.default is inspect.Parameter.empty and key not in arguments:
            raise NetworkError(f"architecture '{architecture}': the argument '{key}' is missing")
    return kind(**arguments)
