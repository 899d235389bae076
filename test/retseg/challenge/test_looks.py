"""A challenge says how its tasks are called and drawn; overlay, report and page follow."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from retseg import cli
from retseg.challenge import load_challenge
from retseg.challenge.looks import USUAL, Looks, join_looks
from retseg.colours import TASK_STYLES, Style
from retseg.image import Geometry, write_mask
from retseg.report.overlay import draw_overlay
from retseg.report.viewer import write_viewer
from retseg.toml_schema import SchemaError

FILE = """
title = "Discs"
modality = "slo"
field_of_view = "frame"
source = "mine"
socket = []
interface = []
default_protocol = "discs"

[[task]]
name = "optic_disc"
model = "discs"
label = "nerve head"
colour = "#0072b2"
pattern = "dots"
outline = "outside"

[[task]]
name = "vessel"
model = "discs"
colour = "#ff8800"

[[task]]
name = "optic_cup"
model = "discs"

[protocol.discs]
title = "Discs"
source = "mine"
region = "frame"
pooling = "per_image"
empty_truth = "one"
headline = "dice"
metrics = ["dice"]
"""


@pytest.fixture
def discs(tmp_path: Path) -> Path:
    (tmp_path / "discs.toml").write_text(FILE)
    return tmp_path / "discs.toml"


def test_words_and_styles_are_those_of_the_file_and_the_rest_is_usual(discs: Path) -> None:
    looks = load_challenge(discs).looks
    assert (looks.label("optic_disc"), looks.title("optic_disc")) == ("nerve head", "Nerve head")
    assert (looks.label("optic_cup"), looks.title("irma")) == ("optic cup", "IRMA")
    styles = looks.choose_styles(["optic_disc", "vessel", "optic_cup"])
    assert styles["optic_disc"] == Style((0, 114, 178), "dots", outside=True)
    assert styles["vessel"] == dataclasses.replace(TASK_STYLES["vessel"], colour=(255, 136, 0))
    assert styles["optic_cup"].colour not in (styles["optic_disc"].colour, styles["vessel"].colour)


def test_every_challenge_of_the_package_looks_usual() -> None:
    assert load_challenge("fundus").looks == USUAL


def test_of_several_challenges_the_first_counts() -> None:
    joined = join_looks([Looks({"a": "first"}), Looks({"a": "second", "b": "other"})])
    assert joined.words == {"a": "first", "b": "other"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('colour = "#0072b2"', 'colour = "blue"', "'blue' is no colour: write # and six digits"),
        ('colour = "#ff8800"', 'colour = "#0072B2"', "a colour is given twice"),
        ('pattern = "dots"', 'pattern = "dotted"', "'dotted' is not one of solid, stripes, dots"),
        ('colour = "#0072b2"\n', "", "the task 'optic_disc' has a pattern or an outline"),
    ],
)
def test_a_look_that_cannot_be_drawn_is_refused(discs: Path, old: str, new: str, message: str) -> None:
    assert old in FILE
    discs.write_text(FILE.replace(old, new))
    with pytest.raises(SchemaError, match=message):
        load_challenge(discs)


def test_the_overlay_has_the_colour_of_the_challenge(discs: Path) -> None:
    looks = load_challenge(discs).looks
    mask = np.zeros((200, 200), np.bool_)
    mask[50:150, 50:150] = True
    drawn = draw_overlay(np.full((200, 200, 3), 60, np.uint8), {"vessel": mask}, looks)
    usual = draw_overlay(np.full((200, 200, 3), 60, np.uint8), {"vessel": mask})
    assert (drawn == (255, 136, 0)).all(axis=2).any()
    assert not (usual == (255, 136, 0)).all(axis=2).any()


def test_the_report_calls_and_draws_tasks_as_the_challenge_says(discs: Path, tmp_path: Path, capsys) -> None:
    for folder in ("truth", "found"):
        for task in ("optic_disc", "optic_cup"):
            mask = np.zeros((40, 40), np.bool_)
            mask[10:20, 10:20] = True
            for case in ("1", "2"):
                write_mask(tmp_path / folder / task / f"{case}.png", mask, Geometry((40, 40)))
    paths = ["--ground-truth", tmp_path / "truth", "--predictions", tmp_path / "found", "--output", tmp_path / "score"]
    assert cli.main(["evaluate", "--challenge", str(discs), *map(str, paths)]) == 0
    assert "nerve head" in capsys.readouterr().out
    page = (tmp_path / "score" / "report.html").read_text()
    assert "Nerve head" in page and "Optic disc" not in page
    assert '"colour":"#0072b2"' in page


def test_the_viewer_of_the_report_takes_words_and_colours(discs: Path) -> None:
    drawn = write_viewer(["optic_disc"], load_challenge(discs).looks)
    assert '"label":"Nerve head"' in drawn and '"pattern":"dots"' in drawn
