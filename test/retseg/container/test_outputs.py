"""Each output is exactly what its socket declares."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from retseg.container.error import ContractError
from retseg.container.outputs import remove_stale_outputs, write_sockets
from retseg.image import Geometry
from retseg.measures import Findings
from retseg.predictor import Prediction

GEOMETRY = Geometry((3, 2), (0.25, 0.5), (-3.0, 11.0), (0.0, 1.0, 1.0, 0.0))


def test_images_of_an_earlier_case_leave_the_output_sockets_and_nothing_else_does(tmp_path, challenge):
    for name in ("images/heat/old.mha", "images/heat/deeper/old.TIF", "images/lesion-masks/old.tiff"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    kept = {"images/heat/notes.txt", "images/color-fundus/input.mha", "other.mha"}
    for name in kept:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert len(remove_stale_outputs(tmp_path, challenge)) == 3
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == kept


def test_nothing_is_removed_through_a_link_out_of_the_output(tmp_path, challenge):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/scan.mha").touch()
    (tmp_path / "output/images/heat").mkdir(parents=True)
    (tmp_path / "output/images/heat/old.mha").touch()
    (tmp_path / "output/images/heat/linked.mha").symlink_to(tmp_path / "mine/scan.mha")
    (tmp_path / "output/images/lesion-masks").symlink_to(tmp_path / "mine")
    with pytest.raises(ContractError, match=r"lesion-masks leads out of .*output by a link: remove the link"):
        remove_stale_outputs(tmp_path / "output", challenge)
    assert len(list((tmp_path / "output/images/heat").iterdir())) == 2
    (tmp_path / "output/images/lesion-masks").unlink()
    assert len(remove_stale_outputs(tmp_path / "output", challenge)) == 2
    assert (tmp_path / "mine/scan.mha").exists()


def test_each_socket_gets_one_image_of_its_kind_with_the_inputs_geometry(tmp_path, challenge):
    """Vessels at two of six pixels as {0, 1}, haemorrhages at one as {3, 7}, and the heat map as it is."""
    probabilities = np.array([[[0.9, 0.1, 0.8], [0.2, 0.3, 0.4]], np.full((2, 3), 0.5)], np.float32)
    masks = np.array([[[1, 0, 1], [0, 0, 0]], [[0, 0, 0], [0, 0, 1]]], bool)
    tasks = ("vessel", "haemorrhage")
    prediction = Prediction(
        dict(zip(tasks, masks, strict=True)), dict(zip(tasks, probabilities, strict=True)), np.full((2, 3), True)
    )
    sockets = [challenge.find_socket(slug) for slug in challenge.interface[1].outputs]
    given = Findings(prediction.masks, prediction.probabilities, prediction.field_of_view, GEOMETRY)
    write_sockets(tmp_path, sockets, "case.1", given, {})

    found = {path.parent.name: sitk.ReadImage(str(path)) for path in tmp_path.rglob("*.mha")}
    assert sorted(found) == ["binary-vessel-segmentation", "heat", "lesion-masks"]
    vessels, heat, lesions = (sitk.GetArrayFromImage(found[name]) for name in sorted(found))
    assert (vessels.dtype, vessels.tolist()) == (np.uint8, [[1, 0, 1], [0, 0, 0]])
    assert (lesions.dtype, lesions.tolist()) == (np.uint8, [[3, 3, 3], [3, 3, 7]])
    assert heat.dtype == np.float32
    np.testing.assert_array_equal(heat, probabilities[0])
    for image in found.values():
        assert (image.GetSize(), image.GetSpacing(), image.GetOrigin()) == ((3, 2), (0.25, 0.5), (-3.0, 11.0))
        assert image.GetDirection() == (0.0, 1.0, 1.0, 0.0)
    assert {path.stem for path in tmp_path.rglob("*.mha")} == {"case.1"}


def test_masks_are_compressed(tmp_path, challenge):
    mask = np.zeros((400, 400), bool)
    prediction = Prediction({"vessel": mask}, {"vessel": mask.astype(np.float32)}, mask)
    geometry = Geometry((400, 400), (1.0, 1.0), (0.0, 0.0), (1.0, 0.0, 0.0, 1.0))
    given = Findings(prediction.masks, prediction.probabilities, prediction.field_of_view, geometry)
    write_sockets(tmp_path, [challenge.find_socket("binary-vessel-segmentation")], "a", given, {})
    (path,) = tmp_path.rglob("*.mha")
    assert path.stat().st_size < 5_000
    assert b"CompressedData = True" in path.read_bytes()
