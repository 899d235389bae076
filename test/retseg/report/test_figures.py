import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import cv2
import pytest

from retseg.report import save_figures
from retseg.report.figures import FigureError

pytest.importorskip("matplotlib", reason="figures need the extra 'evaluate'")


def test_every_plot_is_saved_as_png_and_as_svg_with_real_text(lesions, tmp_path: Path) -> None:
    written = save_figures(lesions[0], tmp_path / "figures")
    names = {"pr", "roc", "dice", "reliability", "cases", "standing"}
    assert {path.name for path in written} == {f"{name}{suffix}" for name in names for suffix in (".png", ".svg")}
    for name in names:
        picture = cv2.imread(str(tmp_path / "figures" / f"{name}.png"))
        assert picture.min() < 100
        assert picture.max() == 255
    texts = [
        node.text for node in ElementTree.parse(tmp_path / "figures" / "pr.svg").iter() if node.tag.endswith("}text")
    ]
    assert {"Recall", "Precision", "IRMA", "Non-perfusion"} <= set(texts)


def test_without_matplotlib_the_sentence_says_what_to_install(vessels, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(FigureError, match=r"figures need matplotlib.*pip install 'retseg\[evaluate\]'"):
        save_figures(vessels[0], tmp_path)


def test_masks_alone_give_no_curves(vessels, tmp_path: Path) -> None:
    assert {path.stem for path in save_figures(vessels[0], tmp_path)} == {"cases"}


def test_nothing_is_written_for_an_evaluation_without_metrics(vessels, tmp_path: Path) -> None:
    cases = tuple(replace(case, metrics={}) for case in vessels[0].cases)
    assert save_figures(replace(vessels[0], cases=cases, aggregates={}), tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_the_same_evaluation_gives_the_same_svg(vessels, tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_figures(vessels[0], tmp_path / name)
    assert (tmp_path / "a" / "cases.svg").read_bytes() == (tmp_path / "b" / "cases.svg").read_bytes()
