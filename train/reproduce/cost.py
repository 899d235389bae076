"""What one image costs each network of the five systems: parameters, arithmetic, and processor time."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

COSTS = "costs.csv"
"""The file of the costs in the folder of the results; `bench/seed_networks.py` writes it."""


@dataclass(frozen=True)
class Cost:
    """The cost of one image.

    Attributes:
        system: the name of the system.
        recipe: whose network it is, at the published width.
        parameters: of the network.
        side: of the square image, in pixels.
        gflop: multiplications and additions of the convolutions and products, in 1e9.
        seconds: of one thread.
        machine: the processor.
    """

    system: str
    recipe: str
    parameters: int
    side: int
    gflop: float
    seconds: float
    machine: str


def write_costs(costs: Sequence[Cost], path: Path) -> None:
    """Write costs as CSV."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Cost)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(cost) for cost in costs)


def read_costs(folder: Path) -> tuple[Cost, ...]:
    """The costs in a folder of results; none if they were not measured."""
    path = folder / COSTS
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(
            Cost(
                row["system"],
                row["recipe"],
                int(row["parameters"]),
                int(row["side"]),
                float(row["gflop"]),
                float(row["seconds"]),
                row["machine"],
            )
            for row in csv.DictReader(stream)
        )
