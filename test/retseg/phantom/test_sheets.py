"""The sheets of the documentation: pictures above masks, small enough to commit."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from retseg.colours import TASK_STYLES
from retseg.phantom import FundusContent, LesionCounts, draw_fundus
from retseg.phantom.sheets import colour_masks, main


def test_every_mask_is_shown_in_its_colour_and_the_rest_black() -> None:
    content = FundusContent(LesionCounts(haemorrhage=4, hard_exudate=3))
    phantom = draw_fundus(1, (160, 150), content)
    picture = colour_masks(phantom)
    assert (picture[phantom.masks["hard_exudate"]] == TASK_STYLES["hard_exudate"].colour).all()
    nothing = ~np.any(list(phantom.masks.values()), axis=0)
    assert (picture[nothing] == 0).all()
    assert (picture[~nothing].max(axis=1) > 0).all()


def test_the_command_writes_two_sheets_of_pictures_above_masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = draw_fundus(1, (100, 90))
    monkeypatch.setattr("retseg.phantom.sheets.draw_fundus", lambda *_: small)
    monkeypatch.setattr("retseg.phantom.sheets.draw_octa", lambda *_: small)
    assert main([str(tmp_path)]) == 0
    widths = {"phantoms-fundus.jpg": 4 * 400, "phantoms-octa.jpg": 3 * 444}
    assert {path.name for path in tmp_path.iterdir()} == set(widths)
    for name, width in widths.items():
        assert cv2.imread(str(tmp_path / name)).shape[1] == width


def test_the_committed_sheets_are_small(repository: Path) -> None:
    for name in ("phantoms-fundus.jpg", "phantoms-octa.jpg"):
        assert 50_000 < (repository / "docs" / "images" / name).stat().st_size < 600_000
