"""Writing: values, geometry, and no half file in sight."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from retseg.files import OutputError
from retseg.image import (
    Geometry,
    label_mask,
    read_image,
    read_mask,
    read_values,
    write_mask,
    write_picture,
    write_probability,
)
from retseg.image.writing import write_array

TURNED = Geometry((53, 41), (0.25, 0.5), (3.0, -7.5), (0.0, -1.0, 1.0, 0.0))


@pytest.fixture
def mask() -> NDArray[np.bool_]:
    found = np.zeros((41, 53), np.bool_)
    found[10:20, 5:50] = True
    return found


def test_a_mask_has_the_geometry_of_its_image_and_one_8_bit_channel(tmp_path: Path, mask: NDArray[np.bool_]) -> None:
    write_mask(tmp_path / "deep/er/a.mha", mask, TURNED)
    stored = SimpleITK.ReadImage(str(tmp_path / "deep/er/a.mha"))
    assert stored.GetSize() == TURNED.size
    assert stored.GetSpacing() == TURNED.spacing
    assert stored.GetOrigin() == TURNED.origin
    assert stored.GetDirection() == TURNED.direction
    assert stored.GetPixelID() == SimpleITK.sitkUInt8
    assert np.array_equal(SimpleITK.GetArrayFromImage(stored), mask.astype(np.uint8))
    assert b"CompressedData = True" in (tmp_path / "deep/er/a.mha").read_bytes()[:200]


def test_geometry_survives_the_way_from_image_to_mask(tmp_path: Path, mask: NDArray[np.bool_]) -> None:
    write_mask(tmp_path / "a.mha", mask, TURNED)
    geometry = read_image(tmp_path / "a.mha").geometry
    write_mask(tmp_path / "b.mha", mask, geometry)
    assert geometry == TURNED
    assert (tmp_path / "a.mha").read_bytes() == (tmp_path / "b.mha").read_bytes()


def test_true_is_1_in_mha_and_255_in_png_and_numbers_stay(tmp_path: Path, mask: NDArray[np.bool_]) -> None:
    for name, top in (("a.mha", 1), ("a.png", 255)):
        write_mask(tmp_path / name, mask, TURNED)
        assert np.array_equal(read_mask(tmp_path / name), mask * top)
        write_mask(tmp_path / name, mask * np.uint8(7), TURNED)
        assert np.array_equal(read_mask(tmp_path / name), mask * 7)


def test_probabilities_are_16_bit_in_png_and_float_in_mha(tmp_path: Path) -> None:
    probability = np.linspace(0, 1, 41 * 53, dtype=np.float32).reshape(41, 53)
    write_probability(tmp_path / "a.png", probability, TURNED)
    write_probability(tmp_path / "a.mha", probability, TURNED)
    png, mha = read_values(tmp_path / "a.png"), read_values(tmp_path / "a.mha")
    assert png.dtype == np.uint16
    assert np.array_equal(png, np.rint(probability.astype(np.float64) * 65535))
    assert mha.dtype == np.float32
    assert np.array_equal(mha, probability)


def test_a_png_keeps_its_spacing_as_simpleitk_would_write_it(tmp_path: Path, mask: NDArray[np.bool_]) -> None:
    write_mask(tmp_path / "a.png", mask, TURNED)
    assert read_image(tmp_path / "a.png").geometry.spacing == TURNED.spacing
    assert SimpleITK.ReadImage(str(tmp_path / "a.png")).GetSpacing() == TURNED.spacing
    write_mask(tmp_path / "b.png", mask, Geometry(TURNED.size))
    assert b"sCAL" not in (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("wrong", [-0.01, 1.01, np.nan])
def test_what_is_no_probability_is_refused(tmp_path: Path, wrong: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        write_probability(tmp_path / "a.png", np.full((41, 53), wrong, np.float32), TURNED)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_shape_type_or_suffix_is_refused(tmp_path: Path, mask: NDArray[np.bool_]) -> None:
    with pytest.raises(ValueError, match=r"shape \(53, 41\) does not fit an image of 53 x 41"):
        write_mask(tmp_path / "a.mha", mask.T, TURNED)
    with pytest.raises(ValueError, match="bool or uint8"):
        write_mask(tmp_path / "a.mha", mask.astype(np.float32), TURNED)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"a\.jpg: .* written as \.mha or \.png"):
        write_mask(tmp_path / "a.jpg", mask, TURNED)


def test_an_output_folder_that_cannot_be_made_is_named(tmp_path: Path, mask: NDArray[np.bool_]) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(OutputError, match=r"taken cannot be written \(.*\): give a folder that can"):
        write_mask(tmp_path / "taken" / "a.mha", mask, TURNED)


def test_a_target_that_cannot_be_replaced_is_an_error_and_leaves_nothing(
    tmp_path: Path, mask: NDArray[np.bool_]
) -> None:
    (tmp_path / "a.mha").mkdir()
    (tmp_path / "a.mha" / "kept").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_mask(tmp_path / "a.mha", mask, TURNED)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mha"]


def test_a_mask_takes_exactly_the_two_declared_values() -> None:
    labels = label_mask(np.array([[True, False]]), (0, 255))
    assert (labels.dtype, labels.tolist()) == (np.uint8, [[255, 0]])


@pytest.mark.parametrize("name", ["a.png", "a.mha", "a.tif", "a.nii.gz", "a.bmp"])
def test_on_a_full_disk_no_half_of_a_mask_takes_the_place_of_the_old_one(tmp_path: Path, full_disk, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 2, (300, 400)).astype(np.uint8)
    write_array(tmp_path / name, noise[:2, :2], Geometry((2, 2)))
    old = (tmp_path / name).read_bytes()
    write_array(tmp_path / f"whole-{name}", noise, Geometry((400, 300)))
    length = (tmp_path / f"whole-{name}").stat().st_size
    (tmp_path / f"whole-{name}").unlink()
    for size in (1000, length // 2, length - 1000, length - 1):
        with full_disk(size), pytest.raises(OutputError, match=r"cannot be written .*: give a folder"):
            write_array(tmp_path / name, noise, Geometry((400, 300)))
        assert (tmp_path / name).read_bytes() == old
        assert [path.name for path in tmp_path.iterdir()] == [name]


def test_on_a_full_disk_there_is_no_half_of_a_picture(tmp_path: Path, full_disk) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    write_picture(tmp_path / "a.png", noise)
    old = (tmp_path / "a.png").read_bytes()
    for size in (5000, len(old) - 1000, len(old) - 1):
        with full_disk(size), pytest.raises(OutputError, match=r"cannot be written \(File too large\)"):
            write_picture(tmp_path / "a.png", noise)
        assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
        assert (tmp_path / "a.png").read_bytes() == old
    assert np.array_equal(read_image(tmp_path / "a.png").pixels, noise)
