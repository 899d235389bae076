"""The results of an evaluation as lines of text for a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from retseg.evaluation.scoring.comparison import Differences
from retseg.evaluation.scoring.result import Evaluation, Standing, Summary
from retseg.report.labels import format_interval, format_number, label_metric


def format_scores(evaluation: Evaluation) -> Iterator[str]:
    """The name of the protocol, then one line for each task: what ranks, and its 95 % interval."""
    yield _format_title(evaluation)
    metric = evaluation.protocol.headline
    label = label_metric(metric, evaluation.protocol)
    scopes = [task for task in (*evaluation.tasks, "overall") if evaluation.aggregates.get(task, {}).get(metric)]
    if len(scopes) == 2 and scopes[-1] == "overall":
        scopes.pop()
    if not scopes:
        yield f"  {label.name} could not be computed; --full prints the other metrics"
        return
    rows = []
    for scope in scopes:
        name = "mean of the tasks" if scope == "overall" else evaluation.looks.label(scope)
        summary = evaluation.aggregates[scope][metric]
        interval = ""
        if summary.ci95_low is not None and summary.ci95_high is not None:
            interval = format_interval(summary.ci95_low, summary.ci95_high, label.decimals)
        rows.append([name, f"{label.name} {format_number(summary.mean, label.decimals)}", interval])
    yield from align(rows)
    yield from format_values(evaluation)


def _format_title(evaluation: Evaluation) -> str:
    cases = len({score.name for score in evaluation.cases})
    return f"{evaluation.protocol.name}: {evaluation.protocol.title} ({cases} case{'s' if cases != 1 else ''})"


def format_evaluation(evaluation: Evaluation, width: int | None = None) -> Iterator[str]:
    """The name of the protocol, a table of metrics by task, in parts of `width`, and a line for each value."""
    protocol = evaluation.protocol
    yield _format_title(evaluation)
    columns = [task for task in (*evaluation.tasks, "overall") if evaluation.aggregates.get(task)]
    if len(columns) == 2:
        columns = columns[:1]
    rows = [["", *columns]]
    for metric in protocol.metrics:
        cells = [evaluation.aggregates[task].get(metric) for task in columns]
        if any(cells):
            mark = "*" if metric == protocol.headline else ""
            rows.append([metric + mark, *(format_summary(cell) if cell else "-" for cell in cells)])
    for part in fit_columns(rows, width):
        yield from align(part)
    yield from format_values(evaluation)


def format_values(evaluation: Evaluation) -> Iterator[str]:
    """One line for each output value: its metrics."""
    for slug, metrics in evaluation.value_aggregates.items():
        yield f"  {slug}: {', '.join(f'{name} {format_summary(summary)}' for name, summary in metrics.items())}"


def format_summary(summary: Summary) -> str:
    """`0.8123 ±0.0190 [0.8041, 0.8201]`: value, standard deviation over cases, 95 % interval, where known."""
    spread = f" ±{summary.std:.4f}" if summary.std is not None else ""
    known = summary.ci95_low is not None and summary.ci95_high is not None
    return f"{summary.mean:.4f}{spread}" + (f" [{summary.ci95_low:.4f}, {summary.ci95_high:.4f}]" if known else "")


def format_standing(standing: Standing) -> str:
    """One sentence: the rank, its 95 % range, and the day of the published scores."""
    return (
        f"Leaderboard of {standing.date} by {standing.metric}: rank {standing.rank} of {standing.of}, "
        f"95 % range {standing.rank_low} to {standing.rank_high}"
    )


def format_differences(differences: Differences) -> Iterator[str]:
    """A table of the differences of this system from the other."""
    rows = [["", "", "difference", "95 % interval", "p"]]
    for task, metrics in differences.items():
        for metric, found in metrics.items():
            known = found.ci95_low is not None and found.ci95_high is not None
            interval = f"[{found.ci95_low:+.4f}, {found.ci95_high:+.4f}]" if known else "-"
            p_value = f"{found.p_value:.4f}" if found.p_value is not None else "-"
            rows.append([task, metric, f"{found.difference:+.4f}", interval, p_value])
    yield from align(rows)


def fit_columns(rows: Sequence[list[str]], width: int | None) -> Iterator[list[list[str]]]:
    """The table as tables of at most `width` columns of text; each begins with the first column of cells.

    Args:
        rows: of cells; all have the same number.
        width: of the terminal; None for one table.
    """
    if not rows:
        return
    widths = [2 + max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    columns = [0]
    for column in range(1, len(widths)):
        if width is not None and len(columns) > 1 and sum(widths[each] for each in (*columns, column)) > width:
            yield [[row[each] for each in columns] for row in rows]
            columns = [0]
        columns.append(column)
    yield [[row[each] for each in columns] for row in rows]


def align(rows: Iterable[list[str]]) -> Iterator[str]:
    """Rows with the same number of cells as lines with aligned columns."""
    table = list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
