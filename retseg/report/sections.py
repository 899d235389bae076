"""The sections of the page as HTML: warnings, headline, aggregates, curves, standing, protocol.

A section without content is an empty string.
"""

from dataclasses import dataclass
from html import escape

from retseg.challenge.protocol import Protocol
from retseg.evaluation.scoring.result import Evaluation, Standing, Summary
from retseg.report.curves import TaskCurves, TaskFroc
from retseg.report.labels import (
    MetricLabel,
    describe_protocol,
    format_interval,
    format_number,
    join_names,
    label_metric,
)
from retseg.report.plots import draw_curves
from retseg.report.strips import draw_interval


@dataclass(frozen=True)
class Headline:
    """The number that ranks.

    Attributes:
        metric: its name.
        scope: a task, or "overall".
        summary: its value and interval.
    """

    metric: str
    scope: str
    summary: Summary


def choose_headline(evaluation: Evaluation) -> Headline | None:
    """The protocol's ranking metric over all tasks, or of the only task; None where it could not be computed."""
    metric = evaluation.protocol.headline
    for scope in ("overall", *(evaluation.tasks if len(evaluation.tasks) == 1 else ())):
        summary = evaluation.aggregates.get(scope, {}).get(metric)
        if summary is not None:
            return Headline(metric, scope, summary)
    return None


def write_warnings(warnings: tuple[str, ...]) -> str:
    """The warnings, which a reader must know before the numbers."""
    if not warnings:
        return ""
    items = "".join(f"<li>{escape(warning)}</li>" for warning in warnings)
    return (
        '<section class="warnings" role="note" aria-labelledby="warnings">'
        f'<h2 id="warnings">Before you read the numbers</h2><ul>{items}</ul></section>'
    )


def write_headline(evaluation: Evaluation) -> str:
    """The score with its interval, and the protocol's name, rules and caveat in sentences."""
    protocol, headline = evaluation.protocol, choose_headline(evaluation)
    rules = "".join(f"<li>{escape(rule)}</li>" for rule in describe_protocol(protocol))
    caveat = f'<p class="caveat"><b>Caveat.</b> {escape(protocol.caveat)}</p>' if protocol.caveat else ""
    images = len({case.name for case in evaluation.cases})
    tasks = join_names([evaluation.looks.label(task) for task in evaluation.tasks])
    return (
        '<section class="headline" id="headline" aria-labelledby="page-title">'
        f'<h1 id="page-title">{escape(evaluation.challenge)}'
        f"<small>{images} image{'s' * (images != 1)}, {escape(tasks)}</small></h1>"
        f"<div>{_write_score(headline, evaluation) if headline else _write_no_score(protocol)}</div>"
        f'<div><p class="protocol-name">Scored as: {escape(protocol.title)}</p>'
        f'<ul class="rules">{rules}</ul>{caveat}</div></section>'
    )


def _write_score(headline: Headline, evaluation: Evaluation) -> str:
    label, summary = label_metric(headline.metric, evaluation.protocol), headline.summary
    name = f'<abbr title="{escape(label.meaning)}">{escape(label.name)}</abbr>'
    parts = [f'<p class="score-name">{name}{_describe_scope(headline, evaluation)}</p>']
    parts.append(f'<p class="score">{format_number(summary.mean, label.decimals)}</p>')
    if summary.ci95_low is not None and summary.ci95_high is not None:
        interval = format_interval(summary.ci95_low, summary.ci95_high, label.decimals)
        parts.append(f'<p class="score-interval">95 % interval {interval}, by resampling the cases</p>')
    parts.append(draw_interval(summary, evaluation.standing))
    if evaluation.standing is not None:
        parts.append(f'<p><a href="#standing">{_describe_rank(evaluation.standing)}</a></p>')
    return "".join(parts)


def _describe_scope(headline: Headline, evaluation: Evaluation) -> str:
    if headline.scope == "overall" and len(evaluation.tasks) > 1:
        return f", mean of {len(evaluation.tasks)} tasks"
    return f", {escape(evaluation.looks.label(evaluation.tasks[0]))}" if len(evaluation.tasks) == 1 else ""


def _write_no_score(protocol: Protocol) -> str:
    return (
        f'<p class="score-name">{escape(label_metric(protocol.headline, protocol).name)} could not be computed</p>'
        '<p class="note">It needs probabilities, or a truth that is not empty; the table below has the rest.</p>'
    )


def write_aggregates(evaluation: Evaluation) -> str:
    """The scores of the protocol that was asked for."""
    table = write_score_table(evaluation)
    if not table:
        return ""
    return (
        '<section id="aggregates" aria-labelledby="aggregates-title"><h2 id="aggregates-title">Scores</h2>'
        f"{table}</section>"
    )


def write_score_table(evaluation: Evaluation) -> str:
    """One row for each metric; one column for each task and, where there are several, one for their mean."""
    metrics = order_metrics(evaluation)
    if not metrics:
        return ""
    scopes = [*evaluation.tasks, *(["overall"] if len(evaluation.tasks) != 1 else [])]
    scopes = [scope for scope in scopes if evaluation.aggregates.get(scope)]
    names = ["Mean of tasks" if scope == "overall" else evaluation.looks.title(scope) for scope in scopes]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = []
    for metric in metrics:
        label = label_metric(metric, evaluation.protocol)
        cells = "".join(
            f"<td{_mark_overall(scope)}>{_write_summary(evaluation.aggregates[scope].get(metric), label)}</td>"
            for scope in scopes
        )
        rows.append(
            f'<tr{_mark_lead(metric, evaluation.protocol.headline)}><th scope="row">{escape(label.name)}</th>'
            f'<td class="meaning">{escape(label.meaning)}</td>{cells}</tr>'
        )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Scores per task">'
        f'<table class="aggregates{" single" * (len(scopes) == 1)}">'
        f'<thead><tr><th scope="col">Metric</th><th scope="col" class="meaning">What it is</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _mark_overall(scope: str) -> str:
    return ' class="overall"' if scope == "overall" else ""


def _mark_lead(metric: str, lead: str) -> str:
    return ' class="lead-metric"' if metric == lead else ""


def order_metrics(evaluation: Evaluation) -> tuple[str, ...]:
    """All metrics that some aggregate has, those of the protocol first and in its order."""
    found = dict.fromkeys(metric for summaries in evaluation.aggregates.values() for metric in summaries)
    return tuple(sorted(found, key=lambda metric: _find_rank(metric, evaluation.protocol.metrics)))


def _find_rank(metric: str, order: tuple[str, ...]) -> int:
    return order.index(metric) if metric in order else len(order)


def _write_summary(summary: Summary | None, label: MetricLabel) -> str:
    if summary is None:
        return '<span class="absent">–</span>'
    value, details = format_number(summary.mean, label.decimals), []
    if summary.ci95_low is not None and summary.ci95_high is not None:
        details.append(format_interval(summary.ci95_low, summary.ci95_high, label.decimals))
    if summary.std is not None:
        details.append(f"s.d. {format_number(summary.std, label.decimals)}")
    return value + (f"<small>{', '.join(details)}</small>" if details else "")


def write_curves(tasks: tuple[TaskCurves, ...], frocs: tuple[TaskFroc, ...]) -> str:
    """The plots of those tasks that have probabilities."""
    if not tasks:
        return ""
    marked = (
        "; the dot is the threshold that makes the masks" if any(task.threshold is not None for task in tasks) else ""
    )
    images = max(task.images for task in tasks)
    return (
        '<section id="curves" aria-labelledby="curves-title"><h2 id="curves-title">Curves</h2>'
        f'<p class="note">All scored pixels of {images} image{"s" * (images != 1)} together{marked}. '
        "Point at a curve to read it.</p>"
        f"{draw_curves(tasks, frocs)}</section>"
    )


def write_standing(evaluation: Evaluation) -> str:
    """The published scores with this result among them, and the ranks that its interval allows."""
    standing, headline = evaluation.standing, choose_headline(evaluation)
    if standing is None or headline is None:
        return ""
    label, own = label_metric(standing.metric, evaluation.protocol), headline.summary.mean
    entries = [(team, score, False) for team, score in standing.rows]
    entries.insert(standing.rank - 1, ("This result", own, True))
    rows = []
    for rank, (team, score, mine) in enumerate(entries, start=1):
        kinds = ["own"] * mine + ["reach"] * (standing.rank_low <= rank <= standing.rank_high)
        bar = _draw_bar(score, headline.summary if mine else None)
        rows.append(
            f'<tr class="{" ".join(kinds)}"><td>{rank}</td><td>{escape(team)}</td>'
            f'<td>{format_number(score, label.decimals)}</td><td class="bar">{bar}</td></tr>'
        )
    return (
        '<section id="standing" aria-labelledby="standing-title">'
        '<h2 id="standing-title">Standing on the leaderboard</h2>'
        f'<p class="standing-summary">{_describe_rank(standing)}: the range comes from resampling the cases. '
        f"The published scores are taken as exact: {escape(standing.title)}, {escape(standing.source)}, "
        f"{escape(standing.date)}.</p>"
        '<div class="scroll"><table class="standing"><thead><tr><th scope="col">Rank</th><th scope="col">Entry</th>'
        f'<th scope="col">{escape(label.name)}</th><th scope="col" aria-label="On a scale from 0 to 1"></th>'
        "</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _describe_rank(standing: Standing) -> str:
    low, high = standing.rank_low, standing.rank_high
    reach = f"{low}" if low == high else f"{low} to {high}"
    return f"Rank {standing.rank} of {standing.of} (95 %: {reach})"


def _draw_bar(score: float, summary: Summary | None) -> str:
    whisker = f'<path class="value" d="M0 9H{score * 400:.1f}"/>'
    if summary is not None and summary.ci95_low is not None and summary.ci95_high is not None:
        whisker = f'<path class="value" d="M{summary.ci95_low * 400:.1f} 9H{summary.ci95_high * 400:.1f}"/>'
    dot = f'<rect class="dot" x="{score * 400 - 3:.1f}" y="3" width="6" height="12"/>'
    return f'<svg viewBox="0 0 400 18" preserveAspectRatio="none" aria-hidden="true">{whisker}{dot}</svg>'


def write_protocol(evaluation: Evaluation) -> str:
    """Every field of the protocol, so that the numbers can be reproduced."""
    fields = {name: value for name, value in evaluation.protocol.describe().items() if value not in (None, "", (), [])}
    items = "".join(
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(_describe_value(value))}</dd>"
        for name, value in fields.items()
    )
    return (
        '<section id="protocol" class="protocol" aria-labelledby="protocol-title">'
        '<h2 id="protocol-title">The protocol in full</h2>'
        f"<dl>{items}</dl></section>"
    )


def _describe_value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_describe_value(part)}" for name, part in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(map(_describe_value, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
