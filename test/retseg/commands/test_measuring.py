"""`retseg predict --measure`: where the fovea is, and what the table says."""

import csv
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from retseg import cli
from retseg.commands import predict as command
from retseg.commands.measuring import format_value, read_foveas
from retseg.commands.options import RequestError
from retseg.predictor import Prediction

IMAGES = [Path("in/IDRiD_001.jpg"), Path("in/IDRiD_002.jpg")]

IDRID = """Image No,X- Coordinate,Y - Coordinate,,,
IDRiD_001,2318,2018,,,
IDRiD_002,2240,1974,,,
IDRiD_003,,,,,
,,,,,
"""
"""As `IDRiD_Fovea_Center_Training Set_Markups.csv` begins and ends: empty columns, and empty rows."""


def test_a_pair_of_numbers_is_the_fovea_of_one_image():
    assert read_foveas("12.5,7", IMAGES[:1]) == {IMAGES[0]: (12.5, 7.0)}
    with pytest.raises(RequestError, match="is of one image, and there are 2: give a CSV file"):
        read_foveas("12.5,7", IMAGES)
    with pytest.raises(RequestError, match=r"'nowhere\.csv' is neither"):
        read_foveas("nowhere.csv", IMAGES)


def test_a_table_is_read_as_idrid_publishes_it(tmp_path):
    (tmp_path / "fovea.csv").write_text(IDRID, encoding="utf-8-sig")
    found = read_foveas(str(tmp_path / "fovea.csv"), IMAGES)
    assert found == {IMAGES[0]: (2318.0, 2018.0), IMAGES[1]: (2240.0, 1974.0)}


def test_columns_may_stand_anywhere_and_names_may_have_suffixes(tmp_path, capsys):
    (tmp_path / "fovea.csv").write_text("file,eye,y,x\nIDRiD_002.jpg,left,20,10\n")
    assert read_foveas(str(tmp_path / "fovea.csv"), IMAGES) == {IMAGES[1]: (10.0, 20.0)}
    assert capsys.readouterr().err.endswith("names 1 of 2 images: the others get no distance to the fovea\n")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (IDRID.replace("2240", "?"), "line 3 has no number for x or y"),
        ("image,a,b\nIDRiD_001,1,2\n", "has no columns x and y"),
        ("", "has no columns x and y"),
        ("image,x,y\nIDRiD_01,1,2\n", r"names none of the images \(IDRiD_01 ... but not IDRiD_001\)"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path, text, complaint):
    (tmp_path / "fovea.csv").write_text(text)
    with pytest.raises(RequestError, match=complaint):
        read_foveas(str(tmp_path / "fovea.csv"), IMAGES)


def test_numbers_are_written_whole_or_to_six_digits_and_nan_as_nothing():
    assert [format_value(value) for value in (8185344, 0.1234567, 82660.87, float("nan"))] == [
        "8185344",
        "0.123457",
        "82660.9",
        "",
    ]


@pytest.fixture
def drawn_findings(monkeypatch, tmp_path):
    """In place of the models: a vessel of 4 x 100 pixels and two exudates, in an image of 0.05 mm per pixel."""
    vessel, exudates = np.zeros((2, 100, 200), np.bool_)
    vessel[50:54, 20:120] = True
    exudates[10:20, 10:20] = exudates[80, 150:160] = True
    masks = {"vessel": vessel, "hard_exudate": exudates}
    probabilities = {task: mask.astype(np.float32) for task, mask in masks.items()}
    found = Prediction(masks, probabilities, np.full((100, 200), True))
    monkeypatch.setattr(command, "load_when_needed", lambda *_: lambda _: found)
    monkeypatch.setattr(command, "choose_models", lambda *_: {"vessel": "vessel", "hard_exudate": "lesion"})
    image = sitk.GetImageFromArray(np.full((100, 200, 3), 90, np.uint8), isVector=True)
    image.SetSpacing((0.05, 0.05))
    sitk.WriteImage(image, str(tmp_path / "eye.mha"))
    return tmp_path


def test_the_table_holds_every_measure_of_every_task_with_its_unit(drawn_findings):
    """The fovea at (15, 24) is 5 below the first exudate's last row, 19, and 9.5 below its centroid, (14.5, 14.5)."""
    arguments = [
        str(drawn_findings / "eye.mha"),
        "--output",
        str(drawn_findings / "out"),
        "--measure",
        "--fovea",
        "15,24",
    ]
    assert cli.main(["predict", *arguments]) == 0
    rows = list(csv.DictReader((drawn_findings / "out/measures/eye.csv").open()))
    assert {row["image"] for row in rows} == {"eye.mha"}
    table = {(row["task"], row["measure"], row["unit"]): row["value"] for row in rows}
    assert len(table) == len(rows)
    assert table["field_of_view", "area", "px2"] == "20000"
    assert table["field_of_view", "area", "mm2"] == "50"
    assert table["hard_exudate", "count", "1"] == "2"
    assert table["hard_exudate", "area", "px2"] == "110"
    assert table["hard_exudate", "area", "mm2"] == "0.275"
    assert table["hard_exudate", "area_fraction", "1"] == "0.0055"
    assert table["hard_exudate", "fovea_to_edge", "px"] == "5"
    assert float(table["hard_exudate", "fovea_to_centroid", "mm"]) == pytest.approx(0.05 * np.hypot(0.5, 9.5), rel=1e-5)
    assert table["vessel", "density", "1"] == "0.02"
    assert float(table["vessel", "calibre", "mm"]) == pytest.approx(0.2, abs=0.01)
    assert float(table["vessel", "length", "mm"]) == pytest.approx(5, rel=0.05)
    assert table["vessel", "branching_points", "1"] == "0"


def test_a_fovea_outside_of_the_image_is_warned_about_and_gives_no_distance(drawn_findings, capsys):
    arguments = [
        str(drawn_findings / "eye.mha"),
        "--output",
        str(drawn_findings / "out"),
        "--measure",
        "--fovea",
        "900,24",
    ]
    assert cli.main(["predict", *arguments]) == 0
    assert "warning: the fovea of eye.mha is outside the image" in capsys.readouterr().err
    assert "eye.mha,hard_exudate,fovea_to_edge,,px\n" in (drawn_findings / "out/measures/eye.csv").read_text()


def test_the_angle_of_the_camera_gives_millimetres_where_the_file_does_not(drawn_findings):
    """The field of view is 200 pixels wide: 50 degrees of 0.288 mm on them make 0.072 mm a pixel."""
    image = sitk.GetImageFromArray(np.full((100, 200, 3), 90, np.uint8), isVector=True)
    sitk.WriteImage(image, str(drawn_findings / "flat.png"))
    out = str(drawn_findings / "out")
    assert (
        cli.main(["predict", str(drawn_findings / "flat.png"), "--output", out, "--measure", "--field-angle", "50"])
        == 0
    )
    rows = list(csv.DictReader((drawn_findings / "out/measures/flat.csv").open()))
    areas = {
        row["unit"]: float(row["value"]) for row in rows if (row["task"], row["measure"]) == ("field_of_view", "area")
    }
    assert areas == {"px2": 20000, "mm2": pytest.approx(20000 * 0.072**2, rel=1e-4)}


@pytest.mark.parametrize("angle", ["0", "5", "400", "wide", "nan"])
def test_an_angle_that_no_camera_has_is_refused(drawn_findings, capsys, angle):
    arguments = [str(drawn_findings / "eye.mha"), "--output", "out", "--measure", "--field-angle", angle]
    with pytest.raises(SystemExit):
        cli.main(["predict", *arguments])
    assert "no angle from 10 to 200 degrees" in capsys.readouterr().err


def test_a_fovea_without_measures_is_refused(drawn_findings, capsys):
    arguments = [str(drawn_findings / "eye.mha"), "--output", str(drawn_findings / "out"), "--fovea", "15,24"]
    assert cli.main(["predict", *arguments]) == 1
    assert "--measure" in capsys.readouterr().err
    assert not (drawn_findings / "out").exists()
