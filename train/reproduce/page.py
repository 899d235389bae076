"""Write the page of published numbers beside ours, in Markdown."""

import math
from collections.abc import Iterator, Sequence

from train.config.protocols import find_protocols
from train.reproduce.cost import Cost
from train.reproduce.published import Contrast, Measure, Pair, Published, Row, Table
from train.reproduce.result import Result
from train.reproduce.statistics import Score, Spread, average, subtract
from train.reproduce.systems import System, decide

Results = Sequence[Result]

HEAD = """# Reproduction

Five published systems, trained here from recipes of this repository. Every number of ours comes from a result in
`train/results/`: a JSON file with the run and its scores, and a CSV file with the scores of each image.
`python -m train reproduce --run` makes the results that are missing, and `python -m train reproduce` prints this page
again. Only what has run is shown.

Our number is the mean over seeds. The 95 % interval is over seeds and images together: images and seeds are drawn with
replacement. With one seed, it is over the images alone. The interval of a difference is paired: both numbers are taken
from the same images and seeds. The width `paper` is the published one. The width `cpu` trains in minutes on two cores:
it compares experiments with one another, not with the publication.
"""

CLAIMS = """
A claim is reproduced if the whole 95 % interval of the difference lies above zero, contradicted if it lies below zero,
and otherwise, or with one seed, not decided. The verdict holds for the width that stands beside it.
"""


def write_page(published: Published, systems: Sequence[System], results: Results, costs: Sequence[Cost] = ()) -> str:
    """The whole page: the runs, the claims, the contrasts, the tables, the cost of an image, the deviations."""
    parts = [HEAD, describe_runs(published.table, results), "\n## Claims\n", CLAIMS]
    parts += [write_claims(system, results) for system in systems]
    parts += [write_contrast(contrast, results) for contrast in published.contrast]
    parts += ["\n## Published and ours\n", *(write_table(table, results) for table in published.table)]
    parts += [write_costs(costs)] if costs else []
    parts += ["\n## Deviations\n", *(write_deviations(system) for system in systems)]
    return "".join(parts)


def describe_runs(tables: Sequence[Table], results: Results) -> str:
    """How many experiments have run at which width, for how long, and on what."""
    recipes = {row.recipe for table in tables for row in table.row if row.recipe}
    widths = list_widths(results)
    ran = {width: {r.document["recipe"] for r in results if r.width == width} & recipes for width in widths}
    said = [f"{len(found)} of {len(recipes)} experiments at the width `{width}`" for width, found in ran.items()]
    if not said:
        return f"\nNone of {len(recipes)} experiments has run.\n"
    hours = sum(result.document["hours"] for result in results)
    machines = ", ".join(sorted({result.document["machine"] for result in results}))
    commits = ", ".join(sorted({result.document["commit"] for result in results}))
    runs = "1 run" if len(results) == 1 else f"{len(results)} runs"
    text = f"Have run: {'; '.join(said)}. {runs}, {hours:.1f} hours of training on {machines}; commits {commits}."
    missing = sorted(recipes - set().union(*ran.values()))
    return f"\n{text}\n" + (f"\nHave not run: {', '.join(f'`{name}`' for name in missing)}.\n" if missing else "")


def write_claims(system: System, results: Results) -> str:
    """The claims of a system with a verdict for each width in which they were tested; then those that were not."""
    lines, others = [], []
    for claim in system.claim:
        tested = [] if claim.pair is None else write_verdicts(claim.text, claim.pair, results)
        lines += tested
        if not tested:
            others.append(f"- {claim.text}. {claim.reason or 'Not run yet.'}")
    head = [f"\n### {system.name}\n", f"{system.source}\n"]
    if lines:
        head += ["| claim | verdict | difference | 95 % interval | width | seeds |", "|---|---|---|---|---|---|"]
    pictures = [f"\n![{each.caption}](images/{each.file})\n\n*{each.caption}*" for each in system.picture]
    return "\n".join([*head, *lines, *([""] if lines and others else []), *others, *pictures]) + "\n"


def write_verdicts(text: str, pair: Pair, results: Results) -> list[str]:
    """A line for each width in which both numbers of a claim have run."""
    lines = []
    for width, _, difference in compare_pair(pair, results):
        cells = (text, decide(difference), f"{difference.mean:+.4f}", write_ends(difference, "+.4f"), width)
        lines.append(f"| {' | '.join(cells)} | {difference.seeds} |")
    return lines


def write_costs(costs: Sequence[Cost]) -> str:
    """A section: the networks of the systems at the published widths, and what one image costs them."""
    machines = ", ".join(sorted({cost.machine for cost in costs}))
    text = f"""
## What one image costs

Each network at its published width with random weights, on one image of the size of its recipe's patch, in float32 on
one thread. The seconds are processor time, the median of three images, on {machines}. No publication names a machine,
so these figures compare the networks with one another. `python bench/seed_networks.py` measures them.

| system | network of | parameters | pixels | GFLOP | seconds | seconds a megapixel |
|---|---|---|---|---|---|---|
"""
    rows = [
        f"| {cost.system} | `{cost.recipe}` | {cost.parameters:,} | {cost.side}² | {cost.gflop:,.0f} "
        f"| {cost.seconds:.2f} | {cost.seconds / cost.side**2 * 1e6:.1f} |"
        for cost in costs
    ]
    return "\n".join([text.rstrip("\n"), *rows]) + "\n"


def write_deviations(system: System) -> str:
    """The table of a system's deviations."""
    rows = [f"| {each.part} | {each.published} | {each.here} | {each.reason} |" for each in system.deviation]
    head = ["| part | published | here | reason |", "|---|---|---|---|"]
    return "\n".join([f"\n### {system.name}: what differs\n", *head, *rows]) + "\n"


def write_contrast(contrast: Contrast, results: Results) -> str:
    """A section: its text, and a line for each width in which both numbers of a pair have run; "" without a line."""
    lines = [line for pair in contrast.pair for line in write_pair(pair, results)]
    if not lines:
        return ""
    head = [
        f"\n## {contrast.title}\n",
        f"{contrast.text}\n",
        f"| row | {contrast.first} | {contrast.second} | difference | 95 % interval | width | seeds |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *lines]) + "\n"


def write_pair(pair: Pair, results: Results) -> list[str]:
    """The difference of two numbers over the seeds that both have, for each width."""
    lines = []
    for width, means, difference in compare_pair(pair, results):
        ends = write_ends(difference, "+.4f")
        row = f"| {pair.label} | {means[0]:.4f} | {means[1]:.4f} | {difference.mean:+.4f} | {ends} | {width} |"
        lines.append(f"{row} {difference.seeds} |")
    return lines


def compare_pair(pair: Pair, results: Results) -> Iterator[tuple[str, tuple[float, float], Spread]]:
    """Each width in which both numbers have run, with their means over the seeds that both have, and the difference."""
    for width in list_widths(results):
        first, second = (collect_scores(each, width, results) for each in (pair.first, pair.second))
        difference = subtract(first, second)
        if difference is not None:
            shared = first.keys() & second.keys()
            before, after = (average({seed: scores[seed] for seed in shared}).mean for scores in (first, second))
            yield width, (before, after), difference


def list_widths(results: Results) -> tuple[str, ...]:
    """The widths of the results, each once, in the order of the results."""
    return tuple(dict.fromkeys(result.width for result in results))


def collect_scores(measure: Measure, width: str, results: Results) -> dict[int, Score]:
    """The scores of a measure at a width, by seed."""
    found = {}
    for result in results:
        if result.document["recipe"] == measure.recipe and result.width == width:
            score = result.find_score(measure)
            if score is not None:
                found[int(result.document["seed"])] = score
    return found


def write_table(table: Table, results: Results) -> str:
    """One table with its protocols and its remark, what has not run, and what has no experiment."""
    written = {row: write_row(row, row.score or table.score, results) for row in table.row}
    lines = [
        f"\n### {table.title}\n",
        f"Published: {table.protocol}. Ours: {describe_protocols(table)}. {table.remark}",
    ]
    if any(written.values()):
        lines += [
            "\n| row | published | ours | 95 % interval | width | seeds | recipe |",
            "|---|---|---|---|---|---|---|",
            *(line for found in written.values() for line in found),
        ]
    waiting = [describe_row(row) for row, found in written.items() if row.recipe and not found]
    absent = [describe_row(row) for row in table.row if not row.recipe]
    lines += [f"\nNot run: {', '.join(waiting)}."] if waiting else []
    lines += [f"\nWithout an experiment here: {', '.join(absent)}. {table.absent}"] if absent else []
    return "\n".join(lines) + "\n"


def describe_protocols(table: Table) -> str:
    """The protocols of our numbers in a table, with their titles."""
    names = dict.fromkeys((table.score, *(row.score for row in table.row if row.score)))
    titles = [f"`{p.name}` ({p.title})" for p in find_protocols(tuple(names))]
    return "; ".join(titles) + (", the first where a row names no other" if len(titles) > 1 else "")


def write_row(row: Row, protocol: str, results: Results) -> list[str]:
    """A line for each width with a result."""
    label = row.label if not row.score else f"{row.label} (`{row.score}`)"
    published = "-" if row.published is None else f"{row.published:.4f}"
    measure = Measure(row.recipe, protocol, row.metric, row.task, row.images)
    lines = []
    for width in list_widths(results):
        scores = collect_scores(measure, width, results)
        if scores:
            found = average(scores)
            cells = (label, published, f"{found.mean:.4f}", write_ends(found, ".4f"), width, str(found.seeds))
            lines.append(f"| {' | '.join(cells)} | `{row.recipe}` |")
    return lines


def describe_row(row: Row) -> str:
    """The label of a row, with its published number in brackets where there is one."""
    return row.label if row.published is None else f"{row.label} (published {row.published:.4f})"


def write_ends(spread: Spread, form: str) -> str:
    """The interval, its ends in the given form; a dash where there is none."""
    return "-" if math.isnan(spread.low) else f"{spread.low:{form}} to {spread.high:{form}}"
