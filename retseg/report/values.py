"""The section of the report about output values: a row for each value and metric."""

from html import escape

from retseg.evaluation.scoring.result import Evaluation, Summary
from retseg.report.labels import format_interval, format_number

MEANINGS = {
    "agreement": "share of cases whose value is the true one, or within the tolerance",
    "absolute_error": "mean distance from the true value",
    "kappa": "quadratic weighted kappa of grades",
    "auc_roc": "area under the ROC curve between cases",
    "points_found": "share of true points with a predicted one within the tolerance, one to one",
    "false_points": "predicted points of a case that are at no true one",
}


def write_values(evaluation: Evaluation) -> str:
    """One row for each output value and metric; nothing where the challenge has no values."""
    rows = "".join(
        f'<tr><th scope="row">{escape(slug)}</th><td>{escape(metric.replace("_", " "))}</td>'
        f'<td class="meaning">{escape(MEANINGS.get(metric, metric))}</td><td>{_write_summary(summary)}</td></tr>'
        for slug, metrics in evaluation.value_aggregates.items()
        for metric, summary in metrics.items()
    )
    if not rows:
        return ""
    names = ("Value", "Metric", "What it is", "All cases")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        '<section id="values" aria-labelledby="values-title"><h2 id="values-title">Values</h2>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Scores of values"><table class="aggregates">'
        f"<thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _write_summary(summary: Summary) -> str:
    number = format_number(summary.mean)
    if summary.ci95_low is None or summary.ci95_high is None:
        return number
    return f"{number}<small>{format_interval(summary.ci95_low, summary.ci95_high)}</small>"
