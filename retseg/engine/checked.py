"""An engine whose answers are checked: a broken model gives an error instead of a mask."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retseg.models import Card, ModelError

if TYPE_CHECKING:
    from retseg.engine.choice import Engine

MEMORY_WORDS = ("bad_alloc", "out of memory", "can't allocate memory", "cannot allocate memory")
"""OpenVINO and torch raise a RuntimeError when the memory is used up; only its text distinguishes it from others."""


class CheckedEngine:
    """Runs an engine, and compares the shape of its logits with the card."""

    def __init__(self, engine: "Engine", card: Card) -> None:
        self._engine, self._card = engine, card
        self.memory, self.description = engine.memory, engine.description

    def __call__(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """From normalised tiles, float32 (N, C, h, w), to finite logits, float32 (N, tasks, h, w).

        Raises:
            ModelError: the logits have another shape, or are not finite.
            MemoryError: there is not enough memory.
        """
        try:
            logits = self._engine(tiles)
        except RuntimeError as error:
            if any(word in str(error).lower() for word in MEMORY_WORDS):
                raise MemoryError(str(error)) from error
            raise
        wanted = (len(tiles), len(self._card.tasks), *tiles.shape[2:])
        if logits.shape != wanted:
            raise ModelError(
                f"the model '{self._card.name}' gives logits of shape {logits.shape}, its card says {wanted}: "
                "take the model folder again from its release"
            )
        if not np.isfinite(logits).all():
            raise ModelError(
                f"the model '{self._card.name}' gives logits that are not finite: its weights are damaged, or the "
                "training diverged; take the model folder again from its release"
            )
        return logits
