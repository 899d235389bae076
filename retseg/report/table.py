"""The results of an evaluation as lines of text for a terminal."""

from collections.abc import Iterable, Iterator

from retseg.evaluation.scoring.comparison import Differences
from retseg.evaluation.scoring.result import Evaluation, Standing, Summary


def format_evaluation(evaluation: Evaluation) -> Iterator[str]:
    """The name of the protocol, then a table of metrics by task."""
    protocol = evaluation.protocol
    cases = len({score.name for score in evaluation.cases})
    yield f"{protocol.name}: {protocol.title} ({cases} case{'s' if cases != 1 else ''})"
    columns = [task for task in (*evaluation.tasks, "overall") if evaluation.aggregates.get(task)]
    if len(columns) == 2:
        columns = columns[:1]
    rows = [["", *columns]]
    for metric in protocol.metrics:
        cells = [evaluation.aggregates[task].get(metric) for task in columns]
        if any(cells):
            mark = "*" if metric == protocol.headline else ""
            rows.append([metric + mark, *(format_summary(cell) if cell else "-" for cell in cells)])
    yield from align(rows)


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


def align(rows: Iterable[list[str]]) -> Iterator[str]:
    """Rows with the same number of cells as lines with aligned columns."""
    table = list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
