"""The page shows what has run, with intervals, and says what has not and why."""

import numpy as np

from train.reproduce.page import write_page
from train.reproduce.published import Contrast, Measure, Pair, Published, Row, Table, load_published
from train.reproduce.result import Result

ROWS = (
    Row("lines", "dice", "vessel", "lines", 0.9),
    Row("curves", "dice", "vessel", "curves"),
    Row("circles", published=0.7),
)
TABLE = Table("Lines", "by eye", "They differ.", "fundus-fov", ROWS, "No description of it is public.")
DICE, IOU, CURVES = (
    Measure(name, "fundus-fov", metric, "vessel")
    for name, metric in (("lines", "dice"), ("lines", "iou"), ("curves", "iou"))
)
PAIRS = (Pair("of lines", DICE, IOU), Pair("of curves", DICE, CURVES))
PUBLISHED = Published((TABLE,), (Contrast("Two measures", "One is less.", "dice", "iou", PAIRS),))


def make_result(seed: int, dice: float) -> Result:
    """A run of `lines` on the images eye0 and eye1, with 400 resamples."""
    values = {"dice": dice, "iou": dice - 0.1}
    deviations = 0.01 * np.random.default_rng(0).standard_normal(400)
    document = {
        "recipe": "lines",
        "variant": "cpu",
        "encoder": "",
        "seed": seed,
        "hours": 0.5,
        "machine": "an abacus",
        "commit": "abcdef",
        "protocols": {"fundus-fov": {"tasks": {"vessel": {name: {"value": value} for name, value in values.items()}}}},
    }
    replicates = {("fundus-fov", name, "vessel"): value + deviations for name, value in values.items()}
    return Result(document, replicates, ("eye0", "eye1"))


def test_a_row_has_the_mean_over_seeds_and_one_interval_over_seeds_and_images() -> None:
    page = write_page(PUBLISHED, (make_result(0, 0.8), make_result(1, 0.7)))
    (row,) = (line for line in page.splitlines() if line.startswith("| lines |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:3] == ["lines", "0.9000", "0.7500"] and cells[4:] == ["cpu", "2", "`lines`"]
    low, high = map(float, cells[3].split(" to "))
    assert low < 0.70 and high > 0.80


def test_a_difference_has_a_paired_interval() -> None:
    page = write_page(PUBLISHED, (make_result(0, 0.8), make_result(1, 0.7)))
    assert "| of lines | 0.7500 | 0.6500 | -0.1000 | -0.1000 to -0.1000 | cpu | 2 |" in page


def test_only_what_has_run_has_a_row_and_the_first_lines_say_how_much_that_is() -> None:
    page = write_page(PUBLISHED, (make_result(0, 0.8),))
    assert "Have run: 1 of 2 experiments at the width `cpu`. 1 run, 0.5 hours of training on an abacus" in page
    assert "Have not run: `curves`." in page
    assert "Not run: curves." in page
    assert "| curves |" not in page and "| of curves |" not in page
    assert "Without an experiment here: circles (published 0.7000). No description of it is public." in page


def test_the_page_of_the_published_numbers_has_no_row_before_anything_has_run() -> None:
    published = load_published()
    page = write_page(published, ())
    assert "None of" in page and "| row |" not in page
    assert all(table.title in page for table in published.table)


def test_every_table_with_a_number_without_an_experiment_says_why() -> None:
    silent = [
        table.title for table in load_published().table if not all(row.recipe for row in table.row) and not table.absent
    ]
    assert silent == []
