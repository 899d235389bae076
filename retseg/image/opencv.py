"""Ask OpenCV for the pixels of a file whose structure was checked before."""

import cv2
import numpy as np
from numpy.typing import NDArray


def decode_by_opencv(data: bytes) -> NDArray[np.generic] | None:
    """The values of a file whose structure was checked, in RGB order; None where OpenCV gives up."""
    try:
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if values is None or values.size == 0:
        return None
    if values.ndim == 3 and values.shape[2] >= 3:
        values = cv2.cvtColor(values, cv2.COLOR_BGR2RGB if values.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return np.asarray(values)
