"""Read the definition of a leaderboard, `challenges/NAME.toml`, into a frozen dataclass, and check it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Literal

from retseg.challenge.layout import GroundTruth, Submission
from retseg.challenge.leaderboard import Leaderboard
from retseg.challenge.looks import Looks
from retseg.challenge.protocol import Protocol
from retseg.challenge.socket import Socket
from retseg.colours import TASK_STYLES, Pattern, Style, parse_hex
from retseg.toml_schema import SchemaError, declare, nearest, read_toml
from retseg.vocabulary import Modality, ViewRule, choose_view_rule

PACKAGED_CHALLENGES = Path(str(files("retseg"))) / "data" / "challenges"
"""The challenges that are installed with the package; in a checkout, its folder `challenges/`."""


@dataclass(frozen=True)
class Interface:
    """One set of inputs that the platform may hand over, and the outputs it then expects; both are socket slugs."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class TaskModel:
    """One thing to segment, the model that does it, and how it is shown.

    Attributes:
        name: of the task.
        model: a folder in `model_weights/`.
        label: the name for readers; the name with blanks when empty.
        colour: such as `#c0392b`; the usual one of the task, or the first that is free, when empty.
        pattern: what fills its areas.
        outline: on which side of the edge its outline lies; `outside` is for thin structures, as vessels are.
    """

    name: str
    model: str
    label: str = ""
    colour: str = ""
    pattern: Pattern | None = None
    outline: Literal["inside", "outside"] | None = None

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError(f"the task '{self.name}' names no model: write the name of a folder in model_weights/")
        if self.colour:
            parse_hex(self.colour)
        if not self.colour and (self.pattern or self.outline) and self.name not in TASK_STYLES:
            raise ValueError(
                f"the task '{self.name}' has a pattern or an outline but no colour: add colour = '#c0392b'"
            )

    @property
    def style(self) -> Style | None:
        """How it is drawn; None where nothing is said."""
        if not (self.colour or self.pattern or self.outline):
            return None
        usual = TASK_STYLES.get(self.name)
        outside = self.outline == "outside" if self.outline else bool(usual and usual.outside)
        pattern: Pattern = self.pattern or (usual.pattern if usual else "solid")
        return Style(parse_hex(self.colour) if self.colour else TASK_STYLES[self.name].colour, pattern, outside)


@dataclass(frozen=True)
class Challenge:
    """One leaderboard, or a use without one such as `fundus`.

    Attributes:
        modality: `cfp`, `octa`, or a word of its own, which needs `field_of_view`.
        field_of_view: how it is found in an image; None for the default of the modality.
        default_protocol: the protocol of `metrics.json` unless another is asked for.
        case_suffixes: endings of a file's stem that are not part of the name of the case, such as `_manual1`.
        directory: the folder of its file, where functions of its own lie.
        split: name to patterns (`*` and `?`) of the cases in it.
    """

    name: str
    title: str
    modality: Modality
    source: str
    task: tuple[TaskModel, ...]
    socket: tuple[Socket, ...]
    interface: tuple[Interface, ...]
    protocol: dict[str, Protocol] = field(default_factory=dict)
    default_protocol: str = ""
    case_suffixes: tuple[str, ...] = ()
    split: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ground_truth: tuple[GroundTruth, ...] = ()
    submission: Submission | None = None
    leaderboard: Leaderboard | None = None
    field_of_view: ViewRule | None = None
    directory: Path = Path()

    def __post_init__(self) -> None:
        choose_view_rule(self.modality, self.field_of_view)
        colours = [task.colour.lower() for task in self.task if task.colour]
        if len(set(colours)) != len(colours):
            raise ValueError(f"a colour is given twice among {', '.join(colours)}: tasks are told apart by it")
        self._check_sockets()
        self._check_protocols()

    def _check_sockets(self) -> None:
        slugs = [socket.slug for socket in self.socket]
        tasks = [task.name for task in self.task]
        if len(set(tasks)) != len(tasks):
            raise ValueError(f"a task is declared twice among {', '.join(tasks)}: name one model for each")
        if len(set(slugs)) != len(slugs):
            raise ValueError(f"a socket is declared twice among {', '.join(slugs)}")
        for interface in self.interface:
            for slug in (*interface.inputs, *interface.outputs):
                if slug not in slugs:
                    raise ValueError(f"an interface names the socket '{slug}'{nearest(slug, slugs)}")
            for slug in interface.inputs:
                if self.find_socket(slug).is_output:
                    raise ValueError(f"an interface takes the output '{slug}' as an input: move it to outputs")
            for slug in interface.outputs:
                if not self.find_socket(slug).is_output:
                    raise ValueError(
                        f"an interface writes '{slug}', which is an input: a value is an output if it has 'compute'"
                    )
        for socket in self.socket:
            for task in (*socket.shown, *(socket.compute.tasks if socket.compute else ())):
                if task not in tasks:
                    raise ValueError(f"the socket '{socket.slug}' names the task '{task}'{nearest(task, tasks)}")

    def _check_protocols(self) -> None:
        asked = [self.default_protocol] if self.protocol or self.default_protocol else []
        asked += [name for protocol in self.protocol.values() for name in protocol.beside]
        asked += [self.leaderboard.protocol] if self.leaderboard else []
        for name in asked:
            if name not in self.protocol:
                raise ValueError(f"there is no protocol '{name}'{nearest(name, self.protocol)}")
        layouts = [layout.masks for layout in self.ground_truth]
        for table in (*layouts, *([self.submission.labels] if self.submission else [])):
            for task in table:
                if task not in self.tasks:
                    raise ValueError(f"a layout names the task '{task}'{nearest(task, self.tasks)}")
        computed = [socket.slug for socket in self.socket if socket.compute]
        for slug in (slug for layout in self.ground_truth for slug in layout.values):
            if slug not in computed:
                raise ValueError(f"a layout has values of '{slug}', which computes none{nearest(slug, computed)}")

    @property
    def view_rule(self) -> ViewRule:
        """How the field of view is found in an image."""
        return choose_view_rule(self.modality, self.field_of_view)

    @property
    def looks(self) -> Looks:
        """How its tasks are called and drawn."""
        words = {task.name: task.label for task in self.task if task.label}
        return Looks(words, {task.name: task.style for task in self.task if task.style is not None})

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks, in the order of the file."""
        return tuple(task.name for task in self.task)

    @property
    def models(self) -> dict[str, str]:
        """Task name to model name."""
        return {task.name: task.model for task in self.task}

    def list_shown(self, socket: Socket) -> tuple[str, ...]:
        """The tasks that are scored by this output image: all of a heat map, else those that no earlier image shows."""
        if socket.kind == "heatmap":
            return socket.shown
        return tuple(task for task in socket.shown if self.find_output(task) == socket)

    def find_output(self, task: str) -> Socket | None:
        """The first output image with a mask of the task or, where there is none, with its probabilities."""
        shown = [socket for socket in self.socket if task in socket.shown]
        masks = [socket for socket in shown if socket.kind != "heatmap"]
        return next(iter((*masks, *shown)), None)

    def find_socket(self, slug: str) -> Socket:
        """The socket of that slug.

        Raises:
            KeyError: no socket has it.
        """
        return {socket.slug: socket for socket in self.socket}[slug]


def list_challenges(*folders: Path) -> tuple[str, ...]:
    """The names of the challenges in these folders and in the package, sorted.

    Raises:
        SchemaError: one of the folders does not exist.
    """
    for folder in folders:
        if not folder.is_dir():
            raise SchemaError(f"there is no folder of challenges at {folder}: name one that holds NAME.toml files")
    return tuple(sorted({path.stem for folder in (*folders, PACKAGED_CHALLENGES) for path in folder.glob("*.toml")}))


def load_challenge(name: str | Path, *folders: Path) -> Challenge:
    """Read one challenge.

    Args:
        name: of the challenge, or the path of its file, which ends with `.toml`.
        folders: searched for `NAME.toml`, in this order, before the package.

    Raises:
        SchemaError: there is no such challenge, or its file is wrong.
    """
    path = Path(name) if str(name).endswith(".toml") else _find_file(str(name), folders)
    values = read_toml(path)
    protocols = values.get("protocol", {})
    beside = {"directory": path.parent}
    values["protocol"] = {key: {"name": key, **table, **beside} for key, table in protocols.items()}
    return declare(Challenge, {"name": path.stem, **values, "directory": path.parent}, str(path))


def _find_file(name: str, folders: Sequence[Path]) -> Path:
    known = list_challenges(*folders)
    if name not in known:
        raise SchemaError(f"there is no challenge '{name}'{nearest(name, known)}")
    candidates = [folder / f"{name}.toml" for folder in (*folders, PACKAGED_CHALLENGES)]
    return next(path for path in candidates if path.is_file())
