"""Red-Seg: one VGG16 and a branch for each lesion, supervised at every scale."""

from collections.abc import Sequence

from retseg.networks import NetworkError
from retseg.networks.vgg import WIDTHS, SideScores

MICROANEURYSM, HAEMORRHAGE = (2, 3, 4), (3, 4, 5)


class RedSeg(SideScores):
    """Red-Seg (Guo et al., Journal of Software 32(11), 2021); 14,716,878 parameters for its two tasks.

    Small lesions are scored on stages 2 to 4, large ones on 3 to 5. Each of `forward_all`'s four outputs holds both
    branches: eight losses. In the study of fused stages, `[[2, 3, 4, 5], [3, 4, 5]]` has nine: a fifth output holds the
    longer branch alone. Inside, `encoder` is VGG16, `scores` and `fuses` the branches.

    Args:
        in_channels: channels of the input.
        tasks: 1 microaneurysms, 2 haemorrhages too; more need `stages`.
        stages: for each task, the stages that are scored.
        widths: channels of VGG16's five stages.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        tasks: int = 1,
        stages: Sequence[Sequence[int]] | None = None,
        widths: Sequence[int] = WIDTHS,
    ) -> None:
        chosen = (MICROANEURYSM, HAEMORRHAGE)[:tasks] if stages is None else stages
        if len(chosen) != tasks:
            raise NetworkError(f"Red-Seg needs the stages of each of its {tasks} tasks, found {len(chosen)}")
        super().__init__(in_channels, chosen, widths)
