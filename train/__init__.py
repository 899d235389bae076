"""Make models: recipes, training, thresholds and export. `train` imports `retseg`; `retseg` never imports `train`."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
