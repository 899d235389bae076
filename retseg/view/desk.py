"""The photographs of a page: each is read, segmented model by model, and kept until it is removed.

One thread works through them in their order, so that only one image is in a network at a time.
"""

import queue
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError, explain, is_expected
from retseg.image import Image, read_image
from retseg.image.limits import allow_pixels
from retseg.models import Card
from retseg.predictor import Predict, Prediction
from retseg.preprocessing import scale_component_size
from retseg.view.levels import quantise
from retseg.vocabulary import Modality

MOST_PHOTOGRAPHS = 40
MOST_PIXELS = 250_000_000
"""Of all photographs together; each keeps its colours and one byte for each task."""

Stage = Literal["waiting", "reading", "segmenting", "done", "failed"]


class DeskError(RetsegError):
    """A photograph cannot be taken, or is not there; the message says what to do."""


@dataclass(frozen=True)
class Step:
    """One model and what it is asked for.

    Attributes:
        card: of the model.
        tasks: that are taken from it.
        predict: segments an image.
    """

    card: Card
    tasks: tuple[str, ...]
    predict: Predict


@dataclass(frozen=True)
class Photograph:
    """What is known of one photograph.

    Attributes:
        number: by which the page asks for it.
        name: that is shown.
        path: of the file.
        own: whether the file is a copy of the desk, removed once it is read.
        stage: how far it is.
        sentence: why it failed; empty otherwise.
        image: its pixels, once it is read.
        region: its field of view, bool (H, W), once the first model is done.
        modality: the kind of image that the models are for.
        levels: task to uint8 (H, W), see `quantise`; tasks appear as their model is done.
        smallest: task to the size, in pixels, from which a component is kept.
        warnings: one sentence each.
    """

    number: int
    name: str
    path: Path
    own: bool
    stage: Stage = "waiting"
    sentence: str = ""
    image: Image | None = None
    region: NDArray[np.bool_] | None = None
    levels: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    smallest: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    modality: Modality = "cfp"


class Desk:
    """Takes photographs, and works through them.

    Args:
        steps: the models, in the order in which they are run.
        max_pixels: that one image may have; None for the default.
    """

    def __init__(self, steps: Sequence[Step], max_pixels: int | None = None) -> None:
        self.steps = tuple(steps)
        self._limits = allow_pixels(max_pixels)
        self._photographs: dict[int, Photograph] = {}
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._next = 1

    def start(self) -> None:
        """Begin to work, in a thread that ends with the program."""
        threading.Thread(target=self._work_for_ever, name="desk", daemon=True).start()

    def add(self, path: Path, name: str, own: bool = False) -> int:
        """Put a file on the desk; gives its number.

        Args:
            path: of the file.
            name: that is shown.
            own: the file is a copy for the desk, which removes it.

        Raises:
            DeskError: the desk is full.
        """
        with self._lock:
            if len(self._photographs) >= MOST_PHOTOGRAPHS:
                raise DeskError(f"{name}: {MOST_PHOTOGRAPHS} photographs are open: remove one and try again")
            number, self._next = self._next, self._next + 1
            self._photographs[number] = Photograph(number, name, path, own)
        self._waiting.put(number)
        return number

    def list_all(self) -> tuple[Photograph, ...]:
        """All photographs, in the order in which they came."""
        with self._lock:
            return tuple(self._photographs.values())

    def find(self, number: int) -> Photograph:
        """One photograph.

        Raises:
            DeskError: it is not there.
        """
        with self._lock:
            if number not in self._photographs:
                raise DeskError(f"there is no photograph {number}: it was removed")
            return self._photographs[number]

    def remove(self, number: int) -> None:
        """Forget a photograph; one that is being segmented is forgotten when its model is done."""
        with self._lock:
            self._photographs.pop(number, None)

    def work_once(self) -> None:
        """Wait for the next photograph, and read and segment it; whatever fails is said in its sentence."""
        number = self._waiting.get()
        try:
            photograph = self.find(number)
        except DeskError:
            return
        try:
            self._read(photograph)
            for step in self.steps:
                self._segment(number, step)
            self._update(number, stage="done")
        except DeskError:
            return
        except Exception as error:
            if not is_expected(error) and not isinstance(error, MemoryError):
                traceback.print_exc(file=sys.stderr)
            self._fail(photograph, explain(error))
        finally:
            if photograph.own:
                photograph.path.unlink(missing_ok=True)

    def _work_for_ever(self) -> None:
        while True:
            self.work_once()

    def _read(self, photograph: Photograph) -> None:
        self._update(photograph.number, stage="reading")
        image = read_image(photograph.path, self._limits)
        warnings = tuple(show_name(sentence, photograph) for sentence in image.warnings)
        kept = sum(each.image.pixels[:, :, 0].size for each in self.list_all() if each.image is not None)
        if kept + image.pixels[:, :, 0].size > MOST_PIXELS:
            self._fail(photograph, f"{photograph.name}: there is no room for it: remove other photographs first")
            raise DeskError(photograph.name)
        named = replace(image, name=photograph.name, warnings=warnings)
        self._update(photograph.number, stage="segmenting", image=named, warnings=warnings)

    def _segment(self, number: int, step: Step) -> None:
        image = self.find(number).image
        assert image is not None
        found = step.predict(image)
        before = self.find(number)
        self._update(
            number,
            region=found.field_of_view,
            modality=found.modality,
            levels={**before.levels, **quantise_all(found, step)},
            smallest={**before.smallest, **scale_smallest(found, step)},
            warnings=tuple(dict.fromkeys((*before.warnings, *found.warnings))),
        )

    def _update(self, number: int, **changes: object) -> None:
        with self._lock:
            if number not in self._photographs:
                raise DeskError(f"photograph {number} was removed")
            self._photographs[number] = replace(self._photographs[number], **changes)  # type: ignore[arg-type]

    def _fail(self, photograph: Photograph, sentence: str) -> None:
        with self._lock:
            if photograph.number in self._photographs:
                self._photographs[photograph.number] = replace(
                    self._photographs[photograph.number], stage="failed", sentence=show_name(sentence, photograph)
                )


def quantise_all(found: Prediction, step: Step) -> dict[str, NDArray[np.uint8]]:
    """The levels of a model's tasks: task to uint8 (H, W)."""
    return {task: quantise(found.probabilities[task], step.card.tasks[task].threshold) for task in step.tasks}


def scale_smallest(found: Prediction, step: Step) -> dict[str, int]:
    """The size, in pixels of the image, from which a component of each task is kept; 0 without a field of view."""
    card = step.card
    if not found.field_of_view.any():
        return dict.fromkeys(step.tasks, 0)
    return {
        task: scale_component_size(
            card.tasks[task].minimum_component_size, found.field_of_view, card.framing, card.preprocessing
        )
        for task in step.tasks
    }


def show_name(sentence: str, photograph: Photograph) -> str:
    """A sentence with the name that is shown in place of the path and the name of the file."""
    return sentence.replace(str(photograph.path), photograph.name).replace(photograph.path.name, photograph.name)
