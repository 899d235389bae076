"""One case from an input folder to an output folder, by the new contract."""

import dataclasses
import json

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from retseg.container import ContractError, Job, run_job
from retseg.image import ImageError


def _files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "variant", [(("socket",), ".mha"), (("interface",), ".tif"), (("socket", "interface"), ".tiff")]
)
def test_a_case_becomes_one_mask_of_the_declared_values_and_the_inputs_geometry(
    make_case, draw, predict, challenge, tmp_path, variant
):
    keys, suffix = variant
    folder, drawn, said = make_case(keys=keys), draw(), []
    path = folder / "images/some-folder" / f"5c0ffee{suffix}"
    sitk.WriteImage(drawn, str(path))
    written = run_job(Job(folder, tmp_path / "output", challenge), predict, said.append)

    assert _files(tmp_path / "output") == ["images/binary-vessel-segmentation/5c0ffee.mha"] == [str(p) for p in written]
    given = sitk.ReadImage(str(path))
    mask = sitk.ReadImage(str(tmp_path / "output" / written[0]))
    assert mask.GetPixelID() == sitk.sitkUInt8
    expected = sitk.GetArrayFromImage(drawn)[..., 1] > 100
    np.testing.assert_array_equal(sitk.GetArrayFromImage(mask), expected.astype(np.uint8))
    assert (mask.GetSize(), mask.GetDirection()) == (given.GetSize(), given.GetDirection())
    assert mask.GetSpacing() == pytest.approx(given.GetSpacing(), rel=1e-9)
    assert mask.GetOrigin() == pytest.approx(given.GetOrigin(), rel=1e-9)
    assert said[-1].startswith("wrote ")


def test_the_sockets_of_the_case_decide_which_outputs_are_written(make_case, draw, predict, challenge, tmp_path):
    folder = make_case({"second-image": "images/elsewhere"})
    sitk.WriteImage(draw(), str(folder / "images/elsewhere/a.mha"))
    run_job(Job(folder, tmp_path / "output", challenge), predict, print)
    assert _files(tmp_path / "output") == [
        "images/binary-vessel-segmentation/a.mha",
        "images/heat/a.mha",
        "images/lesion-masks/a.mha",
    ]


def test_a_black_image_gives_an_empty_mask_of_its_size_and_a_warning(make_case, predict, challenge, tmp_path):
    folder, said = make_case(), []
    black = sitk.GetImageFromArray(np.zeros((2, 3, 3), np.uint8), isVector=True)
    sitk.WriteImage(black, str(folder / "images/some-folder/black.mha"))
    (written,) = run_job(Job(folder, tmp_path / "output", challenge), predict, said.append)
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "output" / written)))
    assert (mask.shape, mask.max()) == ((2, 3), 0)
    assert any(line.startswith("warning: black.mha") for line in said)


def test_a_converted_image_is_warned_about(make_case, predict, challenge, tmp_path):
    folder, said = make_case(), []
    deep = sitk.GetImageFromArray(np.linspace(0, 65535, 30 * 40).reshape(30, 40).astype(np.uint16))
    sitk.WriteImage(deep, str(folder / "images/some-folder/deep.mha"))
    run_job(Job(folder, tmp_path / "output", challenge), predict, said.append)
    assert any(line.startswith("warning: ") and "16" in line for line in said)


def test_the_next_case_leaves_exactly_one_image_in_the_socket(make_case, draw, predict, challenge, tmp_path):
    folder, job = make_case(), Job(tmp_path / "input", tmp_path / "output", challenge)
    for name in ("first", "second"):
        path = folder / f"images/some-folder/{name}.mha"
        sitk.WriteImage(draw(), str(path))
        run_job(job, predict, print)
        assert _files(tmp_path / "output") == [f"images/binary-vessel-segmentation/{name}.mha"]
        path.unlink()


@pytest.mark.parametrize("fault", ["no image", "truncated", "volume", "bad inputs.json", "network"])
def test_a_case_that_fails_leaves_no_output_not_even_an_earlier_one(
    make_case, draw, predict, challenge, tmp_path, fault
):
    folder, job = make_case(), Job(tmp_path / "input", tmp_path / "output", challenge)
    path = folder / "images/some-folder/a.mha"
    sitk.WriteImage(draw(), str(path))
    run_job(job, predict, print)

    def fail(image):
        raise RuntimeError("the network broke")

    if fault == "no image":
        path.unlink()
    elif fault == "truncated":
        path.write_bytes(path.read_bytes()[:600])
    elif fault == "volume":
        sitk.WriteImage(sitk.GetImageFromArray(np.ones((5, 40, 50), np.uint8)), str(path))
    elif fault == "bad inputs.json":
        (folder / "inputs.json").write_text("[")
    with pytest.raises((ContractError, ImageError, RuntimeError)):
        run_job(job, fail if fault == "network" else predict, print)
    assert _files(tmp_path / "output") == []
    assert not list((tmp_path / "output").glob(".*"))


def test_bad_input_is_refused_before_the_models_are_needed(make_case, challenge, tmp_path):
    def predict(image):
        pytest.fail("must not be called")

    with pytest.raises(ContractError, match="must hold one"):
        run_job(Job(make_case(), tmp_path / "output", challenge), predict, print)
    assert not (tmp_path / "output").exists()


def test_a_missing_input_folder_and_an_empty_one_are_named(predict, challenge, tmp_path):
    job = Job(tmp_path / "nowhere", tmp_path / "output", challenge)
    with pytest.raises(ContractError, match="nowhere does not exist"):
        run_job(job, predict, print)
    (tmp_path / "nowhere").mkdir()
    with pytest.raises(ContractError, match=r"neither an inputs\.json nor a readable image"):
        run_job(job, predict, print)
    assert _files(tmp_path / "output") == []


def test_a_dangling_inputs_json_is_an_error_and_not_the_old_contract(draw, predict, challenge, tmp_path):
    folder = tmp_path / "input"
    folder.mkdir()
    sitk.WriteImage(draw(), str(folder / "a.mha"))
    (folder / "inputs.json").symlink_to(tmp_path / "gone.json")
    with pytest.raises(ContractError, match=r"inputs\.json cannot be read"):
        run_job(Job(folder, tmp_path / "output", challenge), predict, print)


def test_the_shipped_challenges_take_the_platforms_fundus_case(make_case, draw, predict, repository, tmp_path):
    """The same case under the names that the platform's own masterclass uses: slug and folder differ."""
    from retseg.challenge import load_challenge

    folder = make_case({"color-fundus-image": "images/color-fundus"})
    items = json.loads((folder / "inputs.json").read_text())
    assert "images/color-fundus-image" not in json.dumps(items)
    sitk.WriteImage(draw(), str(folder / "images/color-fundus/a.mha"))
    for name in ("drive", "chasedb1"):
        job = Job(folder, tmp_path / name, load_challenge(name))
        assert [str(path) for path in run_job(job, predict, print)] == ["images/binary-vessel-segmentation/a.mha"]
    fundus = load_challenge("fundus")

    def find_all(image):
        found = predict(image)
        masks = dict.fromkeys(fundus.tasks, found.masks["vessel"])
        return dataclasses.replace(
            found, masks=masks, probabilities=dict.fromkeys(fundus.tasks, found.probabilities["vessel"])
        )

    written = run_job(Job(folder, tmp_path / "fundus", fundus), find_all, print)
    things = ("vessel", "microaneurysm", "haemorrhage", "hard-exudate", "soft-exudate")
    assert [str(path) for path in written] == [f"images/binary-{thing}-segmentation/a.mha" for thing in things]
