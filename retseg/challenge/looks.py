"""How the tasks of a challenge are called and drawn in overlays, reports and pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from retseg.colours import Style, choose_styles
from retseg.vocabulary import label_task


@dataclass(frozen=True)
class Looks:
    """What a challenge says about its tasks; a task that it says nothing about looks as usual.

    Attributes:
        words: task to its name for readers.
        styles: task to colour and pattern.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    styles: Mapping[str, Style] = field(default_factory=dict)

    def label(self, task: str) -> str:
        """The name of a task for readers: "hard exudate"."""
        return self.words.get(task) or label_task(task)

    def title(self, task: str) -> str:
        """The name of a task with a capital letter: "Hard exudate"."""
        label = self.label(task)
        return label[:1].upper() + label[1:]

    def choose_styles(self, tasks: Sequence[str]) -> dict[str, Style]:
        """A style for every task: that of the challenge, or the usual one; no two share a colour while there are any.

        Raises:
            ValueError: more tasks than there are styles.
        """
        return choose_styles(tasks, self.styles)


USUAL = Looks()
"""Of the tasks that this package knows."""


def join_looks(several: Iterable[Looks]) -> Looks:
    """The looks of several challenges; the first that says something about a task counts."""
    words: dict[str, str] = {}
    styles: dict[str, Style] = {}
    for looks in several:
        words = {**looks.words, **words}
        styles = {**looks.styles, **styles}
    return Looks(words, styles)
