"""Trained models: a folder each, with weights and a card that pins everything needed to use them."""

from retseg.models.card import (
    CARD_FORMAT,
    Candidate,
    Card,
    HeldOut,
    Inference,
    MaskRule,
    NetworkSpec,
    Score,
    Selection,
    Training,
    write_card,
)
from retseg.models.store import (
    PACKAGED_MODELS,
    ModelError,
    find_card,
    find_models,
    hash_file,
    list_cautions,
    load_card,
    match_models,
    verify_files,
)

__all__ = [
    "CARD_FORMAT",
    "PACKAGED_MODELS",
    "Candidate",
    "Card",
    "HeldOut",
    "Inference",
    "MaskRule",
    "ModelError",
    "NetworkSpec",
    "Score",
    "Selection",
    "Training",
    "find_card",
    "find_models",
    "hash_file",
    "list_cautions",
    "load_card",
    "match_models",
    "verify_files",
    "write_card",
]
