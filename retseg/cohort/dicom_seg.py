"""Write the masks of a DICOM photograph as one DICOM segmentation, which viewers and archives of a clinic take."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retseg import __version__
from retseg.cohort.item import CohortError
from retseg.files import replacing

SCHEME = "99RETSEG"
"""The private code scheme of the tasks: DICOM has no code for some of them."""

MAKER = "retseg"

NOMINAL = 1.0
"""Millimetres: the thickness of a slice, which readers want and a photograph does not have."""


def write_segmentation(path: Path, photograph: Path, masks: Mapping[str, NDArray[np.bool_]], models: str) -> None:
    """Write one segment for each mask that is not empty.

    The object names the patient and the study of the photograph, as DICOM wants it.

    Args:
        path: of the segmentation, `.dcm`.
        photograph: the DICOM object that was segmented.
        masks: task to bool (H, W).
        models: what made the masks.

    Raises:
        CohortError: the photograph lacks what a segmentation needs, or every mask is empty; a sentence for the user.
        OutputError: the folder cannot be written.
    """
    import highdicom
    import pydicom

    found = {task: mask for task, mask in masks.items() if mask.any()}
    if not found:
        raise CohortError("No DICOM segmentation was written: every mask is empty.")
    try:
        source = pydicom.dcmread(photograph)
        source.NumberOfFrames = 1  # the masks are of the first frame
        shared = pydicom.Dataset()  # highdicom looks here for what a photograph has elsewhere
        shared.PixelMeasuresSequence = _find_measures(source)
        source.SharedFunctionalGroupsSequence = [shared]
        planes = np.stack(list(found.values()), axis=-1).astype(np.uint8)[None]
        segmentation = highdicom.seg.Segmentation(
            source_images=[source],
            pixel_array=planes,
            segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[_describe(number, task, models) for number, task in enumerate(found, 1)],
            series_instance_uid=highdicom.UID(),
            series_number=1,
            sop_instance_uid=highdicom.UID(),
            instance_number=1,
            manufacturer=MAKER,
            manufacturer_model_name=MAKER,
            software_versions=__version__,
            device_serial_number="0",
        )
    except CohortError:
        raise
    except (AttributeError, ValueError, TypeError, KeyError) as error:
        lacking = f"the photograph lacks what it needs ({type(error).__name__})"
        raise CohortError(f"No DICOM segmentation was written: {lacking}.") from None
    with replacing(path) as beside:
        segmentation.save_as(beside)


def _find_measures(source: Any) -> Any:
    import highdicom

    spacing = source.get("PixelSpacing")
    if spacing is None:
        raise CohortError("No DICOM segmentation was written: the photograph gives no pixel spacing, which it needs.")
    return highdicom.PixelMeasuresSequence(pixel_spacing=spacing, slice_thickness=NOMINAL)


def _describe(number: int, task: str, models: str) -> Any:
    import highdicom
    from pydicom.sr.codedict import codes

    vessels = task == "vessel"
    category = codes.SCT.AnatomicalStructure if vessels else codes.SCT.MorphologicallyAbnormalStructure
    algorithm = highdicom.AlgorithmIdentificationSequence(
        name=MAKER, version=__version__, family=codes.DCM.ArtificialIntelligence, parameters={"models": models}
    )
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=task,
        segmented_property_category=category,
        segmented_property_type=highdicom.sr.CodedConcept(task, SCHEME, task.replace("_", " ")),
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm,
    )
