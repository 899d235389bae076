"""L-Seg: HED for several lesions at once."""

from collections.abc import Sequence

from retseg.networks.vgg import WIDTHS, SideScores


class LSeg(SideScores):
    """A network like L-Seg (Guo et al., Neurocomputing 349, 2019): five scales for each of usually four lesions.

    14,720,620 parameters for four tasks, the number of the published layer list. What the text of the paper may add to
    the fusion is not public. HED with several tasks is the same network; it has its own name for its own recipes.

    Args:
        in_channels: channels of the input.
        tasks: lesions; four in the paper.
        widths: channels of VGG16's five stages.
    """

    def __init__(self, *, in_channels: int = 3, tasks: int = 4, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__(in_channels, [(1, 2, 3, 4, 5)] * tasks, widths)
