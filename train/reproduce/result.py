"""Files of results: their names, the changes of a recipe that they allow, and how they are written and read.

A result has three files of one stem: `.json` with the run and its scores, `.csv` with the scores of each image, and
`.npy` with the resamples of a bootstrap over images, uint16, (measures, resamples): `SCALE` times the value, and
`NO_VALUE` for a resample without a value.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError
from retseg.files import replacing_all
from retseg.toml_schema import SchemaError
from train import REPOSITORY
from train.config.recipe import Recipe
from train.reproduce.published import Measure
from train.reproduce.statistics import Score

RESULTS = REPOSITORY / "train" / "results"
SCALE, NO_VALUE = 65534, 65535


class ResultError(RetsegError):
    """A result cannot be made or would be misleading; the message gives the reason."""


def check_changes(changes: Iterable[str]) -> None:
    """Refuse changes after which a result would not be that of the recipe.

    Raises:
        ResultError: a change is of another key than width, seed and encoder.
    """
    other = [change for change in changes if change.partition("=")[0] not in ("width", "seed", "encoder")]
    if other:
        raise ResultError(
            f"a result stands for its recipe as it is, but {', '.join(other)} was set: leave --results out, or write a "
            "recipe or a variant"
        )


def select_width(width: str) -> list[str]:
    """The changes of a recipe that select the variants of a width, joined by `+`; none for `paper`."""
    return [f"width={word}" for word in width.split("+") if word != "paper"]


def name_result(recipe: Recipe) -> str:
    """The stem of a result's file: recipe, variant and seed, and whether the encoder was trained elsewhere."""
    encoder = "-encoder" if recipe.encoder_file else ""
    return f"{recipe.name}-{recipe.variant}{encoder}-seed{recipe.seed}"


def write_result(
    path: Path,
    document: Mapping[str, Any],
    rows: Sequence[Mapping[str, object]],
    replicates: Mapping[Measure, NDArray[np.float64]],
) -> None:
    """Write the three files of a result, all or none.

    Args:
        path: of the JSON file.
        document: the run and its scores.
        rows: the scores of each image.
        replicates: a measure to its values in resamples, (resamples,), all in [0, 1].
    """
    columns = list(dict.fromkeys(column for row in rows for column in row))
    table = np.array([_pack(values) for values in replicates.values()], dtype=np.uint16)
    names = [[measure.score, measure.metric, measure.task] for measure in replicates]
    text = json.dumps({**document, "replicates": names}, indent=1, ensure_ascii=False)
    with replacing_all(path.parent) as folder:
        (folder / path.name).write_text(f"{text}\n", encoding="utf-8")
        np.save((folder / path.name).with_suffix(".npy"), table)
        with (folder / path.name).with_suffix(".csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def _pack(values: NDArray[np.float64]) -> NDArray[np.uint16]:
    return np.where(np.isnan(values), NO_VALUE, np.round(np.nan_to_num(values) * SCALE)).astype(np.uint16)


@dataclass(frozen=True)
class Result:
    """One run of an experiment.

    Attributes:
        document: the run and its scores, as in the JSON file.
        replicates: (protocol, metric, task) to the values in resamples of the images.
        images: the names of the images that were scored, in the order of the resamples.
    """

    document: Mapping[str, Any]
    replicates: Mapping[tuple[str, str, str], NDArray[np.float64]]
    images: tuple[str, ...]

    @property
    def width(self) -> str:
        """The variant, and whether the encoder was trained elsewhere."""
        return name_width(self.document)

    def find_score(self, measure: Measure) -> Score | None:
        """A measure of this run; None if it has none, as for a task without a true pixel."""
        part = "training" if measure.images == "training" else "protocols"
        protocol = self.document.get(part, {}).get(measure.score, {})
        found = protocol.get("tasks", {}).get(measure.task, {}).get(measure.metric)
        if found is None:
            return None
        if measure.images == "training":
            return Score(float(found["value"]), np.empty(0), ())
        replicates = self.replicates.get((measure.score, measure.metric, measure.task), np.empty(0))
        return Score(float(found["value"]), replicates, self.images)


def read_results(directory: Path) -> tuple[Result, ...]:
    """All results of a folder, in the order of recipe, variant and seed. Those of version 0.1 have no resamples.

    Raises:
        SchemaError: a file is not a result, or one of its three files is absent.
    """
    found = []
    for path in sorted(directory.glob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            order = (document["recipe"], name_width(document), int(document["seed"]))
            replicates = _read_replicates(path, document["replicates"]) if "replicates" in document else {}
            images = _read_images(path.with_suffix(".csv")) if "replicates" in document else ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SchemaError(f"{path} is not a result of `python -m train RECIPE --results`: {error!r}") from error
        found.append((order, Result(document, replicates, images)))
    return tuple(result for _, result in sorted(found, key=lambda each: each[0]))


def _read_replicates(path: Path, names: Sequence[Sequence[str]]) -> dict[tuple[str, str, str], NDArray[np.float64]]:
    """(protocol, metric, task) to the values in resamples."""
    table = np.load(path.with_suffix(".npy"))
    values = np.where(table == NO_VALUE, np.nan, table / SCALE)
    return {(name[0], name[1], name[2]): row for name, row in zip(names, values, strict=True)}


def _read_images(path: Path) -> tuple[str, ...]:
    """The images of the first protocol and task of a table of scores."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    first = [row for row in rows if (row["protocol"], row["task"]) == (rows[0]["protocol"], rows[0]["task"])]
    return tuple(row["image"] for row in first)


def name_width(result: Mapping[str, Any]) -> str:
    """The variant of a result, and whether its encoder was trained elsewhere, or is random unlike the published one.

    At the width `cpu` networks are small in any case, and their encoders are not published ones.
    """
    variant = str(result["variant"])
    if result["encoder"]:
        return f"{variant}, trained encoder"
    left_out = bool(result.get("published_encoder")) and not result["initial_model"] and "cpu" not in variant.split("+")
    return f"{variant}, random encoder" if left_out else variant
