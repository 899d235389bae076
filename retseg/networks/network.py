"""What every network here promises."""

from torch import Tensor, nn


class Network(nn.Module):
    """A segmentation network: `forward` maps (N, in_channels, H, W) to logits (N, tasks, H, W) for any H and W."""

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of the images `x` (N, in_channels, H, W)."""
        raise NotImplementedError

    def forward_all(self, x: Tensor) -> tuple[Tensor, ...]:
        """The outputs that training supervises, each (N, tasks, H, W): `forward`'s first, then side outputs."""
        return (self(x),)
