"""Measures of lesions and vessels in a mask, with units; docs/measures.md defines each."""

from retseg.measures.fractal import Fractals, measure_fractals
from retseg.measures.landmarks import Disc, Landmarks, find_landmarks
from retseg.measures.lesions import LesionMeasures, QuadrantMeasures, measure_lesions, measure_quadrants
from retseg.measures.masks import Known, MeasureError, Measures, measure_masks, refuse_unmeasurable
from retseg.measures.norms import NORMS, Norm
from retseg.measures.quality import Quality, QualityMeasures, judge_quality, measure_quality
from retseg.measures.scale import Millimetres, find_scale
from retseg.measures.segments import SegmentMeasures, measure_segments
from retseg.measures.skeleton import VesselTree, trace_vessels
from retseg.measures.structures import StructureMeasures, measure_structure
from retseg.measures.table import Row, tabulate, tabulate_field
from retseg.measures.values import COMPUTATIONS, Findings, compute_value, is_number, read_points
from retseg.measures.vessels import VesselMeasures, measure_vessels
from retseg.measures.zones import (
    ZONE_B,
    CentralCalibres,
    ZoneMeasures,
    combine_hubbard,
    combine_knudtson,
    draw_zone,
    join_arteries,
    join_veins,
    measure_central_calibres,
    measure_zones,
)

__all__ = [
    "COMPUTATIONS",
    "NORMS",
    "ZONE_B",
    "CentralCalibres",
    "Disc",
    "Findings",
    "Fractals",
    "Known",
    "Landmarks",
    "LesionMeasures",
    "MeasureError",
    "Measures",
    "Millimetres",
    "Norm",
    "QuadrantMeasures",
    "Quality",
    "QualityMeasures",
    "Row",
    "SegmentMeasures",
    "StructureMeasures",
    "VesselMeasures",
    "VesselTree",
    "ZoneMeasures",
    "combine_hubbard",
    "combine_knudtson",
    "compute_value",
    "draw_zone",
    "find_landmarks",
    "find_scale",
    "is_number",
    "join_arteries",
    "join_veins",
    "judge_quality",
    "measure_central_calibres",
    "measure_fractals",
    "measure_lesions",
    "measure_masks",
    "measure_quadrants",
    "measure_quality",
    "measure_segments",
    "measure_structure",
    "measure_vessels",
    "measure_zones",
    "read_points",
    "refuse_unmeasurable",
    "tabulate",
    "tabulate_field",
    "trace_vessels",
]
