import json
import re
import tracemalloc
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from retseg.evaluation.scoring.comparison import Difference
from retseg.report import CaseLayers, Reported, write_report
from retseg.report.curves import gather_curves

VOID = {"meta", "link", "input", "br", "img", "hr"}
SHAPES = {"path", "circle", "rect"}  # an SVG's leaves, which close themselves


class Outline(HTMLParser):
    """Checks that tags are closed in order and collects what the tests look at."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SHAPES, f"<{tag}/> closes nothing in HTML"
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read_outline(page: str) -> Outline:
    outline = Outline()
    outline.feed(page)
    outline.close()
    assert outline.open == []
    return outline


def read_cases(page: str) -> list[dict]:
    found = re.findall(r'<script type="application/json" class="case-data"[^>]*>(.*?)</script>', page, flags=re.S)
    return [json.loads(content) for content in found]


@pytest.fixture(scope="module")
def page(lesions, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(*lesions, path)
    return path.read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_every_reference_in_it_leads_somewhere(page: str) -> None:
    tags = read_outline(page).tags
    identifiers = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(set(identifiers)) == len(identifiers)
    for _, attributes in tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set((attributes.get(name) or "").split()) <= set(identifiers)
        if (attributes.get("href") or "").startswith("#"):
            assert attributes["href"][1:] in identifiers


def test_the_page_needs_nothing_from_outside_and_forbids_itself_to_ask(page: str) -> None:
    tags = read_outline(page).tags
    assert not [attributes for _, attributes in tags if "src" in attributes]
    assert [attributes["href"][:5] for tag, attributes in tags if tag == "link"] == ["data:"]
    assert "@import" not in page
    assert "url(" not in page
    policy = next(a["content"] for tag, a in tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy


def test_warnings_come_before_the_score_and_the_caveat_beside_it(page: str) -> None:
    assert page.index("not a test result") < page.index('class="score"') < page.index("Caveat.")
    assert "Scored without &lt;case_9&gt;." in page
    assert "nothing &amp; nobody &lt;yet&gt;" in page


def test_the_headline_is_the_protocols_metric_with_its_interval(page: str, lesions) -> None:
    summary = lesions[0].aggregates["overall"]["dice"]
    assert f'<p class="score">{summary.mean:.4f}</p>' in page
    assert f"95 % interval {summary.ci95_low:.4f} to {summary.ci95_high:.4f}" in page
    assert "Invented challenge, task 1" in page


def test_cases_stand_worst_first_and_undefined_ones_last(page: str, lesions) -> None:
    scores = {case.name: case.metrics.get("dice") for case in lesions[0].cases if case.task == "neovascularization"}
    panel = page[page.index('data-task="neovascularization"') :]
    panel = panel[: panel.index("</table>")]
    order = re.findall(r'<th scope="row" data-value="(\w+)">', panel)
    defined = [name for name in order if scores[name] is not None]
    assert order == defined + [name for name in order if scores[name] is None]
    assert defined == sorted(defined, key=lambda name: scores[name] or 0)
    assert 0 < len(defined) < len(order) == 7


def test_each_case_carries_its_picture_and_only_the_masks_it_has(page: str, lesions) -> None:
    cases = read_cases(page)
    assert [case["name"] for case in cases] == [f"case_{number}" for number in range(1, 8)]
    for case in cases:
        assert case["image"].startswith("data:image/jpeg;base64,")
        counts = {score.task: score.counts for score in lesions[0].cases if score.name == case["name"]}
        for task, parts in case["masks"].items():
            assert set(parts) == {part for part in ("tp", "fp", "fn") if getattr(counts[task], part)}


def test_the_standing_puts_this_result_among_the_published_ones(page: str) -> None:
    standing = page[page.index('id="standing"') :]
    teams = re.findall(r'<tr class="([^"]*)"><td>(\d)</td><td>([^<]+)</td>', standing)
    assert teams == [
        ("reach", "1", "Alpha"),
        ("own reach", "2", "This result"),
        ("reach", "3", "Beta"),
        ("", "4", "Gamma"),
    ]
    assert "Rank 2 of 4 (95 %: 1 to 3)" in standing
    assert "Invented standings, nowhere &amp; never, 2024-02-29." in standing


def test_curves_are_drawn_with_a_mark_for_each_working_threshold(page: str) -> None:
    for key in ("pr", "roc", "dice"):
        figure = page[page.index(f'id="plot-{key}"') :]
        figure = figure[: figure.index("</figure>")]
        assert figure.count('class="curve"') == 3
        assert figure.count('class="mark"') == 3
        words = json.loads(re.search(r'<script type="application/json">(.*?)</script>', figure, flags=re.S).group(1))
        points = np.array([point for line in words["lines"] for point in line["points"]], dtype=float)
        assert ((points >= 0) & (points <= 1)).all()


def test_what_is_absent_leaves_no_trace(vessels, tmp_path: Path) -> None:
    write_report(*vessels, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    tags = read_outline(page).tags
    identifiers = {attributes.get("id") for _, attributes in tags}
    assert not identifiers & {"warnings", "curves", "standing"}
    assert "#curves" not in page
    assert 'name="task"' not in page[: page.index("<script>\n")], "one task needs no switch"


def test_a_headline_that_could_not_be_computed_is_said_so(vessels, tmp_path: Path) -> None:
    evaluation = replace(vessels[0], aggregates={"vessel": {"iou": vessels[0].aggregates["vessel"]["iou"]}})
    write_report(evaluation, vessels[1], tmp_path / "report.html")
    assert "Dice could not be computed" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_no_name_can_break_out_of_the_page(vessels, tmp_path: Path) -> None:
    wicked = '</script><img src=x onerror="alert(1)">'
    cases = tuple(replace(case, name=wicked) if case.name == "1_test" else case for case in vessels[0].cases)
    open_layers = lambda name: vessels[1]("1_test" if name == wicked else name)  # noqa: E731
    write_report(replace(vessels[0], cases=cases), open_layers, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not [tag for tag, _ in read_outline(page).tags if tag == "img"]
    assert wicked in [case["name"] for case in read_cases(page)]


def test_a_smaller_size_makes_a_smaller_page_and_says_so(lesions, tmp_path: Path) -> None:
    for size, name in ((None, "full"), (64, "small")):
        write_report(*lesions, tmp_path / name, size)
    full, small = ((tmp_path / name).read_text(encoding="utf-8") for name in ("full", "small"))
    assert read_cases(small)[0]["shown"] == [64, 64]
    assert read_cases(small)[0]["size"] == [128, 128]
    assert len(small) < len(full)
    with pytest.raises(ValueError, match="positive number"):
        write_report(*lesions, tmp_path / "none", 0)


def test_a_failure_half_way_leaves_the_old_report_in_place(vessels, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("the old one", encoding="utf-8")

    def fail(name: str) -> CaseLayers:
        if name == "3_test":
            raise OSError("the disk is gone")
        return vessels[1](name)

    with pytest.raises(OSError, match="disk is gone"):
        write_report(vessels[0], fail, path)
    assert path.read_text(encoding="utf-8") == "the old one"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_memory_holds_one_case_at_a_time(vessels, tmp_path: Path) -> None:
    """Twelve cases of 6 MB each: together they would be 72 MB, one with all that its encoding needs stays under 36."""

    def open_large(name: str) -> CaseLayers:
        mask = np.zeros((1000, 1200), bool)
        mask[200:400, 300:900] = True
        return CaseLayers(
            np.full((1000, 1200, 3), len(name), np.uint8), {"vessel": mask}, {"vessel": mask.T.reshape(1000, 1200)}
        )

    cases = tuple(replace(vessels[0].cases[0], name=f"case {number}") for number in range(12))
    tracemalloc.start()
    write_report(replace(vessels[0], cases=cases), open_large, tmp_path / "report.html")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 36e6


def test_65_speckled_angiograms_with_three_tasks_stay_under_45_megabytes(lesions, tmp_path: Path) -> None:
    """Size grows by the case alone, so what a second one adds, taken 64 times, says what 65 weigh.

    The speckle is white, which is the worst there is for a JPEG; areas and errors have ragged borders.
    """
    random = np.random.default_rng(5)

    def draw_area(threshold: float) -> np.ndarray:
        coarse, fine = random.standard_normal((26, 26)), random.standard_normal((171, 171))
        grown = [cv2.resize(noise, (1024, 1024), interpolation=cv2.INTER_CUBIC) for noise in (coarse, fine)]
        return grown[0] + 0.3 * grown[1] > threshold

    def open_angiogram(name: str) -> CaseLayers:
        image = np.clip(90 * random.gamma(3, 1 / 3, (1024, 1024)), 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)
        truth = {task: draw_area(0.8 + 0.3 * place) for place, task in enumerate(lesions[0].tasks)}
        return CaseLayers(image, truth, {task: np.roll(mask, 9, axis=1) for task, mask in truth.items()})

    def weigh(cases: int) -> int:
        kept = [f"case_{number}" for number in range(1, cases + 1)]
        evaluation = replace(lesions[0], cases=tuple(case for case in lesions[0].cases if case.name in kept))
        write_report(evaluation, open_angiogram, tmp_path / "report.html")
        return (tmp_path / "report.html").stat().st_size

    one, two = weigh(1), weigh(2)
    assert 20e6 < one + 64 * (two - one) < 45e6


def test_the_other_system_and_the_other_protocols_stand_on_the_page(lesions, tmp_path: Path) -> None:
    evaluation, open_layers = lesions
    protocol = replace(evaluation.protocol, name="task1-frame", title="The frame <whole>", caveat="Not ranked.")
    other = replace(evaluation, protocol=protocol)
    known, single = Difference(0.0125, -0.002, 0.03, 0.0625), Difference(-0.5, None, None, None)
    differences = {"irma": {"dice": known}, "overall": {"hd95": single}}
    write_report(Reported(evaluation, (other,), differences), open_layers, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    read_outline(page)
    comparison = page[page.index('<section id="comparison"') : page.index('<section id="cases"')]
    assert "<td>Dice</td><td>0.0125</td><td>−0.0020 to 0.0300</td><td>0.0625</td>" in comparison
    assert "<td>HD95</td><td>−0.5</td>" in comparison and "Mean of tasks" in comparison
    beside = page[page.index('<section id="others"') :]
    assert "task1-frame: The frame &lt;whole&gt;" in beside and "Not ranked." in beside
    assert '<a href="#comparison">Comparison</a>' in page and '<a href="#others">Others</a>' in page
    write_report(evaluation, open_layers, tmp_path / "alone.html")
    alone = (tmp_path / "alone.html").read_text()
    assert 'id="comparison"' not in alone and 'id="others"' not in alone


def test_the_reliability_plot_has_the_bins_of_the_ece(lesions) -> None:
    curves = gather_curves(lesions[0])
    for task in curves:
        table = task.calibration
        gaps = np.nan_to_num(np.abs(table.confidence - table.frequency)) * table.pixels
        assert task.ece == pytest.approx(gaps.sum() / table.pixels.sum())
