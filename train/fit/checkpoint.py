"""Checkpoints that survive a kill at any moment: written beside, renamed into place, the one before is kept."""

import os
from pathlib import Path
from typing import Any

import torch

from retseg.files import OutputError


def save_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint; the last good one stays, as `*.previous`, until this one is complete.

    Raises:
        OutputError: the disk is full or the folder cannot be written; the last good checkpoint is still there.
    """
    new = path.with_suffix(".new")
    try:
        with new.open("wb") as stream:
            torch.save(state, stream)
            stream.flush()
            os.fsync(stream.fileno())
    except (OSError, RuntimeError) as error:
        new.unlink(missing_ok=True)
        raise OutputError(
            f"{path} could not be written ({error}); the last good checkpoint is kept: free space, then --resume"
        ) from error
    if path.exists():
        path.replace(path.with_suffix(".previous"))
    new.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The newest checkpoint that can be read, or None where there is none; a broken one is passed over for the last."""
    for candidate in (path, path.with_suffix(".previous")):
        if not candidate.is_file():
            continue
        try:
            state: dict[str, Any] = torch.load(candidate, map_location="cpu", weights_only=True)
        except Exception as error:  # a torn file raises whatever the reader meets first
            print(f"warning: {candidate} cannot be read ({error}); the checkpoint before it is used")
            continue
        return state
    return None
