"""`python -m train.reproduce`: published numbers beside ours, from the logged results, as `docs/reproduction.md`."""

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retseg.declaration import DeclarationError, declare, read_toml

PUBLISHED = Path(__file__).parent / "published.toml"
RESULTS = Path(__file__).parent / "results"
HEAD = """# Reproduction

Five published systems, trained here from recipes of this repository. Every number of ours comes from a file in
`train/results/`, and `python -m train.reproduce` prints this page again. Ours is the mean over seeds; then come the
95 % interval of a bootstrap over images, of the first seed, and the range over all seeds. The width `paper` is the
published one; `cpu` trains in minutes on two cores and compares experiments with one another, not with the publication.
"""


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes:
        label: of the method and, where the table has several, the metric.
        metric: of the protocol.
        task: that it is of.
        recipe: of our experiment; none when empty.
        published: the published number.
        score: the protocol, where it is not the table's.
    """

    label: str
    metric: str
    task: str
    recipe: str = ""
    published: float | None = None
    score: str = ""


@dataclass(frozen=True)
class Table:
    """Numbers that belong together.

    Attributes:
        title: of the table.
        protocol: by which the published numbers were taken, in words.
        remark: what a difference means.
        score: the protocol of ours.
        row: the rows.
    """

    title: str
    protocol: str
    remark: str
    score: str
    row: tuple[Row, ...]


@dataclass(frozen=True)
class Published:
    """All tables."""

    table: tuple[Table, ...]


def load_tables(path: Path = PUBLISHED) -> tuple[Table, ...]:
    """Read the published numbers, strictly."""
    return declare(Published, read_toml(path), str(path)).table


def read_results(directory: Path) -> tuple[dict[str, Any], ...]:
    """All results of a folder, in the order of recipe, variant and seed.

    Raises:
        DeclarationError: a file is not a result.
    """
    found = []
    for path in sorted(directory.glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            result["order"] = (result["recipe"], name_width(result), int(result["seed"]))
        except (ValueError, KeyError, TypeError) as error:
            raise DeclarationError(
                f"{path} is not a result of `python -m train RECIPE --results`: {error!r}"
            ) from error
        found.append(result)
    return tuple(sorted(found, key=lambda result: result["order"]))


def name_width(result: Mapping[str, Any]) -> str:
    """The variant of a result, and whether its encoder was trained elsewhere."""
    return result["variant"] + (", trained encoder" if result["encoder"] else "")


def write_page(tables: Sequence[Table], results: Sequence[Mapping[str, Any]]) -> str:
    """The whole page, in Markdown."""
    rows = [row for table in tables for row in table.row]
    ran = {result["recipe"] for result in results}
    recipes = {row.recipe for row in rows if row.recipe}
    count = f"\n{len(recipes & ran)} of {len(recipes)} experiments have run.\n"
    return HEAD + count + "".join(write_table(table, results) for table in tables)


def write_table(table: Table, results: Sequence[Mapping[str, Any]]) -> str:
    """One table with its protocols and its remark."""
    lines = [
        f"\n## {table.title}\n",
        f"Published: {table.protocol}. Ours: `{table.score}` where a row names no other. {table.remark}\n",
        "| row | published | ours | 95 % interval | range over seeds | width, seeds | recipe |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in table.row:
        lines += write_row(row, row.score or table.score, [r for r in results if r["recipe"] == row.recipe])
    return "\n".join(lines) + "\n"


def write_row(row: Row, protocol: str, results: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each width that ran, or one that says that none did."""
    label = row.label if not row.score else f"{row.label} (`{row.score}`)"
    first = f"| {label} | {'-' if row.published is None else f'{row.published:.4f}'}"
    scores = [(name_width(r), found) for r in results if (found := find_score(r, protocol, row)) is not None]
    if not row.recipe:
        return [f"{first} | no experiment here | | | | |"]
    if not scores:
        return [f"{first} | not run | | | | `{row.recipe}` |"]
    lines = []
    for width in dict.fromkeys(width for width, _ in scores):
        here = [score for name, score in scores if name == width]
        values = [score["value"] for score in here]
        interval = f"{here[0]['low']:.4f} to {here[0]['high']:.4f}" if "low" in here[0] else "-"
        spread = f"{min(values):.4f} to {max(values):.4f}" if len(values) > 1 else "-"
        cells = (f"{statistics.fmean(values):.4f}", interval, spread, f"{width}, {len(values)}", f"`{row.recipe}`")
        lines.append(f"{first} | {' | '.join(cells)} |")
    return lines


def find_score(result: Mapping[str, Any], protocol: str, row: Row) -> Mapping[str, float] | None:
    """Value and interval of a row in a result; None where it has none, as for a task without one true pixel."""
    scores: Mapping[str, float] | None = (
        result["protocols"].get(protocol, {}).get("tasks", {}).get(row.task, {}).get(row.metric)
    )
    return scores


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.reproduce", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the results (train/results)")
    parser.add_argument("--output", type=Path, help="write the page there instead of printing it")
    words = parser.parse_args(arguments)
    page = write_page(load_tables(), read_results(words.results))
    if words.output:
        words.output.write_text(page, encoding="utf-8")
    else:
        print(page, end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
