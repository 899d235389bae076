"""DICOM photographs: the pixels of every transfer syntax, the eye and the camera, and nothing of the patient."""

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate

from retseg.image import ImageError, read_image
from retseg.image.dicom import PHOTOGRAPHS

PATIENT = "Doe^Jane"
JPEG, JPEG_2000, PLAIN = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.1"


@pytest.fixture
def pixels():
    """Smooth colours, uint8 (40, 50, 3)."""
    return cv2.GaussianBlur(np.random.default_rng(5).integers(0, 256, (40, 50, 3), np.uint8), (0, 0), 6)


def encode(pixels, suffix, *options):
    found, data = cv2.imencode(suffix, pixels[:, :, ::-1], list(options))
    assert found
    return data.tobytes()


def write(path, frames, syntax=PLAIN, colours="RGB", **elements):
    """A photograph of the right eye; `frames` are bytes of each frame."""
    found = pydicom.Dataset()
    found.file_meta = pydicom.dataset.FileMetaDataset()
    found.file_meta.TransferSyntaxUID = syntax
    found.SOPClassUID, found.SOPInstanceUID = PHOTOGRAPHS[0], "1.2.3"
    found.PatientName, found.PatientID = PATIENT, "0815"
    found.Rows, found.Columns, found.SamplesPerPixel, found.PhotometricInterpretation = 40, 50, 3, colours
    found.BitsAllocated = found.BitsStored = 8
    found.HighBit, found.PixelRepresentation, found.PlanarConfiguration = 7, 0, 0
    found.NumberOfFrames, found.PixelSpacing = len(frames), [0.25, 0.125]
    found.ImageLaterality, found.Manufacturer, found.ManufacturerModelName = "R", "Maker", "Camera 3"
    found.PixelData = b"".join(frames) if syntax == PLAIN else encapsulate(frames)
    for name, value in elements.items():
        setattr(found, name, value)
    found["PixelData"].VR = "OB"
    found.save_as(path, enforce_file_format=True)
    return path


def test_a_plain_photograph_has_its_pixels_spacing_eye_and_camera_and_no_patient(tmp_path, pixels):
    image = read_image(write(tmp_path / "a.dcm", [pixels.tobytes()]))
    assert np.array_equal(image.pixels, pixels)
    assert image.geometry.spacing == (0.125, 0.25)
    assert image.facts == {"laterality": "R", "device": "Maker Camera 3"}
    assert not image.warnings


def test_colours_by_plane_and_grey_levels_from_white_are_put_right(tmp_path, pixels):
    planes = np.moveaxis(pixels, 2, 0).tobytes()
    image = read_image(write(tmp_path / "a.dcm", [planes], PlanarConfiguration=1))
    assert np.array_equal(image.pixels, pixels)
    grey = pixels[:, :, 0]
    path = write(tmp_path / "b.dcm", [grey.tobytes()], colours="MONOCHROME1", SamplesPerPixel=1)
    assert np.array_equal(read_image(path).pixels[:, :, 1], 255 - grey)


def test_jpeg_is_decoded_as_opencv_does_it(tmp_path, pixels):
    stream = encode(pixels, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 90)
    expected = cv2.imdecode(np.frombuffer(stream, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    image = read_image(write(tmp_path / "a.dcm", [stream], JPEG, "YBR_FULL_422"))
    assert np.array_equal(image.pixels, expected)


def test_jpeg_2000_without_loss_has_its_pixels(tmp_path, pixels):
    stream = encode(pixels, ".jp2", cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000)
    stream = stream[stream.index(b"\xff\x4f\xff\x51") :]
    image = read_image(write(tmp_path / "a.dcm", [stream], JPEG_2000, "YBR_RCT"))
    assert np.array_equal(image.pixels, pixels)


@pytest.mark.parametrize("syntax", [PLAIN, JPEG])
def test_of_several_frames_the_first_is_taken_with_a_warning(tmp_path, pixels, syntax):
    frames = [pixels, pixels[::-1]]
    data = [encode(each, ".jpg") if syntax == JPEG else each.tobytes() for each in frames]
    image = read_image(write(tmp_path / "a.dcm", data, syntax, "YBR_FULL_422" if syntax == JPEG else "RGB"))
    assert np.abs(image.pixels.astype(int) - pixels).mean() < 3
    assert image.warnings == ("a.dcm holds 2 frames: the first was taken.",)


@pytest.mark.parametrize(
    ("elements", "complaint"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.5.4"}, "another kind"),
        ({"BitsAllocated": 16}, "16 bits"),
        ({"SamplesPerPixel": 4}, "4 samples"),
        ({"Rows": 4000}, "bytes of"),
        ({"Rows": 65000, "Columns": 65000}, "the limit is"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PALETTE COLOR"),
    ],
)
def test_what_is_not_read_is_named_without_the_patient(tmp_path, pixels, elements, complaint):
    path = write(tmp_path / "a.dcm", [pixels.tobytes()], **elements)
    with pytest.raises(ImageError, match=complaint) as met:
        read_image(path)
    assert PATIENT not in str(met.value)


def test_other_transfer_syntaxes_are_refused(tmp_path, pixels):
    path = write(tmp_path / "a.dcm", [b"\xff\xd8\xff\xd9"], "1.2.840.10008.1.2.4.70")
    with pytest.raises(ImageError, match="transfer syntax"):
        read_image(path)


def test_a_cut_photograph_is_refused_at_every_length_and_says_nothing_of_the_patient(tmp_path, pixels, caplog, capfd):
    data = write(tmp_path / "a.dcm", [encode(pixels, ".jpg")], JPEG, "YBR_FULL_422").read_bytes()
    for length in range(0, len(data) - 20, max(1, len(data) // 60)):
        (tmp_path / "cut.dcm").write_bytes(data[:length])
        with pytest.raises(ImageError):
            read_image(tmp_path / "cut.dcm")
    assert "Doe" not in caplog.text and "Doe" not in "".join(capfd.readouterr())


def test_without_pydicom_the_extra_is_named(tmp_path, pixels, monkeypatch):
    path = write(tmp_path / "a.dcm", [pixels.tobytes()])
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ImageError, match=r"install `retseg\[dicom\]`"):
        read_image(path)
