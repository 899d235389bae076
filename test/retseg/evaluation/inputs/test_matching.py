"""Files of one case find each other, whatever else their names say."""

import pytest

from retseg.evaluation.inputs.matching import Match, Pattern, find_case_name, order_naturally, split_suffix

ENDINGS = ("_manual1", "_training", "_mask", "_probability", "_1stHO", "_MA")


@pytest.mark.parametrize(
    ("file", "case"),
    [
        ("DRIVE/training/1st_manual/21_manual1.gif", "21"),
        ("21_training.tif", "21"),
        ("21_training_mask.gif", "21"),
        ("vessel/21_training_probability.png", "21"),
        ("Image_01L_1stHO.png", "Image_01L"),
        ("IDRiD_55_MA.tif", "IDRiD_55"),
        ("086.nii.gz", "086"),
        ("_mask.png", "_mask"),
    ],
)
def test_endings_that_tell_what_a_file_shows_are_no_part_of_the_case(file: str, case: str) -> None:
    assert find_case_name(file, ENDINGS) == case


def test_a_suffix_of_two_parts_counts_as_one() -> None:
    assert split_suffix("a/b.v1.NII.GZ") == ("a/b.v1", ".nii.gz")
    assert split_suffix("notes.txt") == ("notes.txt", "")


def test_numbers_are_ordered_as_numbers() -> None:
    assert sorted(["1299", "86", "402", "285"], key=order_naturally) == ["86", "285", "402", "1299"]
    assert sorted(["1" + "0" * 5_000, "7", "007a"], key=order_naturally) == ["7", "007a", "1" + "0" * 5_000]
    assert sorted(["Image_10L", "Image_9R", "Image_9L"], key=order_naturally) == ["Image_9L", "Image_9R", "Image_10L"]


def test_a_pattern_is_compared_with_the_end_of_a_path() -> None:
    pattern = Pattern("2. Groundtruths/{split}/1. Intraretinal*/{case}")
    path = "/x/A. Segmentation/2. Groundtruths/a. Training Set/1. Intraretinal Microvascular Abnormalities/007.png"
    assert pattern.match(path) == Match("/x/A. Segmentation", "a. Training Set", "007")
    assert pattern.match(path.replace("2. Groundtruths", "1. Original Images")) is None
    assert pattern.match(path.replace(".png", ".txt")) is None


def test_a_pattern_may_ask_for_one_suffix() -> None:
    assert Pattern("{case}.jpg").match("/x/Image_01L.jpg") == Match("/x", "", "Image_01L")
    assert Pattern("{case}.jpg").match("/x/Image_01L_1stHO.png") is None


def test_a_glob_takes_the_split_by_its_letters() -> None:
    assert Pattern("{split}/images/{case}").as_glob("a[1]*") == "a[[]1][*]/images/*.*"
