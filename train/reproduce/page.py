"""Write the page of published numbers beside ours, in Markdown."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from train.config.protocols import find_protocols
from train.reproduce.published import Contrast, Measure, Pair, Published, Row, Table
from train.reproduce.result import name_width

Results = Sequence[Mapping[str, Any]]

HEAD = """# Reproduction

Five published systems, trained here from recipes of this repository. Every number of ours comes from a file in
`train/results/`. `python -m train reproduce --run` makes those that are missing, and `python -m train reproduce` prints
this page again. Our number is the mean over seeds. Beside it stand the 95 % interval of a bootstrap over the images, of
the first seed, and the range over all seeds. The width `paper` is the published one. The width `cpu` trains in minutes
on two cores: it compares experiments with one another, not with the publication.
"""


def write_page(published: Published, results: Results) -> str:
    """The whole page: the runs, the contrasts, the tables."""
    parts = [HEAD, describe_runs(published.table, results), "\n## What honest evaluation changes\n"]
    parts += [write_contrast(contrast, results) for contrast in published.contrast]
    parts += ["\n## Published and ours\n", *(write_table(table, results) for table in published.table)]
    return "".join(parts)


def describe_runs(tables: Sequence[Table], results: Results) -> str:
    """How many experiments have run, for how long, and on what."""
    recipes = {row.recipe for table in tables for row in table.row if row.recipe}
    ran = recipes & {result["recipe"] for result in results}
    said = f"\n{len(ran)} of {len(recipes)} experiments have run"
    if not results:
        return f"{said}.\n"
    hours = sum(result["hours"] for result in results)
    machines = ", ".join(sorted({result["machine"] for result in results}))
    commits = ", ".join(sorted({result["commit"] for result in results}))
    runs = "1 run" if len(results) == 1 else f"{len(results)} runs"
    return f"{said}: {runs}, {hours:.1f} hours of training on {machines}; commits {commits}.\n"


def write_contrast(contrast: Contrast, results: Results) -> str:
    """A section: its text, and a line for each width in which both numbers of a pair have run."""
    lines = [
        f"\n### {contrast.title}\n",
        f"{contrast.text}\n",
        f"| row | {contrast.first} | {contrast.second} | difference | range over seeds | width, seeds |",
        "|---|---|---|---|---|---|",
    ]
    for pair in contrast.pair:
        lines += write_pair(pair, results)
    return "\n".join(lines) + "\n"


def write_pair(pair: Pair, results: Results) -> list[str]:
    """The difference of two numbers, seed by seed: its mean and its range."""
    first, second = collect_scores(pair.first, results), collect_scores(pair.second, results)
    lines = []
    for width in dict.fromkeys(width for width, _ in first):
        seeds = [key for key in first if key[0] == width and key in second]
        if not seeds:
            continue
        values = [[scores[key]["value"] for key in seeds] for scores in (first, second)]
        differences = [b - a for a, b in zip(*values, strict=True)]
        spread = f"{min(differences):+.4f} to {max(differences):+.4f}" if len(seeds) > 1 else "-"
        means = " | ".join(f"{statistics.fmean(column):.4f}" for column in values)
        mean = statistics.fmean(differences)
        lines.append(f"| {pair.label} | {means} | {mean:+.4f} | {spread} | {width}, {len(seeds)} |")
    return lines or [f"| {pair.label} | not run | | | | |"]


def collect_scores(measure: Measure, results: Results) -> dict[tuple[str, int], Mapping[str, float]]:
    """The scores of a measure, by width and seed."""
    found = {}
    for result in results:
        if result["recipe"] == measure.recipe:
            score = find_score(result, measure)
            if score is not None:
                found[name_width(result), int(result["seed"])] = score
    return found


def write_table(table: Table, results: Results) -> str:
    """One table with its protocols and its remark."""
    lines = [
        f"\n### {table.title}\n",
        f"Published: {table.protocol}. Ours: {describe_protocols(table)}. {table.remark}\n",
        "| row | published | ours | 95 % interval | range over seeds | width, seeds | recipe |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in table.row:
        lines += write_row(row, row.score or table.score, results)
    return "\n".join(lines) + "\n"


def describe_protocols(table: Table) -> str:
    """The protocols of our numbers in a table, with their titles."""
    names = dict.fromkeys((table.score, *(row.score for row in table.row if row.score)))
    titles = [f"`{p.name}` ({p.title})" for p in find_protocols(tuple(names))]
    return "; ".join(titles) + (", the first where a row names no other" if len(titles) > 1 else "")


def write_row(row: Row, protocol: str, results: Results) -> list[str]:
    """A line for each width with a result, or one line that says that there is none."""
    label = row.label if not row.score else f"{row.label} (`{row.score}`)"
    first = f"| {label} | {'-' if row.published is None else f'{row.published:.4f}'}"
    if not row.recipe:
        return [f"{first} | no experiment here | | | | |"]
    scores = collect_scores(Measure(row.recipe, protocol, row.metric, row.task), results)
    if not scores:
        return [f"{first} | not run | | | | `{row.recipe}` |"]
    lines = []
    for width in dict.fromkeys(width for width, _ in scores):
        here = [score for (name, _), score in scores.items() if name == width]
        values = [score["value"] for score in here]
        interval = f"{here[0]['low']:.4f} to {here[0]['high']:.4f}" if "low" in here[0] else "-"
        spread = f"{min(values):.4f} to {max(values):.4f}" if len(values) > 1 else "-"
        cells = (f"{statistics.fmean(values):.4f}", interval, spread, f"{width}, {len(values)}", f"`{row.recipe}`")
        lines.append(f"{first} | {' | '.join(cells)} |")
    return lines


def find_score(result: Mapping[str, Any], measure: Measure) -> Mapping[str, float] | None:
    """Value and interval of a measure in a result; None if it has none, as for a task without a true pixel."""
    protocol = result["protocols"].get(measure.score, {})
    scores: Mapping[str, float] | None = protocol.get("tasks", {}).get(measure.task, {}).get(measure.metric)
    return scores
