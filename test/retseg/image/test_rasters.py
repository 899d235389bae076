"""Files cut, altered or incomplete are found out before a decoder fills the gap."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retseg.image import ImageError, read_image

Writer = Callable[..., Path]


CUTTABLE = ["a.mha", "packed.mha", "a.nii.gz", "a.png", "a.jpg", "a.tif", "packed.tif", "a.bmp", "a.gif", "a.mhd"]


@pytest.mark.parametrize("name", CUTTABLE)
def test_a_file_cut_anywhere_is_refused_in_one_sentence_and_in_silence(
    tmp_path: Path,
    colours: NDArray[np.uint8],
    name: str,
    capfd: pytest.CaptureFixture[str],
    write: Writer,
    write_by_opencv: Writer,
) -> None:
    """A cut may pass only where nothing of the picture was behind it: a TIFF file ends with a line of its writer."""
    path = tmp_path / name
    if name == "a.gif":
        write_by_opencv(path, colours)
    else:
        write(path, colours, compress=name.startswith("packed"))
    pixels = read_image(path).pixels
    cut = path.with_suffix(".raw") if name == "a.mhd" else path
    whole = cut.read_bytes()
    refused = 0
    for length in sorted({*range(0, len(whole), max(1, len(whole) // 60)), len(whole) - 1, len(whole) - 20}):
        cut.write_bytes(whole[:length])
        try:
            assert np.array_equal(read_image(path).pixels, pixels), length
        except ImageError as error:
            refused += 1
            assert str(path) in str(error)
            assert "\n" not in str(error)
    assert refused >= 55
    if not name.endswith(".tif"):
        assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["packed.mha", "a.nii.gz", "a.png"])
def test_altered_compressed_pixels_are_refused(
    tmp_path: Path, colours: NDArray[np.uint8], name: str, write: Writer
) -> None:
    path = write(tmp_path / name, colours, compress=True)
    data = bytearray(path.read_bytes())
    data[len(data) * 3 // 4] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ImageError, match="truncated or damaged"):
        read_image(path)


def test_a_header_without_its_data_file_is_refused(tmp_path: Path, colours: NDArray[np.uint8], write: Writer) -> None:
    path = write(tmp_path / "a.mhd", colours)
    (tmp_path / "a.raw").unlink()
    with pytest.raises(ImageError, match=r"its data file a\.raw is missing"):
        read_image(path)
