"""Which models made the predictions, by the `run.json` beside them."""

from collections.abc import Sequence
from pathlib import Path

from retseg.models import Card, ModelError, find_card
from retseg.models.record import RECORD_NAME, RecordError, RunRecord, find_conflict, name_beside, read_record


def find_records(predictions: Path) -> tuple[tuple[Path, RunRecord], ...]:
    """The records of a folder of predictions and of the folders in it, or the one beside an archive.

    The folder of one task is taken with the record of the folder above it.

    Raises:
        RecordError: one cannot be read, or two models made the same task.
    """
    if predictions.is_file():
        paths = [name_beside(predictions)]
    else:
        paths = [predictions / RECORD_NAME, *sorted(predictions.glob(f"*/**/{RECORD_NAME}"))]
    found = [(path, read_record(path)) for path in paths if path.is_file()]
    above = predictions.parent / RECORD_NAME
    if not found and predictions.is_dir() and above.is_file():
        record = read_record(above)
        if any(predictions.name in model.tasks for model in record.models):
            found = [(above, record)]
    if conflict := find_conflict(found):
        raise RecordError(f"{conflict}: a score is of one model; keep the files of each in a folder of its own")
    return tuple(found)


def match_cards(
    records: Sequence[tuple[Path, RunRecord]], folders: Sequence[Path]
) -> tuple[tuple[Card, ...], tuple[str, ...]]:
    """The cards of the models in records, and a sentence for each model that is not here, or not the same.

    Args:
        records: with their paths, as `find_records` gives them.
        folders: of model folders, searched in this order.
    """
    cards: dict[str, Card] = {}
    sentences = []
    for path, record in records:
        for model in record.models:
            try:
                card = find_card(model.name, folders)
            except ModelError:
                card = None
            if card is not None and card.files == model.files:
                cards[model.name] = card
            else:
                which = "is not here" if card is None else "is here with other weights"
                sentences.append(
                    f"{path} names the model '{model.name}', which {which}, so it is unknown whether it was trained on "
                    "the scored images: name its folder with --models"
                )
    return tuple(cards.values()), tuple(dict.fromkeys(sentences))
