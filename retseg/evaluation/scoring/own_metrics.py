"""Metrics that a challenge computes itself, by functions that lie beside its file."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retseg.challenge.own_code import OwnCodeError, load_function
from retseg.challenge.protocol import OwnMetric, Protocol
from retseg.metrics.counts import Mask

Floats = NDArray[np.float64]


def measure_own(protocol: Protocol, prediction: Mask, truth: Mask, region: Mask | None) -> dict[str, float]:
    """The protocol's own metrics of masks for one image; nan where they are undefined.

    Args:
        protocol: names them, and says whether an image with an empty truth has them.
        prediction: bool (H, W).
        truth: bool (H, W).
        region: bool (H, W), or None for the whole frame; the functions get masks that are empty outside it.

    Raises:
        OwnCodeError: a function is not there, fails, or gives something else than a number.
    """
    wanted = [metric for metric in protocol.own_metric if metric.of == "masks"]
    if not wanted:
        return {}
    if region is not None:
        prediction, truth = prediction & region, truth & region
    if protocol.empty_truth == "leave_out" and not truth.any():
        return {}
    return {metric.name: _call(metric, protocol, prediction.copy(), truth.copy()) for metric in wanted}


def derive_own(metric: OwnMetric, protocol: Protocol, table: NDArray[np.integer] | Floats) -> Floats:
    """One of the protocol's own metrics of counts for each row of a table (..., 4): (...), nan where undefined.

    Raises:
        OwnCodeError: as `measure_own`.
    """
    rows = np.asarray(table).reshape(-1, 4)
    found, places = np.unique(rows, axis=0, return_inverse=True)
    values = np.array([_call(metric, protocol, *row) for row in found.tolist()], dtype=np.float64)
    return values[places.reshape(-1)].reshape(np.asarray(table).shape[:-1])


def _call(metric: OwnMetric, protocol: Protocol, *given: Any) -> float:
    value = load_function(metric.function, protocol.directory)(*given)
    if value is None:
        return math.nan
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise OwnCodeError(
            f"the function '{metric.function}' gives {value!r}: return a number, or None where it has none"
        )
    return float(value)
