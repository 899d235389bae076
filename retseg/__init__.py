"""Segmentation of retinal images for Grand Challenge.

`segment` finds vessels and lesions in an image, `evaluate` scores predictions as a leaderboard does. docs/python.md
shows both. Nothing heavy is imported before a name is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retseg.api import Segmentation, evaluate, load_model, segment
    from retseg.challenge import Challenge, load_challenge
    from retseg.errors import RetsegError
    from retseg.evaluation.run import Outcome
    from retseg.image import Geometry, Image, read_image
    from retseg.measures import Measures
    from retseg.models import Card
    from retseg.predictor import Prediction, Predictor

__version__ = "0.2.0"

_MODULES = {
    "Card": "retseg.models",
    "Challenge": "retseg.challenge",
    "Geometry": "retseg.image",
    "Image": "retseg.image",
    "Measures": "retseg.measures",
    "Outcome": "retseg.evaluation.run",
    "Prediction": "retseg.predictor",
    "Predictor": "retseg.predictor",
    "RetsegError": "retseg.errors",
    "Segmentation": "retseg.api",
    "evaluate": "retseg.api",
    "load_challenge": "retseg.challenge",
    "load_model": "retseg.api",
    "read_image": "retseg.image",
    "segment": "retseg.api",
}
"""Public name to the module that defines it."""

__all__ = [
    "Card",
    "Challenge",
    "Geometry",
    "Image",
    "Measures",
    "Outcome",
    "Prediction",
    "Predictor",
    "RetsegError",
    "Segmentation",
    "__version__",
    "evaluate",
    "load_challenge",
    "load_model",
    "read_image",
    "segment",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module 'retseg' has no attribute '{name}'")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names too, before they are used."""
    return sorted({*globals(), *__all__})
