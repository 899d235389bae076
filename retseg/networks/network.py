"""The base class of all networks."""

from collections.abc import Mapping

from torch import Tensor, nn

from retseg.networks import NetworkError


class Network(nn.Module):
    """A segmentation network: `forward` maps (N, in_channels, H, W) to logits (N, tasks, H, W) for any H and W.

    Attributes:
        task_modules: names of the modules that belong to its tasks; all others can be copied from a network for other
            tasks.
        output_tasks: for each output of `forward_all`, the numbers of the tasks in it; empty if all outputs have all
            tasks.
    """

    task_modules: tuple[str, ...] = ("head",)
    output_tasks: tuple[tuple[int, ...], ...] = ()

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of the images `x` (N, in_channels, H, W)."""
        raise NotImplementedError

    def forward_all(self, x: Tensor) -> tuple[Tensor, ...]:
        """The outputs that training supervises: `forward`'s first, then side outputs.

        Each is (N, tasks, H, W), or has the tasks of `output_tasks` alone.
        """
        return (self(x),)

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:  # noqa: ARG002
        """Initialise the encoder from weights that were trained elsewhere, as `weights.read_weights` reads it.

        Raises:
            NetworkError: the architecture has no such encoder, or a weight is missing or of another shape.
        """
        raise NetworkError(f"{type(self).__name__} takes no weights of an encoder: leave the file out")
