"""What a new challenge is: its words, its sockets and its tasks, put together from what was given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from retseg.drafts.error import DraftError
from retseg.drafts.sockets import SocketDraft
from retseg.measures import COMPUTATIONS
from retseg.vocabulary import WORD, Modality, ViewRule, choose_view_rule

Form = Literal["masks", "label_map", "stack", "heatmaps"]
"""How several tasks are written: a mask for each, one label map, one 4-D stack, or a heat map for each."""

FORMS: tuple[Form, ...] = get_args(Form)
IMAGE_SLUGS: Mapping[str, tuple[str, str]] = {
    "cfp": ("color-fundus-image", "images/color-fundus"),
    "octa": ("octa-image", "images/octa"),
}
"""Slug and path of the input image of the kinds that this package knows."""


@dataclass(frozen=True)
class Draft:
    """A challenge before its file is written.

    Attributes:
        name: of the challenge, its model and its recipe.
        title: one line.
        modality, field_of_view: the kind of image, and how its field of view is found.
        sockets: inputs, one of them an image, then outputs.
    """

    name: str
    title: str
    modality: Modality
    field_of_view: ViewRule
    sockets: tuple[SocketDraft, ...]

    def __post_init__(self) -> None:
        if not WORD.fullmatch(self.name.replace("-", "_")):
            raise DraftError(f"'{self.name}' is no name for a challenge: write small letters, digits, - and _")
        try:
            choose_view_rule(self.modality, self.field_of_view)
        except ValueError as error:
            raise DraftError(str(error)) from error
        images = [socket.slug for socket in self.sockets if socket.kind == "image"]
        if len(images) != 1:
            raise DraftError(f"a challenge has one input image, and this one {', '.join(images) or 'has none'}")
        if not self.tasks:
            raise DraftError("no output image says what is segmented: name the tasks, as --task optic_disc")
        for task in self.tasks:
            if not WORD.fullmatch(task):
                raise DraftError(f"'{task}' is no name for a task: write small letters, digits and _")

    @property
    def image(self) -> SocketDraft:
        """The input image."""
        return next(socket for socket in self.sockets if socket.kind == "image")

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of all output images, each once."""
        return tuple(dict.fromkeys(task for socket in self.sockets if socket.is_output for task in socket.labels))


def draft_image(modality: Modality) -> SocketDraft:
    """The input image of a kind, where no file of the platform describes it."""
    word = modality.replace("_", "-")
    slug, path = IMAGE_SLUGS.get(modality, (f"{word}-image", f"images/{word}"))
    return SocketDraft(slug, path, "image")


def draft_computed(slug: str, function: str) -> SocketDraft:
    """An output value that a function computes from masks."""
    return SocketDraft(slug, f"{slug}.json", "value", function=function, is_output=True)


def draft_value(slug: str, choices: Sequence[str]) -> SocketDraft:
    """An input value beside the image, such as a laterality; any value is allowed where there are no choices."""
    return SocketDraft(slug, f"{slug}.json", "value", choices=tuple(choices))


def draft_outputs(name: str, tasks: Sequence[str], form: Form) -> tuple[SocketDraft, ...]:
    """The output images of tasks, where no file of the platform describes them."""
    words = {task: task.replace("_", "-") for task in tasks}
    if form == "label_map":
        labels = {task: number for number, task in enumerate(tasks, 1)}
        return (SocketDraft(f"{name}-label-map", f"images/{name}-label-map", "label_map", labels, is_output=True),)
    if form == "stack":
        ones = dict.fromkeys(tasks, 1)
        return (SocketDraft(f"stacked-{name}", f"images/stacked-{name}", "stack", ones, is_output=True),)
    ending = "heatmap" if form == "heatmaps" else "segmentation"
    kind: Literal["heatmap", "segmentation"] = "heatmap" if form == "heatmaps" else "segmentation"
    slugs = {task: f"{word}-{ending}" for task, word in words.items()}
    return tuple(SocketDraft(slug, f"images/{slug}", kind, {task: 1}, is_output=True) for task, slug in slugs.items())


def give_tasks(sockets: Sequence[SocketDraft]) -> tuple[SocketDraft, ...]:
    """The sockets with the tasks of each output value: as many as its function takes, from the first on.

    Raises:
        DraftError: there are too few tasks for a function.
    """
    tasks = tuple(dict.fromkeys(task for socket in sockets for task in socket.labels))
    given = []
    for socket in sockets:
        wanted = len(tasks) if socket.function not in COMPUTATIONS else 2 if socket.function == "height_ratio" else 1
        if socket.function and len(tasks) < wanted:
            raise DraftError(f"the output '{socket.slug}' needs {wanted} tasks, and there are {len(tasks)}")
        given.append(replace(socket, tasks=tasks[:wanted]) if socket.function else socket)
    return tuple(given)
