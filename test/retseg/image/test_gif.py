"""GIF files of any form are decoded as Pillow decodes them; damaged ones are refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from retseg.image import ImageError, UnreadableError, read_image, read_values


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize("levels", [2, 5, 60, 256])
def test_pixels_are_those_of_pillow(tmp_path: Path, interlace: int, levels: int) -> None:
    """Noise of 256 levels fills the table of strings several times."""
    values = np.random.default_rng(levels).integers(0, levels, (150, 170)).astype(np.uint8)
    Pillow.fromarray(values).save(tmp_path / "a.gif", interlace=interlace)
    assert np.array_equal(read_values(tmp_path / "a.gif"), values)


def test_several_frames_are_refused(tmp_path: Path) -> None:
    first, second = (Pillow.fromarray(np.full((9, 9), level, np.uint8)) for level in (1, 200))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    with pytest.raises(ImageError, match="has several frames: give one 2-D image per file"):
        read_image(tmp_path / "a.gif")


def test_pixels_that_are_missing_inside_are_refused(tmp_path: Path) -> None:
    Pillow.fromarray(np.arange(81, dtype=np.uint8).reshape(9, 9)).save(tmp_path / "a.gif")
    data = bytearray((tmp_path / "a.gif").read_bytes())
    end = data.rindex(b"\x00;")
    length = next(count for count in range(1, 256) if data[end - count - 1] == count)
    data[end - length - 1 : end] = bytes([length - 40]) + data[end - length : end - 40]
    (tmp_path / "a.gif").write_bytes(data)
    with pytest.raises(UnreadableError, match="truncated or damaged"):
        read_image(tmp_path / "a.gif")
