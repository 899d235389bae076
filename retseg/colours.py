"""The colours of what is found in an eye: one set for overlays, the report, the page of `retseg view` and drawings.

They are those of the field: arteries red, veins blue, haemorrhages dark red, hard exudates yellow, soft exudates pale
blue, a microaneurysm in a ring. Vessels have one quiet tone, as a line beside them that leaves them visible. A test
holds the distances between the colours for people who do not see red or green. Areas differ by pattern too, so that
nothing is told by colour alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Colour = tuple[int, int, int]
Pattern = Literal["solid", "stripes", "dots", "crosshatch", "backstripes", "bars", "rings", "grid", "ring"]
"""What fills an area. `ring`: one circle around each part, which is too small for strokes."""

PATTERNS: tuple[str, ...] = get_args(Pattern)
LIGHT = 0.18
"""The relative luminance from which a colour needs a dark line beside it, and below which a light one."""


@dataclass(frozen=True)
class Style:
    """How one task is drawn: RGB colour, fill pattern, and the side of its edge on which its outline lies.

    Attributes:
        outside: the outline lies outside of the mask, which is for vessels: inside, it would cover the thin ones.
            Every other outline lies inside, so that nothing looks larger than it is.
    """

    colour: Colour
    pattern: Pattern = "solid"
    outside: bool = False


TASK_STYLES: dict[str, Style] = {
    "vessel": Style((170, 205, 165), outside=True),
    "artery": Style((226, 62, 46), outside=True),
    "vein": Style((48, 72, 224), outside=True),
    "microaneurysm": Style((240, 124, 255), "ring"),
    "haemorrhage": Style((128, 0, 32), "stripes"),
    "hard_exudate": Style((255, 208, 0), "dots"),
    "soft_exudate": Style((205, 236, 255), "crosshatch"),
    "irma": Style((255, 162, 20), "dots"),
    "nonperfusion": Style((60, 130, 245), "stripes"),
    "neovascularization": Style((240, 100, 150), "crosshatch"),
}

SPARE_STYLES: tuple[Style, ...] = (
    Style((213, 94, 0), "backstripes"),
    Style((255, 255, 255), "grid"),
    Style((150, 120, 255), "bars"),
    Style((166, 118, 29), "rings"),
    Style((180, 220, 60), "crosshatch"),
    Style((0, 114, 178), "solid"),
    Style((230, 171, 220), "dots"),
    Style((120, 60, 20), "backstripes"),
)
"""For structures that have no style of their own, in this order."""

AGREEMENT_STYLES: dict[str, Style] = {
    "true positive": Style((0, 172, 110)),
    "false positive": Style((190, 50, 255)),
    "false negative": Style((0, 240, 230)),
}
"""The colours of a comparison with the truth: no structure of an eye has one of them."""

TRUTH: Colour = (255, 255, 255)
PREDICTION: Colour = (255, 140, 0)
"""The two outlines of one task in the report."""

CURVES: tuple[Colour, ...] = (
    (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233),
)  # fmt: skip
"""Lines on white paper, one after the other: Okabe and Ito, https://jfly.uni-koeln.de/color/. Yellow would not show."""


def choose_styles(tasks: Sequence[str], own: Mapping[str, Style] | None = None) -> dict[str, Style]:
    """A style for every task: its own where no other task has it; no two share a colour while there are colours left.

    Args:
        tasks: in the order in which they are drawn.
        own: task to the style that somebody declared for it, instead of the usual one.

    Raises:
        ValueError: more tasks than there are styles.
    """
    usual = {**TASK_STYLES, **(own or {})}
    chosen: dict[str, Style] = {}
    for task in tasks:
        candidates = [usual[task]] if task in usual else []
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


def parse_hex(text: str) -> Colour:
    """The colour that CSS writes as `#c0392b`.

    Raises:
        ValueError: it is written otherwise.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(f"'{text}' is no colour: write # and six digits from 0 to f, such as #c0392b")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def find_casing(colour: Colour) -> Colour:
    """Black beside a light colour and white beside a dark one, so that a line shows on light and on dark ground."""
    red, green, blue = ((part / 255) ** 2.2 for part in colour)
    return (0, 0, 0) if 0.2126 * red + 0.7152 * green + 0.0722 * blue > LIGHT else (255, 255, 255)
