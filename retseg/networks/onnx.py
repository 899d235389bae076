"""A network as an ONNX file: derived from the weights, never the other way round."""

import logging
import warnings
from pathlib import Path

import torch
from torch import nn

OPSET = 17


def export_onnx(network: nn.Module, in_channels: int, path: Path, size: tuple[int, int] = (128, 128)) -> None:
    """Write `network` in evaluation mode as ONNX with free batch, height and width.

    The input is named `image` (N, in_channels, H, W), the output `logits` (N, tasks, H, W). The file holds the weights.

    Args:
        network: left in the mode in which it came.
        in_channels: channels of the input.
        path: the file, overwritten.
        size: height and width that the network is traced at; any other works as well.
    """
    device = next(network.parameters()).device
    example = torch.rand(1, in_channels, *size, device=device)
    free = {0: "batch", 2: "height", 3: "width"}
    training = network.training
    network.eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                (example,),
                str(path),
                input_names=["image"],
                output_names=["logits"],
                opset_version=OPSET,
                dynamic_axes={"image": free, "logits": free},
                dynamo=False,
            )
    finally:
        network.train(training)
