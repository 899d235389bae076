"""The log of a training: a CSV line and a TensorBoard point for each round, and a picture of the curves."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from retseg.files import replacing

COLUMNS = ("step", "hours", "learning_rate", "loss", "images_per_second", "validation_loss", "validation_dice")
RENAMED = {"rate": "learning_rate"}
"""Columns of the first version, and their new names."""


class RunLog:
    """The log of one network's training: `log.csv`, and `tensorboard/` beside it where TensorBoard is installed."""

    def __init__(self, directory: Path, resumed_step: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "log.csv"
        kept = [row for row in read_log(self._path) if int(row["step"]) <= resumed_step]
        with replacing(self._path) as beside, beside.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(kept)
        self._board = open_board(directory / "tensorboard", resumed_step + 1)

    def write(self, row: Mapping[str, float]) -> None:
        """Add one round."""
        with self._path.open("a", newline="") as stream:
            csv.DictWriter(stream, COLUMNS).writerow({key: f"{value:.6g}" for key, value in row.items()})
        if self._board:
            for key, value in row.items():
                if key != "step":
                    self._board.add_scalar(key, value, int(row["step"]))
            self._board.flush()

    def close(self) -> None:
        """Close the TensorBoard file."""
        if self._board:
            self._board.close()


def open_board(directory: Path, first_step: int) -> Any:
    """TensorBoard's writer, which drops its points from a step on; None if TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(directory, purge_step=first_step)


def read_log(path: Path) -> list[dict[str, str]]:
    """The rows of a `log.csv`; none if there is no file."""
    if not path.is_file():
        return []
    with path.open(newline="") as stream:
        return [{RENAMED.get(key, key): value for key, value in row.items()} for row in csv.DictReader(stream)]


def sum_hours(paths: Iterable[Path]) -> float:
    """The hours of several trainings in all, without interruptions."""
    return sum(float(row["hours"]) for path in paths for row in read_log(path))


def draw_curves(logs: Mapping[str, Path], path: Path) -> None:
    """Draw loss and validation Dice of several runs against the step, as one PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for name, log in logs.items():
        rows = read_log(log)
        draw_run(axes, name, rows)
    for axis, title in zip(axes, ("loss", "Dice on the validation fold at 0.5"), strict=True):
        axis.set(xlabel="step", title=title)
        axis.grid(alpha=0.3)
    axes[0].set_yscale("log")
    axes[1].legend()
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120)
    pyplot.close(figure)
    with replacing(path) as beside:
        beside.write_bytes(content.getvalue())


def draw_run(axes: Any, name: str, rows: list[dict[str, str]]) -> None:
    """Draw one run: training loss solid, validation loss dashed; Dice on the other side."""
    steps = [int(row["step"]) for row in rows]
    (line,) = axes[0].plot(steps, [float(row["loss"]) for row in rows], label=name)
    validated = [row for row in rows if row["validation_loss"]]
    steps = [int(row["step"]) for row in validated]
    axes[0].plot(steps, [float(row["validation_loss"]) for row in validated], "--", color=line.get_color())
    axes[1].plot(steps, [float(row["validation_dice"]) for row in validated], color=line.get_color(), label=name)
