"""Measures of lesions and vessels in a mask, with units; docs/measures.md defines each."""

from retseg.measures.lesions import LesionMeasures, measure_lesions
from retseg.measures.masks import MeasureError, Measures, measure_masks, refuse_unmeasurable
from retseg.measures.norms import NORMS, Norm
from retseg.measures.scale import Millimetres, find_scale
from retseg.measures.table import Row, tabulate, tabulate_field
from retseg.measures.values import COMPUTATIONS, Findings, compute_value, is_number, read_points
from retseg.measures.vessels import VesselMeasures, measure_vessels

__all__ = [
    "COMPUTATIONS",
    "NORMS",
    "Findings",
    "LesionMeasures",
    "MeasureError",
    "Measures",
    "Millimetres",
    "Norm",
    "Row",
    "VesselMeasures",
    "compute_value",
    "find_scale",
    "is_number",
    "measure_lesions",
    "measure_masks",
    "measure_vessels",
    "read_points",
    "refuse_unmeasurable",
    "tabulate",
    "tabulate_field",
]
