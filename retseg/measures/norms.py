"""What is normal, only where a source gives it: see docs/measures.md, section Norms."""

from collections.abc import Mapping
from dataclasses import dataclass

_SEVERITY = "International Clinical Diabetic Retinopathy scale, Wilkinson et al., Ophthalmology 2003"


@dataclass(frozen=True)
class Norm:
    """What a source calls normal.

    Attributes:
        measure: the name of the measure that it is about.
        text: a sentence for readers.
        source: who says so.
    """

    measure: str
    text: str
    source: str


_NONE = Norm("count", "None in an eye without diabetic retinopathy.", _SEVERITY)

NORMS: Mapping[str, Norm] = dict.fromkeys(
    ("microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate", "irma", "neovascularization"), _NONE
)
"""Task to its norm. Vessels have none: published densities, calibres and tortuosities fit one camera and method."""
