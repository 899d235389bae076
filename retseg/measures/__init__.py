"""Measures of lesions and vessels in a mask, with units; docs/measures.md defines each."""

from retseg.measures.lesions import LesionMeasures, measure_lesions
from retseg.measures.masks import MeasureError, Measures, measure_masks, refuse_unmeasurable
from retseg.measures.scale import Millimetres, find_scale
from retseg.measures.table import Row, tabulate, tabulate_field
from retseg.measures.vessels import VesselMeasures, measure_vessels

__all__ = [
    "LesionMeasures",
    "MeasureError",
    "Measures",
    "Millimetres",
    "Row",
    "VesselMeasures",
    "find_scale",
    "measure_lesions",
    "measure_masks",
    "measure_vessels",
    "refuse_unmeasurable",
    "tabulate",
    "tabulate_field",
]
