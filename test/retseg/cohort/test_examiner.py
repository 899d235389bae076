"""One image: whatever is wrong with it becomes its failure, with a reason, and nothing is half written."""

import os

import highdicom
import numpy as np
import pydicom
import pytest

from retseg.cohort import Item, Work


@pytest.fixture
def examine(tmp_path, green_job):
    """Examines a file with masks and an overlay, in this process."""
    work = Work({"vessel": "vessel-drive"}, (green_job.models,), tmp_path / "study", masks=True, overlay=True)
    examiner = work.open()
    return lambda address: examiner.examine(Item("eye", str(address), "person/eye"))


def list_files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_an_eye_has_measures_and_its_masks(tmp_path, examine, green_job):
    result = examine(green_job.input / "images/x/disc.mha")
    assert not result.failure and result.found["vessel_density"] > 0 and result.found["retina_found"] is True
    assert list_files(tmp_path / "study") == ["masks/vessel/person/eye.png", "overlay/person/eye.png"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "it is empty"), (b"a letter to a patient", "cannot be decoded"), (None, "does not exist")],
    ids=["zero bytes", "text", "missing"],
)
def test_a_file_that_is_no_image_is_a_lasting_failure(tmp_path, examine, content, reason):
    path = tmp_path / "eye.jpg"
    if content is not None:
        path.write_bytes(content)
    result = examine(path)
    assert reason in result.failure and not result.passing and not result.found
    assert not (tmp_path / "study").exists()


def test_a_cut_photograph_is_a_failure(tmp_path, examine, eyes):
    path = tmp_path / "eye.png"
    path.write_bytes(eyes[0][: len(eyes[0]) // 2])
    assert "truncated or damaged" in examine(path).failure


def test_a_pipe_is_refused_at_once(tmp_path, examine):
    os.mkfifo(tmp_path / "eye.png")
    assert "a pipe or a device" in examine(tmp_path / "eye.png").failure


def test_a_bucket_that_is_gone_is_a_failure_that_the_next_run_tries_again(examine):
    result = examine("memory://gone/eye.png")
    assert "memory://gone/eye.png cannot be fetched (FileNotFoundError" in result.failure and result.passing


def test_a_full_disk_is_a_passing_failure_and_leaves_neither_mask_nor_overlay(tmp_path, examine, green_job, full_disk):
    with full_disk(500):
        result = examine(green_job.input / "images/x/disc.mha")
    assert "cannot be written" in result.failure and result.passing
    assert list_files(tmp_path / "study") == []


def write_photograph(path, **elements):
    """A DICOM photograph of a lit disc, green on its right side, of a patient."""
    y, x = np.mgrid[-1:1:120j, -1:1:160j]
    pixels = np.stack([np.full(x.shape, 200), np.where(x < 0, 40, 160), np.full(x.shape, 30)], -1).astype(np.uint8)
    pixels[x**2 + y**2 > 0.9] = 0
    found = pydicom.Dataset()
    found.file_meta = pydicom.dataset.FileMetaDataset()
    found.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    found.SOPClassUID, found.Modality = "1.2.840.10008.5.1.4.1.1.77.1.5.1", "OP"
    for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(found, name, pydicom.uid.generate_uid())
    for name in ("StudyDate", "StudyTime", "AccessionNumber", "StudyID", "ReferringPhysicianName", "PatientSex"):
        setattr(found, name, "")
    found.PatientName, found.PatientID, found.PatientBirthDate = "Doe^Jane", "0815", "19500101"
    found.Rows, found.Columns, found.SamplesPerPixel, found.PhotometricInterpretation = 120, 160, 3, "RGB"
    found.BitsAllocated = found.BitsStored = 8
    found.HighBit, found.PixelRepresentation, found.PlanarConfiguration = 7, 0, 0
    found.NumberOfFrames, found.ImageLaterality, found.ManufacturerModelName = 1, "L", "Camera 3"
    found.PixelData = pixels.tobytes()
    for name, value in elements.items():
        setattr(found, name, value)
    found.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def segment(tmp_path, green_job):
    """Examines a file and writes a DICOM segmentation."""
    work = Work({"vessel": "vessel-drive"}, (green_job.models,), tmp_path / "study", segmentation=True)
    examiner = work.open()
    return lambda path: examiner.examine(Item("eye", str(path), "eye.dcm"))


def test_a_dicom_photograph_gives_a_segmentation_of_its_patient_and_a_row_without_one(tmp_path, segment):
    result = segment(write_photograph(tmp_path / "a.dcm", PixelSpacing=[0.05, 0.05]))
    assert result.found["file_laterality"] == "L" and result.found["file_device"] == "Camera 3"
    assert result.found["vessel_length_mm"] == pytest.approx(result.found["vessel_length_px"] * 0.05)
    assert "Doe" not in str(result) and "0815" not in str(result)
    found = highdicom.seg.segread(tmp_path / "study" / "seg" / "eye.dcm.dcm")
    assert found.PatientID == "0815" and found.get_segment_description(1).segment_label == "vessel"
    share = result.found["vessel_density"] * result.found["field_of_view_area_px2"]
    assert found.pixel_array.sum() == pytest.approx(share)


def test_a_photograph_without_spacing_gives_its_row_and_says_why_there_is_no_segmentation(tmp_path, segment):
    result = segment(write_photograph(tmp_path / "a.dcm"))
    assert result.found["vessel_density"] > 0 and "gives no pixel spacing" in result.found["warnings"]
    assert list_files(tmp_path / "study") == []
