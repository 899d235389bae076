"""What is known of the quality of one image: the columns of the table that say whether its measures may be used."""

from retseg.cohort.item import RETINA, Value
from retseg.image import Image
from retseg.predictor import Prediction, shows_retina

WARNINGS = "warnings"


def judge(image: Image, prediction: Prediction, lacking: str) -> dict[str, Value]:
    """Whether a retina was found, and the sentences of doubt.

    Columns of a further verdict go here.

    Args:
        image: that was segmented.
        prediction: what was found.
        lacking: a sentence about a file that could not be made; may be empty.
    """
    warnings = " ".join(filter(None, (*image.warnings, *prediction.warnings, lacking)))
    return {RETINA: shows_retina(prediction.field_of_view), WARNINGS: warnings or None}
