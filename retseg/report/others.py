"""The sections beside the main protocol: the comparison with a second system, and the scores by other protocols.

A section without content is an empty string.
"""

from collections.abc import Sequence
from html import escape

from retseg.evaluation.scoring.comparison import Difference, Differences
from retseg.evaluation.scoring.result import Evaluation
from retseg.report.labels import MetricLabel, describe_protocol, format_interval, format_number, label_metric
from retseg.report.sections import write_score_table


def write_comparison(differences: Differences | None, evaluation: Evaluation) -> str:
    """One row for each task and metric: the difference from the other system, its interval and its p-value."""
    rows = []
    for task, metrics in (differences or {}).items():
        name = "Mean of tasks" if task == "overall" else evaluation.looks.title(task)
        for metric, found in metrics.items():
            label = label_metric(metric, evaluation.protocol)
            cells = "".join(f"<td>{cell}</td>" for cell in _describe_difference(found, label))
            title = escape(label.name)
            rows.append(f'<tr><th scope="row">{escape(name)}</th><td>{title}</td>{cells}</tr>')
    if not rows:
        return ""
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("", "Metric", "Difference", "95 % interval", "p"))
    return (
        '<section id="comparison" aria-labelledby="comparison-title">'
        '<h2 id="comparison-title">Difference from the other predictions</h2>'
        '<p class="note">This result minus the other one, on the cases that both have. The interval is of a paired '
        "bootstrap over the cases, p is two-sided and of a paired permutation test. Nothing corrects for the number "
        "of rows.</p>"
        '<div class="scroll" tabindex="0" role="region" aria-label="Differences">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _describe_difference(found: Difference, label: MetricLabel) -> tuple[str, str, str]:
    absent = '<span class="absent">–</span>'
    interval = absent
    if found.ci95_low is not None and found.ci95_high is not None:
        interval = format_interval(found.ci95_low, found.ci95_high, label.decimals)
    p_value = absent if found.p_value is None else format_number(found.p_value)
    return format_number(found.difference, label.decimals), interval, p_value


def write_beside(evaluations: Sequence[Evaluation]) -> str:
    """The scores of the same predictions by other protocols, each with its rules and its caveat."""
    parts = []
    for number, evaluation in enumerate(evaluations):
        protocol = evaluation.protocol
        rules = "".join(f"<li>{escape(rule)}</li>" for rule in describe_protocol(protocol))
        caveat = f'<p class="caveat"><b>Caveat.</b> {escape(protocol.caveat)}</p>' if protocol.caveat else ""
        parts.append(
            f'<h3 id="beside-{number}">{escape(protocol.name)}: {escape(protocol.title)}</h3>'
            f'<ul class="rules">{rules}</ul>{caveat}{write_score_table(evaluation)}'
        )
    if not parts:
        return ""
    return (
        '<section id="others" class="beside" aria-labelledby="others-title">'
        f'<h2 id="others-title">By other protocols</h2>{"".join(parts)}</section>'
    )
