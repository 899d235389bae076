"""WebP and JPEG 2000: the pixels, and that no missing part is taken for pixels."""

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from retseg.image import ImageError, read_image

LOSSLESS = {".webp": [cv2.IMWRITE_WEBP_QUALITY, 101], ".jp2": [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000]}


@pytest.fixture
def pixels():
    """Smooth colours, uint8 (40, 50, 3)."""
    return cv2.GaussianBlur(np.random.default_rng(5).integers(0, 256, (40, 50, 3), np.uint8), (0, 0), 6)


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_pixels_without_loss_are_those_that_were_written(tmp_path, pixels, suffix):
    path = tmp_path / f"a{suffix}"
    cv2.imwrite(str(path), pixels[:, :, ::-1], LOSSLESS[suffix])
    assert np.array_equal(read_image(path).pixels, pixels)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_lossy_webp_file_is_as_pillow_sees_it(tmp_path, pixels, mode):
    path = tmp_path / "a.webp"
    Pillow.fromarray(pixels).convert(mode).save(path, quality=80)
    expected = np.asarray(Pillow.open(path).convert("RGB")).astype(int)
    assert np.abs(read_image(path).pixels - expected).max() <= 2


def test_a_grey_jpeg_2000_file_is_read(tmp_path, pixels):
    path = tmp_path / "a.jp2"
    cv2.imwrite(str(path), pixels[:, :, 0], LOSSLESS[".jp2"])
    assert np.array_equal(read_image(path).pixels[:, :, 2], pixels[:, :, 0])


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_a_cut_file_is_refused_at_every_length(tmp_path, pixels, suffix):
    path = tmp_path / f"a{suffix}"
    cv2.imwrite(str(path), pixels[:, :, ::-1], LOSSLESS[suffix])
    data = path.read_bytes()
    for length in range(1, len(data), max(1, len(data) // 60)):
        path.write_bytes(data[:length])
        with pytest.raises(ImageError):
            read_image(path)


def test_an_animation_and_another_riff_file_are_refused(tmp_path, pixels):
    frames = [Pillow.fromarray(each) for each in (pixels, pixels[::-1])]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match="animation"):
        read_image(tmp_path / "a.webp")
    (tmp_path / "b.webp").write_bytes(b"RIFF\x04\0\0\0WAVE")
    with pytest.raises(ImageError, match="no WebP"):
        read_image(tmp_path / "b.webp")


def test_sixteen_bits_and_a_huge_claim_are_refused(tmp_path, pixels):
    path = tmp_path / "a.jp2"
    cv2.imwrite(str(path), pixels.astype(np.uint16) * 200)
    with pytest.raises(ImageError, match="not of 8 bits"):
        read_image(path)
    cv2.imwrite(str(path), pixels, LOSSLESS[".jp2"])
    data = bytearray(path.read_bytes())
    start = data.index(b"\xff\x4f\xff\x51")
    data[start + 8 : start + 16] = (1 << 20).to_bytes(4, "big") * 2
    path.write_bytes(data)
    with pytest.raises(ImageError, match="the limit is"):
        read_image(path)
