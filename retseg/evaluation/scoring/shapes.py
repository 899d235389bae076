"""Metrics that need the shape of the masks; they are slow, so they are computed only where a protocol names them."""

from collections.abc import Collection

from retseg.metrics.centreline import cldice
from retseg.metrics.counts import Mask
from retseg.metrics.lesions import count_lesions, lesion_precision, lesion_sensitivity
from retseg.metrics.surfaces import hd95, normalised_surface_distance

TOLERANCE = 2.0
"""Pixels: two outlines that are this close count as the same, for `nsd`."""


def measure_shapes(prediction: Mask, truth: Mask, region: Mask | None, wanted: Collection[str]) -> dict[str, float]:
    """The wanted metrics of shape inside the region: cldice, hd95, nsd, lesion_sensitivity, lesion_precision.

    Args:
        prediction: bool (H, W).
        truth: bool (H, W).
        region: bool (H, W), or None for the whole frame.
        wanted: names of metrics; others are ignored.

    Returns:
        Name to value; distances are in pixels, undefined values are nan or inf.
    """
    lesions = {"lesion_sensitivity", "lesion_precision"} & set(wanted)
    surfaces = {"hd95", "nsd"} & set(wanted)
    if not lesions and not surfaces and "cldice" not in wanted:
        return {}
    if region is not None:
        prediction, truth = prediction & region, truth & region
    found = {}
    if "cldice" in wanted:
        found["cldice"] = cldice(prediction, truth)
    if "hd95" in surfaces:
        found["hd95"] = hd95(prediction, truth)
    if "nsd" in surfaces:
        found["nsd"] = normalised_surface_distance(prediction, truth, TOLERANCE)
    if lesions:
        counts = count_lesions(prediction, truth)
        found["lesion_sensitivity"] = lesion_sensitivity(counts)
        found["lesion_precision"] = lesion_precision(counts)
    return found
