"""Check that a score is a test result: that no scored image is among the training images of the model."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from retseg.evaluation.scoring.listing import list_some
from retseg.files import find_stem
from retseg.models import Card, hash_file


class Photographed(Protocol):
    """A case with its name and, where it is known, the file of its photograph."""

    @property
    def name(self) -> str:
        """The name of the case."""

    @property
    def image(self) -> Path | None:
        """The file of its photograph."""


@dataclass(frozen=True)
class Provenance:
    """Which scored cases the models were trained on.

    Attributes:
        models: names of the models.
        cases: how many cases were scored.
        trained_on: names of the cases that a model was trained on, by SHA-256.
        same_name: names of the other cases that have the name of a training image.
        unknown: names of the cases whose photograph is not beside the truth.
    """

    models: tuple[str, ...]
    cases: int
    trained_on: tuple[str, ...]
    same_name: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def seen_in_training(self) -> tuple[str, ...]:
        """A sentence for each reason why the score is not a test result; none if there is no reason."""
        model, sentences = ", ".join(self.models), []
        if self.trained_on:
            sentences.append(
                f"Not a test result: the model '{model}' was trained on {len(self.trained_on)} of the {self.cases} "
                f"scored images ({list_some(self.trained_on)}), as their SHA-256 in its card says."
            )
        if self.same_name:
            sentences.append(
                f"Not a test result: {len(self.same_name)} of the {self.cases} scored images "
                f"({list_some(self.same_name)}) have the names of training images of the model '{model}' but not "
                "their SHA-256. So they may be the same photographs at another size or in another format."
            )
        return tuple(sentences)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings for a reader of the score, one sentence each."""
        if not self.unknown:
            return self.seen_in_training
        return (
            *self.seen_in_training,
            f"{len(self.unknown)} of {self.cases} photographs are not beside the truth, so it is unknown whether the "
            f"model '{', '.join(self.models)}' was trained on them.",
        )


def compare_with_training(cases: Iterable[Photographed], cards: Iterable[Card]) -> Provenance:
    """Look for the scored photographs among the training images of the cards, by SHA-256 and by name.

    A name counts only where the model was trained on photographs, not on phantoms, and where the name has both letters
    and digits: many data sets number their images.

    Args:
        cases: that are scored.
        cards: of the models that made the predictions.
    """
    cases, cards = tuple(cases), tuple(cards)
    hashes = {digest for card in cards for digest in card.training.images.values()}
    named = {_read_name(image) for card in cards if not card.is_phantom for image in card.training.images} - {""}
    trained_on, same_name, unknown = [], [], []
    for case in cases:
        if case.image is not None and hash_file(case.image) in hashes:
            trained_on.append(case.name)
        elif {_read_name(case.image or ""), _read_name(case.name)} & named:
            same_name.append(case.name)
        elif case.image is None:
            unknown.append(case.name)
    names = tuple(card.name for card in cards)
    return Provenance(names, len(cases), tuple(trained_on), tuple(same_name), tuple(unknown))


def _read_name(image: Path | str) -> str:
    """The stem of an image's file name; empty where it does not have both letters and digits."""
    stem = find_stem(PurePosixPath(image))
    return stem if re.search("[A-Za-z]", stem) and re.search("[0-9]", stem) else ""
