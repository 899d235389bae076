"""Plots of one line: the cases of a task, and the headline among the published scores."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from retseg.evaluation.scoring.result import Standing, Summary
from retseg.report.labels import format_number


@dataclass(frozen=True)
class Axis:
    """A scale from `low` to `high`, which begins at the pixel `left` and is `width` pixels long."""

    low: float
    high: float
    left: float
    width: float

    def find_x(self, value: float) -> str:
        """The x of a value, in pixels."""
        return f"{self.left + (value - self.low) / (self.high - self.low) * self.width:.1f}"

    def draw_ticks(self, y: int) -> str:
        """The five to ten numbers below the scale."""
        tenths = round((self.high - self.low) * 10)
        step = 0.02 if tenths == 1 else 0.05 if tenths < 4 else 0.1 if tenths < 8 else 0.2
        ticks = (self.low + step * tick for tick in range(round((self.high - self.low) / step) + 1))
        return "".join(
            f'<text x="{self.find_x(tick)}" y="{y}" text-anchor="middle">{round(tick, 2):g}</text>' for tick in ticks
        )


def fit_axis(values: Iterable[float], left: float, width: float) -> Axis:
    """The shortest scale in tenths, inside [0, 1], that holds all values."""
    held = tuple(values)
    low = min(0.9, math.floor(min(held) * 10) / 10)
    high = max(low + 0.1, math.ceil(max(held) * 10) / 10)
    return Axis(low, high, left, width)


def draw_strip(values: Sequence[tuple[int, str, float]], summary: Summary | None, label: str) -> str:
    """All cases of a task on one line from 0 to 1: (case number, name, value), with the mean and its interval."""
    base = 34
    bounds = [] if summary is None else [bound for bound in (summary.ci95_low, summary.ci95_high) if bound is not None]
    axis = fit_axis([*(value for _, _, value in values), *bounds], 10, 620)
    parts = [f'<path class="axis" d="M10 {base + 10}H630"/>']
    if len(bounds) == 2:
        x, wide = axis.find_x(bounds[0]), float(axis.find_x(bounds[1])) - float(axis.find_x(bounds[0]))
        parts.append(f'<rect class="band" x="{x}" y="4" width="{wide:.1f}" height="{base + 6}"/>')
    if summary is not None:
        parts.append(f'<path class="mean" d="M{axis.find_x(summary.mean)} 4V{base + 10}"/>')
    stacks: dict[int, int] = {}
    for number, name, value in sorted(values, key=lambda entry: entry[2]):
        x = axis.find_x(value)
        level = stacks[round(float(x) / 8)] = stacks.get(round(float(x) / 8), -1) + 1
        parts.append(
            f'<circle data-case="{number}" cx="{x}" cy="{max(6, base + 3 - 7 * level)}" r="4.5">'
            f"<title>{escape(name)}: {format_number(value)}</title></circle>"
        )
    parts.append(axis.draw_ticks(58))
    caption = f"{label} of {len(values)} cases" + (
        "; line: mean, band: its 95 % interval" if summary is not None else ""
    )
    drawing = f'<svg viewBox="0 0 640 62" role="img" aria-label="{escape(caption)}">{"".join(parts)}</svg>'
    return f'<div class="strip">{drawing}<p>{escape(caption)}</p></div>'


def draw_interval(summary: Summary, standing: Standing | None) -> str:
    """The headline's value and interval on a scale; published scores, where there are any, as ticks."""
    if summary.ci95_low is None or summary.ci95_high is None or not 0 <= summary.ci95_low <= summary.ci95_high <= 1:
        return ""
    scores = [score for _, score in standing.rows if 0 <= score <= 1] if standing is not None else []
    axis = fit_axis([summary.ci95_low, summary.ci95_high, summary.mean, *scores], 10, 396)
    published = "".join(
        f'<path d="M{axis.find_x(score)} 8v10" stroke="var(--muted)" stroke-width="1.5"/>' for score in scores
    )
    return (
        '<svg class="interval-plot" viewBox="0 0 416 40" aria-hidden="true">'
        f'<path d="M10 13H406" stroke="var(--line)" stroke-width="2"/>{published}'
        f'<path d="M{axis.find_x(summary.ci95_low)} 13H{axis.find_x(summary.ci95_high)}" stroke="var(--accent)" '
        f'stroke-width="6" stroke-linecap="round"/><circle cx="{axis.find_x(summary.mean)}" cy="13" r="5" '
        f'fill="var(--ink)" stroke="var(--paper)" stroke-width="2"/>{axis.draw_ticks(36)}</svg>'
    )
