"""The five systems: their claims, decided by our numbers where we have them, and our deviations from them."""

from dataclasses import dataclass
from pathlib import Path

from retseg.toml_schema import SchemaError, declare, read_toml
from train.reproduce.published import Pair
from train.reproduce.statistics import Spread

SYSTEMS = Path(__file__).parent / "systems.toml"


@dataclass(frozen=True)
class Claim:
    """A sentence of a publication that can be true or false.

    Attributes:
        text: the claim.
        pair: two of our numbers; the claim is that the second is higher.
        reason: of a claim without a pair: what decides it, or why nothing here can.
    """

    text: str
    pair: Pair | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.pair is None) != bool(self.reason):
            raise SchemaError(f"the claim '{self.text}' needs either a pair or a reason")


@dataclass(frozen=True)
class Deviation:
    """A part of a system that is made in another way here.

    Attributes:
        part: of the system.
        published: what the publication says of it.
        here: what is done here.
        reason: why.
    """

    part: str
    published: str
    here: str
    reason: str


@dataclass(frozen=True)
class Picture:
    """A picture of the page.

    Attributes:
        file: its name in `docs/images`.
        caption: a sentence or two.
        experiment: the recipes whose runs it shows.
        image: `data set/image` that the runs held out; without one the picture shows the curves of the trainings.
        task: that is shown; the first of the first recipe when empty.
        model: shipped models that are shown beside the runs, and were not trained on the image.
    """

    file: str
    caption: str
    experiment: tuple[str, ...]
    image: str = ""
    task: str = ""
    model: tuple[str, ...] = ()


@dataclass(frozen=True)
class System:
    """A published system.

    Attributes:
        name: also of the family of its recipes.
        source: where it was published.
        claim: what it claims.
        deviation: where ours differs.
        picture: what is shown of it.
    """

    name: str
    source: str
    claim: tuple[Claim, ...]
    deviation: tuple[Deviation, ...]
    picture: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class _Systems:
    system: tuple[System, ...]


def load_systems(path: Path = SYSTEMS) -> tuple[System, ...]:
    """Read the systems, strictly."""
    return declare(_Systems, read_toml(path), str(path)).system


def decide(difference: Spread) -> str:
    """The verdict on the claim that a difference is above zero, by its 95 % interval; one seed decides nothing."""
    if difference.seeds < 2:
        return "not decided"
    if difference.low > 0:
        return "reproduced"
    return "contradicted" if difference.high < 0 else "not decided"
