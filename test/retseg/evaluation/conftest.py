"""Small data sets in the layouts of the real ones, drawn here."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

WriteImage = Callable[[Path, NDArray[np.generic]], Path]


@pytest.fixture
def write_image() -> WriteImage:
    """Writes an array as an image file, folders included."""

    def write(path: Path, pixels: NDArray[np.generic]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.asarray(pixels))
        return path

    return write


@pytest.fixture
def draw_mask() -> Callable[[int], NDArray[np.uint8]]:
    """Draws a mask of {0, 255}, 24 wide and 16 high, with as many pixels set as asked for, row by row."""

    def draw(pixels: int) -> NDArray[np.uint8]:
        mask = np.zeros(16 * 24, np.uint8)
        mask[:pixels] = 255
        return mask.reshape(16, 24)

    return draw


@pytest.fixture
def drac22_folder(tmp_path: Path, write_image: WriteImage, draw_mask: Callable[[int], NDArray[np.uint8]]) -> Path:
    """The official layout of DRAC22 with three images; 86 has all lesions, 285 the first only, 1299 none."""
    root = tmp_path / "drac" / "A. Segmentation"
    lesions = ("1. Intraretinal Microvascular Abnormalities", "2. Nonperfusion Areas", "3. Neovascularization")
    for number in ("086", "285", "1299"):
        write_image(root / "1. Original Images" / "b. Testing Set" / f"{number}.png", draw_mask(50))
    for lesion in lesions:
        write_image(root / "2. Groundtruths" / "b. Testing Set" / lesion / "086.png", draw_mask(40))
    write_image(root / "2. Groundtruths" / "b. Testing Set" / lesions[0] / "285.png", draw_mask(60))
    return tmp_path / "drac"
