"""What is known of the quality of one image: the columns of the table that say whether its measures may be used."""

from retseg.cohort.item import RETINA, Value
from retseg.image import Image
from retseg.measures import Quality
from retseg.predictor import Prediction, shows_retina

WARNINGS = "warnings"


def judge(image: Image, prediction: Prediction, lacking: str) -> dict[str, Value]:
    """Whether a retina was found, and the sentences of doubt.

    Args:
        image: that was segmented.
        prediction: what was found.
        lacking: a sentence about a file that could not be made; may be empty.
    """
    warnings = " ".join(filter(None, (*image.warnings, *prediction.warnings, lacking)))
    return {RETINA: shows_retina(prediction.field_of_view), WARNINGS: warnings or None}


def describe_quality(quality: Quality | None) -> dict[str, Value]:
    """The verdict on a photograph and its reasons as text; the table has its score and its reasons as numbers too."""
    if quality is None:
        return {}
    return {"quality_verdict": quality.verdict, "quality_reasons": ", ".join(quality.reasons) or None}
