"""Whether a score is a test result: no scored image may have been among the model's training images."""

from collections.abc import Iterable
from dataclasses import dataclass

from retseg.evaluation.checking import ScorableCase
from retseg.models import Card, hash_file


@dataclass(frozen=True)
class Provenance:
    """What the hashes say.

    Attributes:
        trained_on: names of the scored cases that the model was trained on.
        unknown: names of the cases whose photograph is not beside the truth.
    """

    trained_on: tuple[str, ...]
    unknown: tuple[str, ...]

    def describe(self, model: str, cases: int) -> tuple[str, ...]:
        """One sentence for each finding."""
        sentences = []
        if self.trained_on:
            sentences.append(
                f"Not a test result: the model '{model}' was trained on {len(self.trained_on)} of the {cases} scored "
                f"images ({', '.join(self.trained_on[:5])}{' ...' if len(self.trained_on) > 5 else ''}), as their "
                "SHA-256 in its card says."
            )
        if self.unknown:
            sentences.append(
                f"{len(self.unknown)} of {cases} photographs are not beside the truth, so nobody can tell whether the "
                f"model '{model}' was trained on them."
            )
        return tuple(sentences)


def compare_with_training(cases: Iterable[ScorableCase], cards: Iterable[Card]) -> Provenance:
    """Look the scored photographs up among the training images of the cards, by SHA-256."""
    known = {digest for card in cards for digest in card.training.images.values()}
    trained_on, unknown = [], []
    for case in cases:
        if case.image is None:
            unknown.append(case.name)
        elif hash_file(case.image) in known:
            trained_on.append(case.name)
    return Provenance(tuple(trained_on), tuple(unknown))
