"""Write the archive of a submission in the layout of its challenge, one case at a time."""

import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.files import replacing
from retseg.image import label_mask
from retseg.image.nifti import StackWriter
from retseg.submission.plan import Plan, SubmissionError

SAME_DATE = (1980, 1, 1, 0, 0, 0)
"""The date of every member, so that the same predictions give the same archive."""

IN_MEMORY = 32 << 20


@dataclass(frozen=True)
class SubmittedCase:
    """The prediction of one image.

    Attributes:
        name: the stem of the image.
        masks: task to (H, W) bool; not needed for grey-level submissions.
        probabilities: task to (H, W) in [0, 1]; needed for grey-level submissions only.
    """

    name: str
    masks: Mapping[str, NDArray[np.bool_]]
    probabilities: Mapping[str, NDArray[np.float32]]


def write_submission(plan: Plan, cases: Iterable[SubmittedCase], path: Path) -> tuple[str, ...]:
    """Write the archive; the same predictions give the same bytes.

    Args:
        plan: the images, their order and names.
        cases: in the order of the plan's names; only one is in memory at a time.
        path: of the zip file.

    Returns:
        The names of its members.

    Raises:
        SubmissionError: the cases are not those of the plan, or one has a wrong size or lacks what the layout requires.
        OutputError: the archive cannot be written.
    """
    write = _write_stacks if plan.layout.kind == "stack" else _write_files
    with replacing(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
        write(archive, plan, _in_order(plan, cases))
        return tuple(archive.namelist())


def _in_order(plan: Plan, cases: Iterable[SubmittedCase]) -> Iterable[SubmittedCase]:
    expected = list(plan.names)
    for case in cases:
        if not expected or case.name != expected.pop(0):
            raise SubmissionError(f"the case '{case.name}' is not the next of the plan: hand in images in their order")
        yield case
    if expected:
        raise SubmissionError(f"{len(expected)} images have no prediction, the first is '{expected[0]}'")


def _write_files(archive: zipfile.ZipFile, plan: Plan, cases: Iterable[SubmittedCase]) -> None:
    for case in cases:
        for task in plan.tasks:
            name = plan.name_member(task, case.name)
            encoded, content = cv2.imencode(Path(name).suffix or ".png", _draw(plan, case, task))
            if not encoded:
                raise SubmissionError(f"{name} cannot be written: name the files .png or .tif")
            _add(archive, name, content.tobytes())


def _write_stacks(archive: zipfile.ZipFile, plan: Plan, cases: Iterable[SubmittedCase]) -> None:
    with ExitStack() as stack:
        spools = {task: stack.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)) for task in plan.tasks}
        writers: dict[str, StackWriter] = {}
        for case in cases:
            for task in plan.tasks:
                pixels = _draw(plan, case, task)
                if task not in writers:
                    size = (pixels.shape[1], pixels.shape[0], len(plan.names))
                    writers[task] = StackWriter(cast(BinaryIO, spools[task]), size)
                writers[task].append(pixels)
        for task, writer in writers.items():
            writer.close()
            spools[task].seek(0)
            _add(archive, plan.name_member(task), spools[task].read())


def _draw(plan: Plan, case: SubmittedCase, task: str) -> NDArray[np.uint8]:
    """(H, W) uint8: the mask in the declared values, or the probability in 256 grey levels."""
    layout = plan.layout
    source = case.probabilities if layout.kind == "grey" else case.masks
    if task not in source:
        raise SubmissionError(
            f"the case '{case.name}' has no {'probabilities' if layout.kind == 'grey' else 'mask'} of '{task}'"
        )
    values = source[task]
    if layout.size != (0, 0) and values.shape != layout.size[::-1]:
        raise SubmissionError(
            f"the prediction of '{case.name}' is {values.shape[1]} x {values.shape[0]} pixels, "
            f"wanted {layout.size[0]} x {layout.size[1]}"
        )
    if layout.kind == "grey":
        levels: NDArray[np.uint8] = np.rint(np.asarray(values, np.float32) * np.float32(255)).astype(np.uint8)
        return levels
    return label_mask(np.asarray(values, np.bool_), layout.values)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, SAME_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)
