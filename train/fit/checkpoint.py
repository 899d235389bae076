"""Checkpoints that survive a kill at any moment: a file replaces the one before, which is kept under another name."""

from pathlib import Path
from typing import Any

import torch

from retseg.files import OutputError, replacing

State = dict[str, Any]
RENAMED = {"start": "initial_model", "average": "ema"}
"""Keys of the first version to those of today."""


def save_checkpoint(state: State, path: Path) -> None:
    """Write a checkpoint; the last good one stays, as `*.previous`, until this one is complete.

    Raises:
        OutputError: the disk is full or the folder cannot be written; the last good checkpoint is still there.
    """
    try:
        with replacing(path) as new:
            with new.open("wb") as stream:
                torch.save(state, stream)
            if path.exists():
                path.replace(path.with_suffix(".previous"))
    except (OutputError, RuntimeError) as error:
        raise OutputError(f"{error}; the last good checkpoint is kept: free space, then --resume") from error


def load_checkpoint(path: Path) -> State | None:
    """The newest checkpoint that can be read, or None where there is none; a broken one is passed over for the last."""
    for candidate in (path, path.with_suffix(".previous")):
        if not candidate.is_file():
            continue
        try:
            state: State = torch.load(candidate, map_location="cpu", weights_only=True)
        except Exception as error:  # a torn file raises whatever the reader meets first
            print(f"warning: {candidate} cannot be read ({error}); the checkpoint before it is used")
            continue
        return {RENAMED.get(key, key): value for key, value in state.items()}
    return None
