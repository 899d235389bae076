"""What the page must know of the models: tasks with their colours and thresholds, and what to expect of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from retseg import __version__
from retseg.challenge.looks import USUAL, Looks
from retseg.colours import find_casing, to_hex
from retseg.files import DATA_SUFFIXES, IMAGE_SUFFIXES
from retseg.image.limits import MOST_FILE_BYTES
from retseg.measures import NORMS
from retseg.models import Card, list_cautions
from retseg.view.levels import find_cut

Models = Sequence[tuple[Card, tuple[str, ...]]]
"""Each model, and the tasks that are taken from it."""


def describe_settings(title: str, models: Models, looks: Looks = USUAL) -> dict[str, Any]:
    """The settings of the page, as JSON writes them.

    Args:
        title: of the challenge whose models they are.
        models: in the order in which they are run.
        looks: how the tasks are called and drawn.
    """
    tasks = [(task, card) for card, taken in models for task in taken]
    styles = looks.choose_styles([task for task, _ in tasks])
    return {
        "version": __version__,
        "title": title,
        "suffixes": [suffix for suffix in IMAGE_SUFFIXES if suffix not in (*DATA_SUFFIXES, ".mhd")],
        "mostBytes": MOST_FILE_BYTES,
        "cautions": [sentence for card, _ in models for sentence in list_cautions(card)],
        "models": [{"name": card.name, "version": card.version} for card, _ in models],
        "tasks": [
            {
                "name": task,
                "title": looks.title(task),
                "kind": "vessel" if task == "vessel" else "lesion",
                "colour": to_hex(styles[task].colour),
                "casing": to_hex(find_casing(styles[task].colour)),
                "pattern": styles[task].pattern,
                "outside": styles[task].outside,
                "model": card.name,
                "threshold": card.tasks[task].threshold,
                "cut": find_cut(card.tasks[task].threshold),
                "norm": describe_norm(task),
                "expect": describe_held_out(task, card),
            }
            for task, card in tasks
        ],
    }


def describe_norm(task: str) -> Mapping[str, str]:
    """What is normal for a task by a source: `measure`, `text` and `source`; empty where no source gives a norm."""
    norm = NORMS.get(task)
    return {} if norm is None else {"measure": norm.measure, "text": norm.text, "source": norm.source}


def describe_held_out(task: str, card: Card) -> str:
    """One sentence with what the card measured on images that the model was not trained on; empty where it did not."""
    for score in card.held_out:
        if score.task == task and score.metric == "false_lesions":
            return f"In {score.count} healthy eyes, this model marks {score.value:.2g} an eye on average."
    left_out = [
        score.value
        for score in card.held_out
        if (score.task, score.metric, score.way) == (task, "f1", "data set left out")
    ]
    if not left_out:
        return ""
    low, high = f"{min(left_out):.2f}", f"{max(left_out):.2f}"
    span = low if low == high else f"{low} to {high}"
    return f"On data sets that were left out of its training, this model has a Dice of {span} (all pixels together)."
