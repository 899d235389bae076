"""Judge whether a photograph of the retina can be used: gradable, usable or to be rejected, with the reason.

Each sign has two limits: at the good one and beyond it the photograph is gradable, at the bad one and beyond it is
rejected, between them it is usable. The score is that of the worst sign. The limits were chosen on 27 photographs and
65 pictures without a retina; bench/quality.py says how well they hold on others and on damaged copies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.image import fit_field_of_view
from retseg.image.appearance import (
    LEAST_COLOUR,
    LEAST_LINES,
    describe_scene,
    deviation,
    measure_colour,
    measure_detail,
    measure_lines,
)
from retseg.measures.landmarks import Landmarks

Mask = NDArray[np.bool_]
Verdict = Literal["gradable", "usable", "reject"]
Reason = Literal["no retina", "out of focus", "dark", "reflex", "disc missing"]
REASONS: tuple[Reason, ...] = get_args(Reason)

FOCUS = (0.46, 0.62)
"""Detail of 1 to 2 pixels against that of 2 to 4: rejected, gradable."""

BRIGHTNESS = (25.0, 45.0)
"""The median of the brightest channel, in grey levels."""

DARK_LEVEL, DARK_SHARE = 40, (0.75, 0.4)
"""What is below the level is dark; the part of the field of view that is."""

WHITE_LEVEL, WHITE_SHARE = 230, (0.2, 0.03)
"""Where all channels are above the level is a reflex; the part of the field of view that is."""

RED_OVER_GREEN, GREEN_OVER_BLUE = (0.5, 0.85), (0.3, 0.6)
"""The parts of the field of view, smoothed, where red is above green and green is not below blue."""

VESSELS = (0.005, 0.015)
"""The part of the field of view that vessels take, where they were segmented."""

ROUND_QUALITY = 0.9
"""Of the edge of the field of view of a photograph in grey."""

WITHOUT_DISC = 0.5
"""The score of a photograph whose disc was not found: usable at best."""

LONGEST_SIDE, SHORTEST_SIDE = 1000, 21
"""Pixels: a larger photograph is reduced to the one; a smaller one has no structure that can be judged."""


@dataclass(frozen=True)
class Quality:
    """The quality of one photograph.

    Attributes:
        scores: reason to a number in [0, 1]: 1 where it does not apply, 0 where it alone is enough to reject.
    """

    scores: Mapping[Reason, float]

    @property
    def score(self) -> float:
        """Of the worst sign, in [0, 1]."""
        return min(self.scores.values())

    @property
    def verdict(self) -> Verdict:
        """`gradable` without a fault, `reject` with a bad one, `usable` between."""
        return "gradable" if self.score >= 1 else "usable" if self.score > 0 else "reject"

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What speaks against it, the worst first."""
        return tuple(sorted((reason for reason in REASONS if self.scores[reason] < 1), key=self.scores.__getitem__))

    @property
    def sentence(self) -> str:
        """The verdict as a person reads it."""
        reasons = f": {', '.join(self.reasons)}" if self.reasons else ""
        advice = " Do not use its measures." if self.verdict == "reject" else ""
        return f"Quality: {self.verdict} (score {self.score:.2f}){reasons}.{advice}"


@dataclass(frozen=True)
class QualityMeasures:
    """A quality as numbers for a table.

    Attributes:
        score: of the worst sign, in [0, 1].
        grade: 2 gradable, 1 usable, 0 reject.
        no_retina, out_of_focus, dark, reflex, disc_missing: 1 where it is a reason, 0 elsewhere.
    """

    score: float
    grade: int
    no_retina: int
    out_of_focus: int
    dark: int
    reflex: int
    disc_missing: int


def judge_quality(
    pixels: NDArray[np.uint8], field_of_view: Mask, landmarks: Landmarks, vessels: Mask | None = None
) -> Quality:
    """Judge a photograph.

    Args:
        pixels: uint8 (H, W, 3).
        field_of_view: bool (H, W).
        landmarks: that were found in it.
        vessels: bool (H, W); None where they are not segmented.
    """
    scores: dict[Reason, float] = dict.fromkeys(REASONS, 1.0)
    scale = min(1.0, LONGEST_SIDE / max(field_of_view.shape))
    if scale < 1:
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        seen = cv2.resize(field_of_view.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    else:
        small, seen = pixels, field_of_view
    if not seen.any() or min(seen.shape) < SHORTEST_SIDE:
        dark = cv2.medianBlur(np.ascontiguousarray(pixels.max(axis=2)), 3).max() < BRIGHTNESS[0]
        scores["dark" if dark else "no retina"] = 0.0
        return Quality(scores)
    scores.update(_judge_light(small, seen))
    scores.update(_judge_structure(small, seen))
    if vessels is not None:
        share = float(np.count_nonzero(vessels) / np.count_nonzero(field_of_view))
        scores["no retina"] = min(scores["no retina"], climb(share, VESSELS))
    if landmarks.disc is None:
        scores["disc missing"] = WITHOUT_DISC
    return Quality(scores)


def climb(value: float, limits: tuple[float, float]) -> float:
    """How far a value is from the bad limit, 0, to the good one, 1."""
    return float(np.clip((value - limits[0]) / (limits[1] - limits[0]), 0, 1))


def _judge_light(pixels: NDArray[np.uint8], seen: Mask) -> dict[Reason, float]:
    """Dark and reflex."""
    inside = pixels[seen]
    brightest = inside.max(axis=1)
    dark = climb(float(np.median(brightest)), BRIGHTNESS)
    uneven = climb(float((brightest < DARK_LEVEL).mean()), DARK_SHARE)
    return {
        "dark": min(dark, uneven),
        "reflex": climb(float((inside.min(axis=1) > WHITE_LEVEL).mean()), WHITE_SHARE),
    }


def _judge_structure(pixels: NDArray[np.uint8], seen: Mask) -> dict[Reason, float]:
    """Focus, and whether colour, outline and lines are those of a retina."""
    detail = measure_detail(pixels, seen)
    focus = climb(detail.focus, FOCUS) if np.isfinite(detail.focus) else 0.0
    found = fit_field_of_view(pixels)
    if describe_scene(pixels, seen, "") or found.fault in ("even", "writing", "two discs", "montage", "no disc"):
        return {"out of focus": focus, "no retina": 0.0}
    retina = _judge_colour(pixels, seen)
    if measure_colour(pixels) < LEAST_COLOUR:
        retina = 1.0 if found.circle is not None and found.quality >= ROUND_QUALITY else 0.0
    spread = deviation(detail.ridges, detail.inner)
    lines = measure_lines(detail.ridges, detail.inner)
    if lines <= LEAST_LINES * spread and focus > 0:
        retina = 0.0
    return {"out of focus": focus, "no retina": retina}


def _judge_colour(pixels: NDArray[np.uint8], seen: Mask) -> float:
    """Whether red is above green and green above blue, as in every retina."""
    smooth = cv2.GaussianBlur(pixels, (0, 0), max(pixels.shape) / 60)[seen].astype(np.int16)
    red = float((smooth[:, 0] > smooth[:, 1] + 5).mean())
    green = float((smooth[:, 1] >= smooth[:, 2] - 4).mean())
    return min(climb(red, RED_OVER_GREEN), climb(green, GREEN_OVER_BLUE))


def measure_quality(quality: Quality) -> QualityMeasures:
    """A verdict and its reasons as numbers."""
    grade = {"reject": 0, "usable": 1, "gradable": 2}[quality.verdict]
    return QualityMeasures(quality.score, grade, *(int(reason in quality.reasons) for reason in REASONS))
