"""Write and read checkpoints; the one before is kept, so that a kill at any moment leaves a good one.

A checkpoint begins with a line that names the format, and with the SHA-256 of all that follows, in which torch has
written the state. A file of version 0.1 is the state alone.
"""

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from retseg.errors import RetsegError
from retseg.files import OutputError, replacing

State = dict[str, Any]
KEPT = ("recipe", "network", "ema", "step", "optimiser")
"""The keys of every checkpoint of a training."""

RENAMED = {"start": "initial_model", "average": "ema"}
"""Keys of the first version, and their new names."""

MAGIC = b"retseg checkpoint 1\n"
TORCH_MAGIC = b"PK"
"""The beginning of a zip file, as which torch writes a state."""


class CheckpointError(RetsegError):
    """A checkpoint is damaged; the message says how, and names no file."""


def save_checkpoint(state: State, path: Path) -> None:
    """Write a checkpoint; the last good one stays, as `*.previous`, until this one is complete.

    Raises:
        OutputError: the disk is full or the folder cannot be written; the last good checkpoint is still there.
    """
    content = io.BytesIO()
    torch.save(state, content)
    try:
        with replacing(path) as new:
            with new.open("wb") as stream:
                stream.write(MAGIC + hashlib.sha256(content.getbuffer()).digest())
                stream.write(content.getbuffer())
            if path.exists():
                path.replace(path.with_suffix(".previous"))
    except OutputError as error:
        raise OutputError(f"{error}; the last good checkpoint is kept: free space, then --resume") from error


def load_checkpoint(path: Path, needed: Iterable[str] = ()) -> State | None:
    """The newest checkpoint that is whole, or None where there is none; a damaged one is passed over for the last.

    Args:
        path: of the newest; the one before is `*.previous`.
        needed: keys without which a checkpoint counts as damaged.
    """
    for candidate in (path, path.with_suffix(".previous")):
        if not candidate.is_file():
            continue
        try:
            state = {RENAMED.get(key, key): value for key, value in _decode(candidate.read_bytes()).items()}
            missing = [key for key in needed if key not in state]
            if missing:
                raise CheckpointError(f"it has no '{missing[0]}'")
        except Exception as error:  # the type of the error depends on where a file of version 0.1 is broken
            print(f"warning: {candidate} cannot be used ({error}); the checkpoint before it is, where there is one")
            continue
        return state
    return None


def _decode(content: bytes) -> State:
    """The state in the bytes of a checkpoint.

    Raises:
        CheckpointError: the bytes are not those that were written, or hold no table.
    """
    start = len(MAGIC) + hashlib.sha256().digest_size
    if content.startswith(MAGIC):
        if hashlib.sha256(memoryview(content)[start:]).digest() != content[len(MAGIC) : start]:
            raise CheckpointError("its SHA-256 is not that of its content")
        content = content[start:]
    elif not content.startswith(TORCH_MAGIC):
        raise CheckpointError("it is no checkpoint")
    state: object = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        raise CheckpointError(f"it holds a {type(state).__name__}, wanted is a table")
    return state
