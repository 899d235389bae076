"""Random changes of a patch, by the transforms of albumentations that a recipe names."""

from collections.abc import Sequence
from dataclasses import dataclass

import albumentations as A
import numpy as np
from numpy.typing import NDArray

from retseg.toml_schema import SchemaError, nearest
from train.config.patches import Transform


@dataclass(frozen=True)
class Patch:
    """A part of an image with its truth.

    Attributes:
        pixels: uint8 (h, w, C).
        truth: uint8 (h, w, tasks), 0 to 255 for a share of 0 to 1.
        field_of_view: uint8 (h, w), 0 or 1.
    """

    pixels: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    field_of_view: NDArray[np.uint8]


def compose(transforms: Sequence[Transform], patch: int, padded: bool = True) -> A.Compose:
    """Chain a recipe's transforms; the last step cuts the centre of the patch to `patch` pixels, padded with zeros.

    Args:
        transforms: of the recipe.
        patch: side of a patch in pixels.
        padded: a shorter side gets zeros; otherwise it keeps its length.

    Raises:
        SchemaError: a transform or one of its arguments is unknown.
    """
    steps = [build_transform(transform) for transform in transforms]
    last = [A.CenterCrop(patch, patch, pad_if_needed=True)] if padded else []
    return A.Compose([*steps, *last], additional_targets={"field_of_view": "mask"})


def build_transform(transform: Transform) -> A.BasicTransform | A.BaseCompose:
    """One transform of albumentations, or a group such as `OneOf` with the transforms that it chooses from.

    Raises:
        SchemaError: a transform or one of its arguments is unknown, or a group has no transforms.
    """
    kind = getattr(A, transform.name, None)
    base = A.BaseCompose if transform.transforms else A.BasicTransform
    if not (isinstance(kind, type) and issubclass(kind, base)):
        names = [name for name in dir(A) if isinstance(getattr(A, name), type) and issubclass(getattr(A, name), base)]
        what = "group of transforms" if transform.transforms else "transform"
        raise SchemaError(f"albumentations has no {what} '{transform.name}'{nearest(transform.name, names)}")
    members = [[build_transform(member) for member in transform.transforms]] if transform.transforms else []
    try:
        return kind(*members, **transform.arguments)
    except (TypeError, ValueError) as error:
        raise SchemaError(f"the transform '{transform.name}' was refused: {error}") from error


def augment(patch: Patch, chain: A.Compose, seed: int) -> Patch:
    """Change a patch at random; the result depends on the patch and the seed alone."""
    chain.set_random_seed(seed)
    changed = chain(image=patch.pixels, mask=patch.truth, field_of_view=patch.field_of_view)
    pixels = changed["image"].reshape(*changed["image"].shape[:2], -1)
    truth = changed["mask"].reshape(*changed["mask"].shape[:2], -1)
    return Patch(pixels, truth, changed["field_of_view"])
