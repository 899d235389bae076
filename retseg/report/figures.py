"""The plots of the page as PNG and SVG files, for papers and slides. Only this module imports matplotlib."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from retseg.colours import CURVES, to_hex
from retseg.errors import RetsegError
from retseg.evaluation.scoring.result import Evaluation
from retseg.files import replacing
from retseg.report.cases import keep_ledger
from retseg.report.curves import gather_curves, gather_frocs
from retseg.report.labels import label_metric
from retseg.report.plots import Plot, list_x_ticks, plan_froc, plan_plots
from retseg.report.sections import choose_headline

COLOURS = tuple(map(to_hex, CURVES))
LINE_STYLES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)))
DPI = 200


class FigureError(RetsegError):
    """The figures cannot be drawn; the message says what to install."""


def save_figures(evaluation: Evaluation, directory: Path) -> tuple[Path, ...]:
    """Write each plot that the evaluation has data for as `NAME.png` and `NAME.svg`; gives the paths.

    The names are `pr`, `roc`, `dice`, `reliability`, `froc`, `cases` (every case's leading metric) and `standing`.

    Raises:
        FigureError: matplotlib is not installed.
        OutputError: the folder cannot be written.
    """
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise FigureError(
            "figures need matplotlib, which is not installed: run pip install 'retseg[evaluate]'"
        ) from error
    written: list[Path] = []
    # Text stays text, and the file does not change from run to run.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "retseg", "font.size": 9, "axes.grid": True}):
        for name, (size, paint) in _plan_figures(evaluation).items():
            figure = Figure(figsize=size, layout="constrained")
            FigureCanvasAgg(figure)
            paint(figure.add_subplot())
            for suffix, metadata in ((".png", None), (".svg", {"Date": None})):
                path = directory / f"{name}{suffix}"
                content = io.BytesIO()
                figure.savefig(content, format=suffix[1:], dpi=DPI, metadata=metadata)
                with replacing(path) as beside:
                    beside.write_bytes(content.getvalue())
                written.append(path)
    return tuple(written)


Painter = Callable[[Any], None]


def _plan_figures(evaluation: Evaluation) -> dict[str, tuple[tuple[float, float], Painter]]:
    """Name to the size in inches and the function that draws it, for the plots that there is data for."""
    planned: dict[str, tuple[tuple[float, float], Painter]] = {}
    tasks = gather_curves(evaluation)
    for plot in plan_plots(tasks) if tasks else ():
        planned[plot.key] = ((4.2, 4.0), _bind_plot(plot, len(tasks)))
    frocs = gather_frocs(evaluation)
    if frocs:
        planned["froc"] = ((4.2, 4.0), _bind_plot(plan_froc(frocs), len(frocs)))
    ledger = keep_ledger(evaluation)
    if ledger.lead:
        planned["cases"] = ((6.0, 0.9 + 0.6 * len(ledger.lead)), lambda axes: _paint_cases(axes, evaluation))
    if evaluation.standing is not None and choose_headline(evaluation) is not None:
        planned["standing"] = (
            (6.0, 1.0 + 0.24 * (len(evaluation.standing.rows) + 1)),
            lambda axes: _paint_standing(axes, evaluation),
        )
    return planned


def _bind_plot(plot: Plot, tasks: int) -> Painter:
    return lambda axes: _paint_plot(axes, plot, tasks)


def _paint_plot(axes: Any, plot: Plot, tasks: int) -> None:
    for x0, y0, x1, y1 in plot.guides:
        axes.plot([x0, x1], [y0, y1], color="0.6", linewidth=0.8, linestyle=":")
    for line in plot.lines:
        colour = COLOURS[line.series % len(COLOURS)]
        axes.plot(
            line.curve.x,
            line.curve.y,
            color=colour,
            linestyle=LINE_STYLES[line.series % len(LINE_STYLES)],
            marker="o" if plot.key == "reliability" else None,
            markersize=3.5,
            label=line.label,
        )
        if line.mark is not None:
            axes.plot(*line.mark, marker="o", markersize=7, color=colour, markeredgecolor="white")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=plot.x_label, ylabel=plot.y_label, title=plot.title)
    if plot.rates:
        positions, texts = zip(*list_x_ticks(plot), strict=True)
        axes.set_xticks(positions, texts)
    axes.set_aspect("equal")
    if tasks > 1:
        axes.legend(loc="best", frameon=False)


def _paint_cases(axes: Any, evaluation: Evaluation) -> None:
    """Draw every case as a dot, in a row for each task; a bar marks the mean where the protocol averages images."""
    ledger = keep_ledger(evaluation)
    for row, (task, metric) in enumerate(ledger.lead.items()):
        values = [
            scores[task].metrics[metric]
            for scores in ledger.scores
            if metric in getattr(scores.get(task), "metrics", {})
        ]
        axes.plot(values, [row] * len(values), "o", color=COLOURS[row % len(COLOURS)], alpha=0.45, markersize=5)
        summary = evaluation.aggregates.get(task, {}).get(metric)
        if summary is not None and evaluation.protocol.pooling == "per_image":
            axes.plot([summary.mean] * 2, [row - 0.3, row + 0.3], color="black", linewidth=1.5)
    axes.set_yticks(range(len(ledger.lead)), [evaluation.looks.title(task) for task in ledger.lead])
    axes.set_ylim(len(ledger.lead) - 0.5, -0.5)
    axes.set(
        xlabel=", ".join(dict.fromkeys(label_metric(metric, ledger.protocol).name for metric in ledger.lead.values())),
        title="Cases",
    )


def _paint_standing(axes: Any, evaluation: Evaluation) -> None:
    """Draw the published scores as dots, and this result with its interval among them."""
    standing, headline = evaluation.standing, choose_headline(evaluation)
    if standing is None or headline is None:
        return
    entries = [(team, score) for team, score in standing.rows]
    entries.insert(standing.rank - 1, ("This result", headline.summary.mean))
    for row, (_, score) in enumerate(entries):
        own = row == standing.rank - 1
        axes.plot(score, row, "o", color=COLOURS[0] if own else "0.5", markersize=6 if own else 4.5)
    summary = headline.summary
    if summary.ci95_low is not None and summary.ci95_high is not None:
        axes.plot([summary.ci95_low, summary.ci95_high], [standing.rank - 1] * 2, color=COLOURS[0], linewidth=2)
    axes.set_yticks(range(len(entries)), [f"{row + 1}  {team}" for row, (team, _) in enumerate(entries)])
    axes.set_ylim(len(entries) - 0.5, -0.5)
    axes.set(xlabel=label_metric(standing.metric, evaluation.protocol).name, title="Standing on the leaderboard")
