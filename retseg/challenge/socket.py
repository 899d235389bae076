"""The sockets of a challenge: what the platform hands over, and what is written for it."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from retseg.challenge.layout import Part
from retseg.toml_schema import nearest

SocketKind = Literal["image", "value", "segmentation", "heatmap", "label_map", "stack"]

FUNCTIONS: dict[str, int] = {
    "present": 1,
    "count": 1,
    "area": 1,
    "share": 1,
    "score": 1,
    "points": 1,
    "height_ratio": 2,
}
"""Names of the functions that compute a value from masks, and of how many tasks; `retseg.measures.values` has them."""

MOST_LABEL = 255


@dataclass(frozen=True)
class Compute:
    """How a JSON value is computed from the masks of one image.

    Attributes:
        function: one of `FUNCTIONS`, or a dotted path to a function of the challenge's own, such as `mine.grade`.
        tasks: whose masks it takes, in this order.
        limits: makes a grade of a number: how many of these rising limits it reaches. None when empty.
        tolerance: by how much two numbers may differ, or two points lie apart (units of the image's spacing), and
            still agree.
    """

    function: str
    tasks: tuple[str, ...]
    limits: tuple[float, ...] = ()
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if "." not in self.function and self.function not in FUNCTIONS:
            raise ValueError(
                f"there is no function '{self.function}'{nearest(self.function, FUNCTIONS)}; one "
                "of your own is written module.function"
            )
        wanted = FUNCTIONS.get(self.function)
        if wanted and len(self.tasks) != wanted:
            raise ValueError(f"the function '{self.function}' takes {wanted} task(s), found {len(self.tasks)}")
        if list(self.limits) != sorted(set(self.limits)):
            raise ValueError(f"limits rise, found {list(self.limits)}")
        if self.limits and self.function in ("points", "present"):
            raise ValueError(f"limits make a grade of a number, and '{self.function}' gives none: leave them out")


@dataclass(frozen=True)
class Socket:
    """One declared input or output of the platform.

    Attributes:
        slug: the platform's name for it.
        path: where it lies, relative to /input or /output; inputs are found by what `inputs.json` says instead.
        kind: an input `image`; `value`, a JSON file, which is an output if it has `compute`; or an output image:
            `segmentation` (uint8, `values` only), `heatmap` (float32 probability), `label_map` (uint8, several tasks in
            one image) or `stack` (a 4-D uint8 image of 0 and 1, one volume for each of `tasks`, which may overlap).
        task: what a segmentation or a heat map shows.
        values: (background, foreground) of a segmentation.
        labels: of a label map: task to the values that belong to it. The first of them is written, in the order of the
            file, so that a later task covers an earlier one.
        background: the value of a label map where no task is.
        tasks: of a stack, in the order of its volumes.
        compute: how an output value is computed.
        choices: the values that an input value may have; any when empty.
    """

    slug: str
    path: str
    kind: SocketKind
    task: str = ""
    values: tuple[int, int] = (0, 1)
    labels: dict[str, tuple[int, ...]] = field(default_factory=dict)
    background: int = 0
    tasks: tuple[str, ...] = ()
    compute: Compute | None = None
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        needs = {
            "segmentation": "task",
            "heatmap": "task",
            "label_map": "labels",
            "stack": "tasks",
        }.get(self.kind, "")
        for key in ("task", "labels", "tasks"):
            if bool(getattr(self, key)) != (key == needs):
                found = f"has no '{key}'" if key == needs else f"names '{key}', which its kind does not have"
                raise ValueError(f"the socket '{self.slug}' is a {self.kind} and {found}")
        if self.compute and self.kind != "value":
            raise ValueError(f"the socket '{self.slug}' computes a value, so its kind is 'value', not '{self.kind}'")
        if self.choices and (self.kind != "value" or self.compute):
            raise ValueError(f"the socket '{self.slug}' has choices, which only an input value has")
        self._check_labels()
        if self.is_output and (PurePosixPath(self.path).is_absolute() or ".." in PurePosixPath(self.path).parts):
            raise ValueError(f"the path '{self.path}' of the socket '{self.slug}' leaves the output folder")

    def _check_labels(self) -> None:
        written = [values[0] for values in self.labels.values() if values]
        every = [self.background, *(value for values in self.labels.values() for value in values)]
        if len(written) != len(self.labels) or not all(0 <= value <= MOST_LABEL for value in every):
            raise ValueError(f"the labels of '{self.slug}' are lists of one or more values from 0 to {MOST_LABEL}")
        if len({self.background, *written}) != len(written) + 1:
            raise ValueError(
                f"the labels of '{self.slug}' are written as {', '.join(map(str, written))} on {self.background}: "
                "the first value of each task, and the background, must differ"
            )

    @property
    def is_output(self) -> bool:
        """Whether the container writes it."""
        return self.kind not in ("image", "value") or self.compute is not None

    @property
    def is_image_output(self) -> bool:
        """Whether the container writes an image there."""
        return self.kind not in ("image", "value")

    @property
    def shown(self) -> tuple[str, ...]:
        """The tasks that an output image shows."""
        return (*((self.task,) if self.task else ()), *self.labels, *self.tasks)

    def find_part(self, task: str) -> Part:
        """The part of an output image that shows a task."""
        if self.kind == "stack":
            return Part(volume=self.tasks.index(task))
        return Part(values=self.labels.get(task, ()))
