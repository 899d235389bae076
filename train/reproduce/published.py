"""Read the numbers of five publications, and the experiments of ours that belong to them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from retseg.toml_schema import declare, read_toml

Images = Literal["held out", "training"]

PUBLISHED = Path(__file__).parent / "published.toml"


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes:
        label: of the method and, where the table has several, the metric.
        metric: of the protocol; none where there is no experiment.
        task: that it is of; none where there is no experiment.
        recipe: of our experiment; none when empty.
        published: the published number.
        score: the protocol, if it is not that of the table.
        images: that are scored: those of the test or of the held-out folds, or those that were trained on.
    """

    label: str
    metric: str = ""
    task: str = ""
    recipe: str = ""
    published: float | None = None
    score: str = ""
    images: Images = "held out"


@dataclass(frozen=True)
class Table:
    """Numbers that belong together.

    Attributes:
        title: of the table.
        protocol: a sentence about how the published numbers were measured.
        remark: the meaning of differences.
        score: the protocol of ours.
        row: the rows.
        absent: why rows without a recipe have no experiment here.
    """

    title: str
    protocol: str
    remark: str
    score: str
    row: tuple[Row, ...]
    absent: str = ""


@dataclass(frozen=True)
class Measure:
    """One of our numbers: of a recipe, by a protocol, of a task, on some images."""

    recipe: str
    score: str
    metric: str
    task: str
    images: Images = "held out"


@dataclass(frozen=True)
class Pair:
    """Two of our numbers that are compared by their difference."""

    label: str
    first: Measure
    second: Measure


@dataclass(frozen=True)
class Contrast:
    """Pairs of our numbers that show what a choice of evaluation or of method changes.

    Attributes:
        title: of the section.
        text: what is compared, and how to read it.
        first: what the first numbers are.
        second: what the second numbers are.
        pair: the rows.
    """

    title: str
    text: str
    first: str
    second: str
    pair: tuple[Pair, ...]


@dataclass(frozen=True)
class Published:
    """All tables, and the contrasts, which come before them on the page.

    Attributes:
        table: published numbers and ours.
        contrast: our numbers against one another.
        worth: the recipes that are run first, in this order; the shortest come first among the others.
    """

    table: tuple[Table, ...]
    contrast: tuple[Contrast, ...] = ()
    worth: tuple[str, ...] = ()


def load_published(path: Path = PUBLISHED) -> Published:
    """Read the published numbers, strictly."""
    return declare(Published, read_toml(path), str(path))


def list_shown(published: Published) -> set[tuple[str, str]]:
    """The (protocol, metric) pairs of which the page shows a number of ours."""
    rows = {(row.score or table.score, row.metric) for table in published.table for row in table.row if row.recipe}
    pairs = [pair for contrast in published.contrast for pair in contrast.pair]
    return rows | {(measure.score, measure.metric) for pair in pairs for measure in (pair.first, pair.second)}
