"""Makes the models: recipes, training, thresholds and export. Stands on `retseg`, never the other way round."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
