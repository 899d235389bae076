"""Whether a score is a test result: no scored image may have been among the model's training images."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from retseg.evaluation.inputs.matching import split_suffix
from retseg.models import Card, hash_file


class Photographed(Protocol):
    """A case with its name and, where it is known, the file of its photograph."""

    @property
    def name(self) -> str:
        """Of the case."""

    @property
    def image(self) -> Path | None:
        """Its photograph."""


@dataclass(frozen=True)
class Provenance:
    """What the card's list of training images says.

    Attributes:
        trained_on: names of the scored cases that the model was trained on, by SHA-256.
        same_name: names of the other scored cases that a training image has the name of.
        unknown: names of the cases whose photograph is not beside the truth.
    """

    trained_on: tuple[str, ...]
    same_name: tuple[str, ...]
    unknown: tuple[str, ...]

    def describe(self, model: str, cases: int) -> tuple[str, ...]:
        """One sentence for each finding."""
        sentences = []
        if self.trained_on:
            sentences.append(
                f"Not a test result: the model '{model}' was trained on {len(self.trained_on)} of the {cases} scored "
                f"images ({_name_some(self.trained_on)}), as their SHA-256 in its card says."
            )
        if self.same_name:
            sentences.append(
                f"Not a test result: {len(self.same_name)} of the {cases} scored images ({_name_some(self.same_name)}) "
                f"have the names of training images of the model '{model}' but not their SHA-256, as the same "
                "photographs have at another size or in another format."
            )
        if self.unknown:
            sentences.append(
                f"{len(self.unknown)} of {cases} photographs are not beside the truth, so nobody can tell whether the "
                f"model '{model}' was trained on them."
            )
        return tuple(sentences)


def compare_with_training(cases: Iterable[Photographed], cards: Iterable[Card]) -> Provenance:
    """Look the scored photographs up among the training images of the cards, by SHA-256 and by name.

    Names count where the model saw photographs, not phantoms, and where they are more than a number.
    """
    cards = tuple(cards)
    known = {digest for card in cards for digest in card.training.images.values()}
    named = {_read_name(image) for card in cards if not card.is_phantom for image in card.training.images} - {""}
    trained_on, same_name, unknown = [], [], []
    for case in cases:
        if case.image is not None and hash_file(case.image) in known:
            trained_on.append(case.name)
        elif {_read_name(case.image or ""), _read_name(case.name)} & named:
            same_name.append(case.name)
        elif case.image is None:
            unknown.append(case.name)
    return Provenance(tuple(trained_on), tuple(same_name), tuple(unknown))


def _read_name(image: Path | str) -> str:
    """The name of an image without its folder and suffix; empty where it is only a number, as in many data sets."""
    stem = split_suffix(PurePosixPath(image).name)[0]
    return stem if re.search("[A-Za-z]", stem) and re.search("[0-9]", stem) else ""


def _name_some(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:5])}{' ...' if len(names) > 5 else ''}"
