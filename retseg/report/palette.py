"""One set of colours and task names for overlays, the page and the figures.

The colours are Okabe and Ito's eight, which stay apart under the common colour-vision deficiencies
(https://jfly.uni-koeln.de/color/); white is used instead of black, which is not visible on a dark image. Areas
differ by pattern and curves by dash too, so that nothing is shown by colour alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Colour = tuple[int, int, int]
Pattern = Literal["solid", "stripes", "dots", "crosshatch", "backstripes", "bars", "rings", "grid"]

ORANGE: Colour = (230, 159, 0)
SKY_BLUE: Colour = (86, 180, 233)
BLUISH_GREEN: Colour = (0, 158, 115)
YELLOW: Colour = (240, 228, 66)
BLUE: Colour = (0, 114, 178)
VERMILLION: Colour = (213, 94, 0)
REDDISH_PURPLE: Colour = (204, 121, 167)
WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True)
class Style:
    """How one task is drawn: RGB colour, fill pattern, and whether a line is drawn around it.

    Vessels have no outline: it would be wider than they are.
    """

    colour: Colour
    pattern: Pattern
    outline: bool = True


TASK_STYLES: dict[str, Style] = {
    "vessel": Style(SKY_BLUE, "solid", outline=False),
    "microaneurysm": Style(YELLOW, "solid"),
    "haemorrhage": Style(BLUISH_GREEN, "stripes"),
    "hard_exudate": Style(REDDISH_PURPLE, "dots"),
    "soft_exudate": Style(BLUE, "crosshatch"),
    "irma": Style(ORANGE, "dots"),
    "nonperfusion": Style(SKY_BLUE, "stripes"),
    "neovascularization": Style(BLUISH_GREEN, "crosshatch"),
}

SPARE_STYLES: tuple[Style, ...] = (
    Style(VERMILLION, "backstripes"),
    Style(WHITE, "grid"),
    Style(ORANGE, "bars"),
    Style(REDDISH_PURPLE, "rings"),
    Style(YELLOW, "crosshatch"),
    Style(BLUE, "solid"),
    Style(BLUISH_GREEN, "dots"),
    Style(SKY_BLUE, "backstripes"),
)

# The colours of a comparison with the truth. The two errors are yellow and sky blue: this pair differs under every
# colour-vision deficiency, and both are visible on an orange retina and on a grey angiogram.
AGREEMENT_STYLES: dict[str, Style] = {
    "true positive": Style(BLUISH_GREEN, "solid", outline=False),
    "false positive": Style(YELLOW, "solid", outline=False),
    "false negative": Style(SKY_BLUE, "solid", outline=False),
}

_TASK_LABELS = {"irma": "IRMA", "nonperfusion": "non-perfusion"}


def label_task(task: str) -> str:
    """The name of a task for readers: `hard_exudate` is "hard exudate", `irma` is "IRMA"."""
    return _TASK_LABELS.get(task, task.replace("_", " "))


def title_task(task: str) -> str:
    """The name of a task with a capital letter: "Hard exudate"."""
    label = label_task(task)
    return label[:1].upper() + label[1:]


def choose_styles(tasks: Sequence[str]) -> dict[str, Style]:
    """A style for every task: its own where no other task has it; no two share a colour while there are colours left.

    Raises:
        ValueError: more tasks than there are styles.
    """
    chosen: dict[str, Style] = {}
    for task in tasks:
        candidates = [TASK_STYLES[task]] if task in TASK_STYLES else []
        candidates += [style for style in SPARE_STYLES if style not in chosen.values()]
        taken = {style.colour for style in chosen.values()}
        free = [style for style in candidates if style.colour not in taken]
        if not candidates:
            raise ValueError(
                f"{len(tasks)} tasks cannot be told apart in one picture; draw at most {len(SPARE_STYLES)} at once"
            )
        chosen[task] = (free or candidates)[0]
    return chosen


def to_hex(colour: Colour) -> str:
    """The colour as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
