import re

import pytest

from retseg.evaluation.scoring.result import Standing, Summary
from retseg.report.strips import draw_interval, draw_strip, fit_axis


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ((0.31, 0.87), (0.3, 0.9)),
        ((0.831, 0.838), (0.8, 0.9)),
        ((0.0, 1.0), (0.0, 1.0)),
        ((1.0,), (0.9, 1.0)),
        ((0.0,), (0.0, 0.1)),
    ],
)
def test_the_axis_is_the_shortest_in_tenths_that_holds_all_values(values, ends) -> None:
    axis = fit_axis(values, 0, 100)
    assert (axis.low, axis.high) == pytest.approx(ends)
    assert float(axis.find_x(ends[0])) == 0
    assert float(axis.find_x(ends[1])) == 100


@pytest.mark.parametrize("high", [0.1, 0.2, 0.5, 0.8, 1.0])
def test_ticks_begin_and_end_with_the_axis_and_are_neither_few_nor_many(high: float) -> None:
    ticks = [float(tick) for tick in re.findall(r">([\d.]+)</text>", fit_axis((0.0, high), 0, 100).draw_ticks(0))]
    assert 4 <= len(ticks) <= 9
    assert (ticks[0], ticks[-1]) == (0, high)


def test_a_strip_has_a_dot_for_each_case_and_its_name_in_words() -> None:
    strip = draw_strip([(0, "a<b", 0.2), (7, "c", 0.2), (3, "d", 0.7)], None, "Dice")
    dots = re.findall(r'data-case="(\d)" cx="([\d.]+)" cy="(\d+)"', strip)
    assert {number for number, _, _ in dots} == {"0", "7", "3"}
    assert len({(x, y) for _, x, y in dots}) == 3, "equal values are stacked"
    assert "a&lt;b: 0.2000" in strip
    assert 'class="mean"' not in strip


def test_the_interval_is_drawn_with_the_published_scores_and_not_without_an_interval() -> None:
    standing = Standing(2, 1, 2, 3, (("A", 0.9), ("B", 0.5)), "dice", "", "", "")
    assert draw_interval(Summary(0.7, None, 0.6, 0.8), standing).count('stroke-width="1.5"') == 2
    assert draw_interval(Summary(0.7, None, None, None), standing) == ""
