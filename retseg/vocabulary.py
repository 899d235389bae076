"""The names of tasks and of kinds of image."""

from typing import Literal, get_args

Modality = Literal["cfp", "octa"]
"""`cfp`: colour fundus photograph. `octa`: en-face optical coherence tomography angiography."""

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
