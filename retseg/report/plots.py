"""The plots of the page as inline SVG. They need neither a drawing library nor a script."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from retseg.evaluation.scoring.aggregate import CALIBRATION_BINS
from retseg.metrics.curves import Curve
from retseg.metrics.lesions import RETINOPATHY_CHALLENGE_RATES
from retseg.report.curves import POINTS, TaskCurves, TaskFroc, find_point
from retseg.report.labels import embed_json, format_number

LEFT, TOP, SIDE_X, SIDE_Y = 42, 8, 306, 250
VIEW = f"0 0 {LEFT + SIDE_X + 12} {TOP + SIDE_Y + 42}"
DASHES = ("none", "8 4", "2 3.5", "10 3 2 3", "5 3", "1 3", "12 5", "6 2 2 2 2 2")


@dataclass(frozen=True)
class Line:
    """The line of one task in a plot: its label, its number among the tasks, its points, and the marked point."""

    label: str
    series: int
    curve: Curve
    mark: tuple[float, float] | None


@dataclass(frozen=True)
class Plot:
    """One plot over [0, 1] x [0, 1].

    Attributes:
        key: its name in the page and of its files.
        title: above it.
        x_label: below it.
        y_label: beside it.
        caption: one sentence or two.
        lines: of the tasks.
        guides: dotted lines from (x0, y0) to (x1, y1).
        rates: where they are given, the x axis is logarithmic with these ticks, each twice the one before.
    """

    key: str
    title: str
    x_label: str
    y_label: str
    caption: str
    lines: tuple[Line, ...]
    guides: tuple[tuple[float, float, float, float], ...] = ()
    rates: tuple[float, ...] = ()


def draw_curves(tasks: Sequence[TaskCurves], frocs: Sequence[TaskFroc]) -> str:
    """PR, ROC, Dice against threshold, reliability and FROC of all tasks, as HTML figures below one legend."""
    plots = (*plan_plots(tasks), *([plan_froc(frocs)] if frocs else []))
    return draw_legend(tasks) + '<div class="plots">' + "".join(map(draw_plot, plots)) + "</div>"


def plan_plots(tasks: Sequence[TaskCurves]) -> tuple[Plot, ...]:
    """The four plots; the point of the threshold is marked where it is known."""

    def pick(name: str) -> tuple[Line, ...]:
        lines = []
        for series, task in enumerate(tasks):
            curve: Curve = getattr(task, name)
            mark = None if task.threshold is None else find_point(curve, task.threshold)
            if name == "dice" and mark is not None and task.threshold is not None:
                mark = (task.threshold, mark[1])
            lines.append(Line(task.title, series, curve.thin(POINTS), mark))
        return tuple(lines)

    chance = tuple((0.0, task.prevalence, 1.0, task.prevalence) for task in tasks)
    diagonal = ((0.0, 0.0, 1.0, 1.0),)
    guess = f"Dotted: the precision of a random guess{', task by task' * (len(tasks) > 1)}."
    coin = "Dotted: a random guess."
    pooled = "All pixels together, at every threshold."
    calibrated = f"Dotted: perfect calibration. {CALIBRATION_BINS} bins, as for the ECE."
    return (
        Plot("pr", "Precision and recall", "Recall", "Precision", guess, pick("pr"), chance),
        Plot("roc", "Receiver operating characteristic", "1 − specificity", "Sensitivity", coin, pick("roc"), diagonal),
        Plot("dice", "Dice against threshold", "Threshold", "Dice", pooled, pick("dice")),
        Plot(
            "reliability", "Reliability", "Probability", "Share that is true", calibrated, _calibrate(tasks), diagonal
        ),
    )


def plan_froc(frocs: Sequence[TaskFroc]) -> Plot:
    """The plot of lesions found against false lesions per image, which are logarithmic from 1/8 to 8."""
    lines = []
    for series, froc in enumerate(frocs):
        rates, found = froc.curve.false_positives, froc.curve.sensitivity
        curve = Curve(froc.curve.thresholds, scale_rates(rates), found)
        mark = (float(scale_rates(np.array(froc.mark[0]))), froc.mark[1])
        lines.append(Line(froc.title, series, curve, mark))
    caption = "All images together; the first and the last tick hold what is beyond them."
    return Plot("froc", "Lesions found against false lesions", "False lesions per image", "Lesions found", caption,
                tuple(lines), rates=RETINOPATHY_CHALLENGE_RATES)  # fmt: skip


def scale_rates(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """False lesions per image to x in [0, 1]: 1/8 and less is 0, 8 and more is 1, and each doubling is one sixth."""
    low, high = np.log2(RETINOPATHY_CHALLENGE_RATES[0]), np.log2(RETINOPATHY_CHALLENGE_RATES[-1])
    return np.asarray((np.log2(np.clip(rates, 2**low, 2**high)) - low) / (high - low))


def read_rate(x: float) -> float:
    """False lesions per image at an x in [0, 1]; the inverse of `scale_rates`."""
    low, high = np.log2(RETINOPATHY_CHALLENGE_RATES[0]), np.log2(RETINOPATHY_CHALLENGE_RATES[-1])
    return float(2 ** (low + x * (high - low)))


def _calibrate(tasks: Sequence[TaskCurves]) -> tuple[Line, ...]:
    lines = []
    for series, task in enumerate(tasks):
        kept = task.calibration.pixels > 0
        confidence, frequency = task.calibration.confidence[kept], task.calibration.frequency[kept]
        lines.append(Line(task.title, series, Curve(confidence, confidence, frequency), None))
    return tuple(lines)


def draw_legend(tasks: Sequence[TaskCurves]) -> str:
    """One row for each task: its line, its name, its threshold, and the numbers of its curves."""
    rows = []
    for series, task in enumerate(tasks):
        best = int(np.nanargmax(task.dice.y))
        values = (
            "–" if task.threshold is None else f"{task.threshold:.3g}",
            format_number(task.average_precision),
            format_number(task.auc_roc),
            f"{format_number(float(task.dice.y[best]))} <small>at {task.dice.thresholds[best]:.3g}</small>",
            format_number(task.ece),
            format_number(task.brier),
        )
        rows.append(
            f'<tr><th scope="row"><svg viewBox="0 0 38 14" aria-hidden="true"><path d="M1 7H37" {_stroke(series)}/>'
            f'<circle cx="19" cy="7" r="5" style="fill:var(--series-{series % 8})"/></svg>'
            f"{escape(task.title)}</th>" + "".join(f"<td>{value}</td>" for value in values) + "</tr>"
        )
    columns = ("Threshold", "AP", "AUC ROC", "Highest Dice", "ECE", "Brier")
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    return (
        '<div class="scroll legend"><table><thead><tr><th scope="col">Pooled over the images</th>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def draw_plot(plot: Plot) -> str:
    """One HTML figure: the SVG, a description for screen readers, and the points for the readout."""
    parts = [_draw_axes(plot)]
    for x0, y0, x1, y1 in plot.guides:
        parts.append(f'<path class="guide" d="M{_x(x0)} {_y(y0)}L{_x(x1)} {_y(y1)}"/>')
    for line in plot.lines:
        parts.append(f'<path class="curve" {_stroke(line.series)} d="{_trace(line.curve)}"/>')
        if plot.key == "reliability":
            parts += [_dot(x, y, line.series, 3.5) for x, y in zip(line.curve.x, line.curve.y, strict=True)]
    parts += [_dot(*line.mark, line.series, 6) for line in plot.lines if line.mark is not None]
    marks = [
        f"{line.label}: {plot.y_label} {line.mark[1]:.3f} at {plot.x_label} "
        f"{read_rate(line.mark[0]) if plot.rates else line.mark[0]:.3f}."
        for line in plot.lines
        if line.mark is not None
    ]
    name = f"plot-{plot.key}"
    return (
        f'<figure class="plot" id="{name}"><h3>{plot.title}</h3>'
        f'<svg viewBox="{VIEW}" role="img" aria-labelledby="{name}-title {name}-desc" '
        f'data-area="{LEFT} {TOP} {SIDE_X} {SIDE_Y}">'
        f'<title id="{name}-title">{plot.title}</title><desc id="{name}-desc">{escape(plot.caption)}. '
        f"{escape(' '.join(marks))}</desc>{''.join(parts)}</svg>"
        f"<figcaption>{escape(plot.caption)}</figcaption>{_store_points(plot)}</figure>"
    )


def list_x_ticks(plot: Plot) -> list[tuple[float, str]]:
    """The x in [0, 1] and the text of each tick of the x axis."""
    if not plot.rates:
        return [(tick / 5, f"{tick / 5:g}") for tick in range(6)]
    positions = scale_rates(np.array(plot.rates))
    return [
        (float(x), f"{rate:g}" if rate >= 1 else f"1/{1 / rate:g}")
        for x, rate in zip(positions, plot.rates, strict=True)
    ]


def _draw_axes(plot: Plot) -> str:
    parts = [f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{SIDE_X}" height="{SIDE_Y}"/>']
    for value, text in list_x_ticks(plot):
        parts.append(f'<text x="{_x(value)}" y="{TOP + SIDE_Y + 15}" text-anchor="middle">{text}</text>')
    for tick in range(6):
        value = tick / 5
        if 0 < tick < 5:
            parts.append(
                f'<path class="grid" d="M{_x(value)} {TOP}V{TOP + SIDE_Y}M{LEFT} {_y(value)}H{LEFT + SIDE_X}"/>'
            )
        parts.append(f'<text x="{LEFT - 6}" y="{float(_y(value)) + 4}" text-anchor="end">{value:g}</text>')
    middle = TOP + SIDE_Y / 2
    parts.append(f'<text x="{LEFT + SIDE_X / 2}" y="{TOP + SIDE_Y + 33}" text-anchor="middle">{plot.x_label}</text>')
    parts.append(f'<text transform="translate(11 {middle}) rotate(-90)" text-anchor="middle">{plot.y_label}</text>')
    return "".join(parts)


def _store_points(plot: Plot) -> str:
    lines = [
        {
            "label": line.label,
            "points": [
                [round(float(x), 4), round(float(y), 4), round(min(float(t), 1.0), 5), *_read_x(plot, float(x))]
                for x, y, t in zip(line.curve.x, line.curve.y, line.curve.thresholds, strict=True)
            ],
        }
        for line in plot.lines
    ]
    data = {"x": plot.x_label, "y": plot.y_label, "key": plot.key, "lines": lines}
    return f'<script type="application/json">{embed_json(data)}</script>'


def _read_x(plot: Plot, x: float) -> tuple[float, ...]:
    """The number that the readout shows for an x, where it is not the x itself."""
    return (round(read_rate(x), 3),) if plot.rates else ()


def _stroke(series: int) -> str:
    return f'stroke="var(--series-{series % 8})" stroke-width="2.2" stroke-dasharray="{DASHES[series % 8]}"'


def _dot(x: float, y: float, series: int, radius: float) -> str:
    return f'<circle class="mark" cx="{_x(x)}" cy="{_y(y)}" r="{radius}" style="fill:var(--series-{series % 8})"/>'


def _trace(curve: Curve) -> str:
    return "M" + "L".join(f"{_x(float(x))} {_y(float(y))}" for x, y in zip(curve.x, curve.y, strict=True))


def _x(value: float) -> str:
    return f"{LEFT + value * SIDE_X:.1f}"


def _y(value: float) -> str:
    return f"{TOP + (1 - value) * SIDE_Y:.1f}"
