"""The tables of a recipe about patches: how they are drawn from images and changed at random."""

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Sampling:
    """How patches are drawn.

    Attributes:
        patch: side of a patch, in pixels of the working scale.
        batch: patches per step and device.
        margin: a window of `margin` times the patch is cut, so that rotations do not show its border.
        positive_share: this share of the patches has a pixel of a random task in its middle half; the rest lie
            anywhere in the field of view.
        position: `random`, as above; or `whole`: a patch is centred on an image, so that a large patch holds the whole
            image.
        padded: a whole image is padded to the square of a patch. Otherwise it keeps its sides, at most `patch` long,
            which needs a batch of one.
    """

    patch: int = 256
    batch: int = 4
    margin: float = 1.4
    positive_share: float = 0.0
    position: Literal["random", "whole"] = "random"
    padded: bool = True

    def __post_init__(self) -> None:
        if not self.padded and (self.position != "whole" or self.batch != 1):
            raise ValueError(
                "padded = false is for whole images, one at a time: it needs position = 'whole' and batch = 1, found "
                f"'{self.position}' and {self.batch}"
            )


@dataclass(frozen=True)
class Tone:
    """Random tone curves, because cameras have different ones: 255 x gain x (value / 255) ^ gamma, at most 255.

    The curve is applied to a patch and to the brightness of its whole image, so that a patch is standardised like one
    of a photograph with this curve.

    Attributes:
        gamma: range of the exponent, which all channels share; drawn uniformly on a log scale.
        gain: range of the factor of each channel; drawn uniformly on a log scale.
    """

    gamma: tuple[float, float] = (1.0, 1.0)
    gain: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if not (0 < self.gamma[0] <= self.gamma[1] and 0 < self.gain[0] <= self.gain[1]):
            raise ValueError(f"gamma and gain are ranges of positive numbers, found {self.gamma} and {self.gain}")


@dataclass(frozen=True)
class Transform:
    """One transform of albumentations, by name, with its arguments.

    Attributes:
        name: of its class.
        arguments: of its constructor.
        transforms: that it chooses from or chains, for classes such as `OneOf`.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    transforms: tuple["Transform", ...] = ()
