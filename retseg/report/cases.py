"""The section of the cases: a table for each task, worst case first, the viewer, and its data of each case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from retseg.challenge.looks import Looks
from retseg.challenge.protocol import Protocol
from retseg.evaluation.scoring.result import CaseScore, Evaluation
from retseg.report.labels import embed_json, format_number, label_metric
from retseg.report.layers import EncodedCase
from retseg.report.strips import draw_strip
from retseg.report.viewer import write_viewer

ALL_TASKS = "all"


@dataclass(frozen=True)
class Ledger:
    """The cases in the order of the evaluation.

    Attributes:
        names: of the cases.
        scores: of each case, task to score.
        lead: task to the metric that its table is sorted by; a task whose cases have no metric is absent.
        protocol: that they were scored by.
        looks: how the tasks are called and drawn.
    """

    names: tuple[str, ...]
    scores: tuple[Mapping[str, CaseScore], ...]
    lead: Mapping[str, str]
    protocol: Protocol
    looks: Looks


@dataclass(frozen=True)
class Cell:
    """One value of the table.

    Attributes:
        value: by which the column is sorted; None where the case has none.
        text: that is shown.
    """

    value: float | None
    text: str


@dataclass(frozen=True)
class Table:
    """The table of one panel.

    Attributes:
        task: that it is for, or `ALL_TASKS`.
        labels: name and meaning of each column.
        rows: a row of cells for each case of the ledger.
        descending: whether the worst value of the first column is the highest.
        strip: a plot above the table; empty where there is none.
    """

    task: str
    labels: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]
    descending: bool
    strip: str = ""


def keep_ledger(evaluation: Evaluation) -> Ledger:
    """Group the scores by case; a task's table is sorted by the headline, else by Dice, else by the first metric."""
    grouped: dict[str, dict[str, CaseScore]] = {}
    for case in evaluation.cases:
        grouped.setdefault(case.name, {})[case.task] = case
    lead: dict[str, str] = {}
    for task in evaluation.tasks:
        cases = (case for case in evaluation.cases if case.task == task)
        found = list(dict.fromkeys(metric for case in cases for metric in case.metrics))
        wanted: tuple[str, ...] = (evaluation.protocol.headline, "dice")
        preferred = [metric for metric in wanted if metric in found]
        if found:
            lead[task] = (preferred or found)[0]
    return Ledger(tuple(grouped), tuple(grouped.values()), lead, evaluation.protocol, evaluation.looks)


def write_cases(evaluation: Evaluation, ledger: Ledger) -> str:
    """The section of the cases; the data of each case follow at the end of the page, by `write_case_data`."""
    if not ledger.names:
        return ""
    tasks = evaluation.tasks
    tables = [_tabulate_all(ledger, tasks)] if len(tasks) > 1 else []
    tables += [_tabulate(evaluation, ledger, task) for task in tasks if task in ledger.lead]
    panels = [_write_panel(table, ledger.names, hidden=number > 0) for number, table in enumerate(tables)]
    switch, viewer = _write_switch(tasks, evaluation.looks), write_viewer(tasks, evaluation.looks)
    return (
        '<section id="cases" aria-labelledby="cases-title">'
        f'<div class="cases-bar"><h2 id="cases-title">Cases, worst first</h2>{switch}</div>'
        f'<div class="workbench"><div class="panels">{"".join(panels)}</div>{viewer}</div></section>'
    )


def write_case_data(number: int, ledger: Ledger, encoded: EncodedCase) -> str:
    """One script element of type JSON with the pictures and numbers of a case."""
    scores = ledger.scores[number]
    data = {
        "name": ledger.names[number],
        "size": encoded.size,
        "shown": encoded.shown,
        "image": encoded.image,
        "masks": encoded.masks,
        "circles": encoded.circles,
        "metrics": {task: _list_metrics(case, ledger.protocol) for task, case in scores.items()},
    }
    thumbnail = "" if encoded.thumbnail is None else f' data-thumbnail="{encoded.thumbnail}"'
    attributes = f'type="application/json" class="case-data" id="case-data-{number}"{thumbnail}'
    return f"<script {attributes}>{embed_json(data)}</script>\n"


def _list_metrics(case: CaseScore, protocol: Protocol) -> list[tuple[str, str]]:
    labels = {metric: label_metric(metric, protocol) for metric in case.metrics}
    return [
        (labels[metric].name, format_number(value, labels[metric].decimals)) for metric, value in case.metrics.items()
    ]


def _write_switch(tasks: Sequence[str], looks: Looks) -> str:
    if len(tasks) < 2:
        return ""
    options = "".join(
        f'<label><input type="radio" name="task" value="{escape(task)}"{" checked" * (task == ALL_TASKS)}>'
        f"<span>{escape(name)}</span></label>"
        for task, name in [(ALL_TASKS, "All tasks"), *((task, looks.title(task)) for task in tasks)]
    )
    return f'<fieldset class="segments"><legend>Task</legend>{options}</fieldset>'


def _tabulate_all(ledger: Ledger, tasks: Sequence[str]) -> Table:
    """The leading metric of every task, sorted by the mean over the tasks that have it."""
    shown = [task for task in tasks if task in ledger.lead]
    rows = []
    for scores in ledger.scores:
        values = [scores[task].metrics.get(ledger.lead[task]) if task in scores else None for task in shown]
        known = [value for value in values if value is not None]
        mean = sum(known) / len(known) if known else None
        rows.append([_to_cell(mean, 4), *(_to_cell(value, 4) for value in values)])
    metric_labels = [label_metric(ledger.lead[task], ledger.protocol) for task in shown]
    alike = len(set(metric_labels)) == 1
    mean_label = f"Mean {metric_labels[0].name}" if alike else "Mean"
    labels = [(mean_label, "mean over the tasks that have a value for the case")]
    for task, label in zip(shown, metric_labels, strict=True):
        title = ledger.looks.title(task)
        labels.append((title if alike else f"{title} {label.name}", label.meaning))
    lower = bool(shown) and all(label_metric(ledger.lead[task], ledger.protocol).lower_is_better for task in shown)
    return Table(ALL_TASKS, labels, rows, descending=lower)


def _tabulate(evaluation: Evaluation, ledger: Ledger, task: str) -> Table:
    """All metrics of one task, the leading one first, and the pixels behind them."""
    lead = ledger.lead[task]
    found = dict.fromkeys(metric for scores in ledger.scores if task in scores for metric in scores[task].metrics)
    metrics = [lead, *(metric for metric in found if metric != lead)]
    shown = [label_metric(metric, ledger.protocol) for metric in metrics]
    rows = []
    for scores in ledger.scores:
        case = scores.get(task)
        values = [case.metrics.get(metric) if case else None for metric in metrics]
        cells = [_to_cell(value, label.decimals) for value, label in zip(values, shown, strict=True)]
        pixels = (case.counts.tp + case.counts.fn, case.counts.fp, case.counts.fn) if case else (None, None, None)
        rows.append(cells + [_to_cell(count, 0) for count in pixels])
    labels = [(label.name, label.meaning) for label in shown]
    labels += [("Truth px", "true pixels"), ("FP px", "false positive pixels"), ("FN px", "false negative pixels")]
    strip = _draw_strip(evaluation, ledger, task)
    return Table(task, labels, rows, label_metric(lead, ledger.protocol).lower_is_better, strip)


def _draw_strip(evaluation: Evaluation, ledger: Ledger, task: str) -> str:
    lead = ledger.lead[task]
    values = [
        (number, ledger.names[number], scores[task].metrics[lead])
        for number, scores in enumerate(ledger.scores)
        if task in scores and 0 <= scores[task].metrics.get(lead, -1) <= 1
    ]
    if len(values) < 2 or label_metric(lead, ledger.protocol).lower_is_better:
        return ""
    averaged = evaluation.protocol.pooling == "per_image"
    summary = evaluation.aggregates.get(task, {}).get(lead) if averaged else None
    return draw_strip(values, summary, label_metric(lead, ledger.protocol).name)


def _to_cell(value: float | None, decimals: int) -> Cell:
    return Cell(None, "–") if value is None else Cell(value, format_number(value, decimals))


def _write_panel(table: Table, names: Sequence[str], hidden: bool) -> str:
    """The table as HTML, sorted by its first column of values, worst first; undefined values come last."""
    head = "".join(
        f'<th scope="col"{_describe_sort(column, table.descending)}>'
        f'<button type="button" title="{escape(meaning)}">{escape(label)}</button></th>'
        for column, (label, meaning) in enumerate(table.labels)
    )
    numbered = list(enumerate(table.rows))
    known = [entry for entry in numbered if entry[1] and entry[1][0].value is not None]
    known.sort(key=lambda entry: entry[1][0].value or 0.0, reverse=table.descending)
    placed = {number for number, _ in known}
    ordered = known + [entry for entry in numbered if entry[0] not in placed]
    body = "".join(_write_row(number, names[number], cells) for number, cells in ordered)
    return (
        f'<div class="panel" data-task="{escape(table.task)}"{" hidden" * hidden}>{table.strip}'
        '<div class="scroll"><table class="cases-table" aria-label="Cases">'
        f'<thead><tr><th scope="col"><button type="button">Case</button></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></div>"
    )


def _describe_sort(column: int, descending: bool) -> str:
    return "" if column else f' aria-sort="{"descending" if descending else "ascending"}"'


def _write_row(number: int, name: str, cells: Sequence[Cell]) -> str:
    columns = []
    for cell in cells:
        value = "" if cell.value is None else f' data-value="{cell.value:.9g}"'
        columns.append(f"<td{value}>{cell.text}</td>")
    return (
        f'<tr data-case="{number}"><th scope="row" data-value="{escape(name)}">'
        f'<button type="button" class="case-name" tabindex="-1">{escape(name)}</button></th>{"".join(columns)}</tr>'
    )
