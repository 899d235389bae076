"""What cannot be handed in is refused before anything is predicted."""

import pytest

from retseg.challenge import load_challenge
from retseg.submission import SubmissionError, plan_submission

DRAC22, DRIVE, IDRID = load_challenge("drac22"), load_challenge("drive"), load_challenge("idrid")


def test_slices_follow_the_numbers_of_the_images() -> None:
    names = [str(number) for number in range(1299, 1234, -1)]
    plan = plan_submission(DRAC22, [*names[:-1], "086"], "T", "", any_number=False)
    assert plan.names[0] == "086"
    assert plan.names[-1] == "1299"
    assert [plan.name_member(task) for task in plan.tasks] == ["T/1.nii.gz", "T/2.nii.gz", "T/3.nii.gz"]


def test_file_names_are_configuration() -> None:
    names = [f"{number:02d}_test" for number in range(1, 21)]
    assert plan_submission(DRIVE, names, "", "", any_number=False).name_member("vessel", "01_test") == "01_test.png"
    plan = plan_submission(DRIVE, names, "me", "{team}/{case}_mask.tif", any_number=False)
    assert plan.name_member("vessel", "01_test") == "me/01_test_mask.tif"


def test_lesions_have_folders_of_their_own() -> None:
    plan = plan_submission(IDRID, ["IDRiD_55"], "", "", any_number=True)
    assert plan.name_member("soft_exudate", "IDRiD_55") == "SE/IDRiD_55_SE.png"


@pytest.mark.parametrize(
    ("challenge", "names", "team", "file", "any_number", "message"),
    [
        (load_challenge("fundus"), ["a"], "T", "", True, r"declares no \[submission\]"),
        (DRAC22, ["1", "2"], "T", "", False, "takes 65 images, here are 2"),
        (DRAC22, [], "T", "", True, "here are 0"),
        (DRAC22, ["1", "1"], "T", "", True, "several images are called 1"),
        (DRAC22, ["1", "left"], "T", "", True, "'left' is no number"),
        (DRAC22, ["1"], "", "", True, "'' cannot name a folder"),
        (DRAC22, ["1"], "../T", "", True, r"'\.\./T' cannot name a folder"),
        (DRIVE, ["1"], "", "mask.png", True, "must hold {case}"),
        (DRIVE, ["1"], "", "../{case}.png", True, "leaves the archive"),
        (DRIVE, ["1"], "", "{case}_{eye}.png", True, "cannot name the files: 'eye'"),
        (IDRID, ["1"], "", "{case}.png", True, "gives several predictions one name"),
    ],
)
def test_what_is_refused_and_why(challenge, names, team: str, file: str, any_number: bool, message: str) -> None:
    with pytest.raises(SubmissionError, match=message):
        plan_submission(challenge, names, team, file, any_number)
