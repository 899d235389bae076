"""HED: the scores of all five stages of VGG16, fused."""

from collections.abc import Sequence

from retseg.networks.vgg import WIDTHS, SideScores


class HED(SideScores):
    """Holistically-nested edge detection (Xie and Tu, ICCV 2015); 14,716,171 parameters for one task.

    The original pads the image by 35 pixels. Here pooling rounds up, and the maps are cropped.

    For four tasks it is L-Seg (Guo et al., Neurocomputing 349, 2019): 14,720,620 parameters, the number of that paper's
    layer list. Whether the fusion of the paper has more parts is not public.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of VGG16's five stages.
    """

    def __init__(self, *, in_channels: int = 3, tasks: int = 1, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__(in_channels, [(1, 2, 3, 4, 5)] * tasks, widths)
