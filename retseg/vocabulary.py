"""The names of tasks and of kinds of image."""

import re
from typing import Literal, get_args

Modality = str
"""What kind of image: `cfp`, a colour fundus photograph; `octa`, en-face optical coherence tomography angiography; or a
word that a challenge brings itself, such as `slo`, `autofluorescence` or `endoscopy`."""

ViewRule = Literal["round", "frame", "threshold"]
"""How the field of view of an image is found. `round`: the lit disc of a camera. `frame`: the whole image. `threshold`:
the largest part that is brighter than a dark surround."""

VIEWS: dict[Modality, ViewRule] = {"cfp": "round", "octa": "frame"}
"""How the field of view is found in images of the kinds that this package knows."""

TaskName = Literal[
    "vessel",
    "microaneurysm",
    "haemorrhage",
    "hard_exudate",
    "soft_exudate",
    "irma",
    "nonperfusion",
    "neovascularization",
]

TASKS: tuple[str, ...] = get_args(TaskName)
"""The names of all tasks."""

WORD = re.compile(r"[a-z][a-z0-9_]*")
"""A name of a task or of a kind of image: small letters, digits and `_`."""


def choose_view_rule(modality: Modality, declared: ViewRule | None) -> ViewRule:
    """How the field of view is found in images of a kind.

    Args:
        modality: of the images.
        declared: what a file says; None for the default, which only `cfp` and `octa` have.

    Raises:
        ValueError: the kind is no word of small letters, digits and `_`, or has no default and none is declared.
    """
    if not WORD.fullmatch(modality):
        raise ValueError(f"the modality '{modality}' is no word of small letters, digits and _: write one, such as slo")
    if declared is None and modality not in VIEWS:
        raise ValueError(
            f"the modality '{modality}' does not say how its field of view is found: add "
            "field_of_view = 'round' (a lit disc), 'frame' (the whole image) or 'threshold' (what is not black)"
        )
    return declared or VIEWS[modality]


_TASK_LABELS = {"irma": "IRMA", "nonperfusion": "non-perfusion"}


def label_task(task: str) -> str:
    """The name of a task for readers: `hard_exudate` is "hard exudate", `irma` is "IRMA"."""
    return _TASK_LABELS.get(task, task.replace("_", " "))


def title_task(task: str) -> str:
    """The name of a task with a capital letter: "Hard exudate"."""
    label = label_task(task)
    return label[:1].upper() + label[1:]
