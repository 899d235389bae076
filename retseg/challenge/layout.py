"""Where the files of a challenge are: patterns for its ground truth and for its submissions.

A pattern is a relative path without suffix. `{case}` stands for the name of the case, `{split}` for any one folder,
`*` for any part of a name. It is matched against the end of a path, so the folder given on the command line may be the
whole download, one split of it, or one folder of masks.
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Part:
    """The part of an image file that shows one task.

    Attributes:
        values: of a label map that belong to the task; when empty, every value but 0 does.
        volume: of a 4-D stack, counted from 0; -1 for an image that is no stack.
    """

    values: tuple[int, ...] = ()
    volume: int = -1


@dataclass(frozen=True)
class GroundTruth:
    """One layout that the truth of a challenge is published in.

    Attributes:
        title: its name in messages.
        masks: task to pattern. Several tasks may have one pattern, where the files are label maps or stacks.
        labels: task to the values of a label map that belong to it. A task that is no key has all values but 0.
        volumes: task to its volume in a 4-D stack, counted from 0.
        values: slug of a socket to the pattern of JSON files with its true value, which end with `.json`.
        images: patterns of the photographs.
        field_of_view: patterns of the field-of-view masks.
        missing_mask: an image without a mask file has no such lesion (`empty`), or is no case of that task (`error`).
    """

    title: str
    masks: dict[str, str]
    images: tuple[str, ...] = ()
    field_of_view: tuple[str, ...] = ()
    missing_mask: Literal["empty", "error"] = "error"
    labels: dict[str, tuple[int, ...]] = field(default_factory=dict)
    volumes: dict[str, int] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for pattern in (*self.masks.values(), *self.images, *self.field_of_view, *self.values.values()):
            if pattern.count("{case}") != 1:
                raise ValueError(f"the pattern '{pattern}' must hold {{case}} once")
        for pattern in self.values.values():
            if not pattern.endswith(".json"):
                raise ValueError(f"the pattern '{pattern}' of true values must end with .json")
        for task in (*self.labels, *self.volumes):
            if task not in self.masks:
                raise ValueError(f"the task '{task}' has labels or a volume but no pattern of masks")

    def find_part(self, task: str) -> Part:
        """The part of a mask file that shows a task."""
        return Part(self.labels.get(task, ()), self.volumes.get(task, -1))


@dataclass(frozen=True)
class Submission:
    """What the organisers accept as an upload.

    Attributes:
        kind: `mask` one file per case, `grey` the same with 256 grey levels of probability, `stack` one volume per
            task with a slice per case, in numeric order of the case names.
        file: the name of a member of the archive, with `{team}`, `{case}` (the stem of the image) and `{label}` in it.
        labels: task to what stands for it in `file`.
        values: (background, foreground) of masks.
        cases: how many images the organisers expect; 0 where any number is accepted.
        size: (width, height) in pixels, or (0, 0) where it is that of the image.
        certainty: how reliable our knowledge of this layout is, a sentence that is shown after writing.
    """

    kind: Literal["mask", "grey", "stack"]
    file: str
    labels: dict[str, str] = field(default_factory=dict)
    values: tuple[int, int] = (0, 1)
    cases: int = 0
    size: tuple[int, int] = (0, 0)
    certainty: str = ""

    def __post_init__(self) -> None:
        if ("{case}" in self.file) == (self.kind == "stack"):
            raise ValueError(f"the file name '{self.file}' must hold {{case}}, unless all cases share a stack")
        if self.file.startswith("/") or ".." in self.file.split("/"):
            raise ValueError(f"the file name '{self.file}' leaves the archive")
