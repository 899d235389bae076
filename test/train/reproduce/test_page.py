"""The page shows what has run, with intervals, and says what has not and why."""

import math
from pathlib import Path

import numpy as np

from train.config.loader import list_recipes, load_recipe
from train.config.protocols import find_protocols
from train.reproduce.cost import COSTS, Cost, read_costs, write_costs
from train.reproduce.page import write_page
from train.reproduce.published import Contrast, Measure, Pair, Published, Row, Table, load_published
from train.reproduce.result import Result
from train.reproduce.statistics import Spread
from train.reproduce.systems import Claim, Deviation, System, decide, load_systems

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
CLAIMS = (Claim("IoU is higher", PAIRS[0]), Claim("Dice is 1", reason="Out of reach."), Claim("Curves win", PAIRS[1]))
SYSTEMS = (System("Lines", "A book.", CLAIMS, (Deviation("widths", "unknown", "eight", "Memory."),)),)
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
    page = write_page(PUBLISHED, SYSTEMS, (make_result(0, 0.8), make_result(1, 0.7)))
    (row,) = (line for line in page.splitlines() if line.startswith("| lines |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:3] == ["lines", "0.9000", "0.7500"] and cells[4:] == ["cpu", "2", "`lines`"]
    low, high = map(float, cells[3].split(" to "))
    assert low < 0.70 and high > 0.80


def test_a_difference_has_a_paired_interval() -> None:
    page = write_page(PUBLISHED, SYSTEMS, (make_result(0, 0.8), make_result(1, 0.7)))
    assert "| of lines | 0.7500 | 0.6500 | -0.1000 | -0.1000 to -0.1000 | cpu | 2 |" in page


def test_a_claim_has_the_verdict_of_its_interval_or_the_reason_why_there_is_none() -> None:
    page = write_page(PUBLISHED, SYSTEMS, (make_result(0, 0.8), make_result(1, 0.7)))
    assert "| IoU is higher | contradicted | -0.1000 | -0.1000 to -0.1000 | cpu | 2 |" in page
    assert "- Dice is 1. Out of reach.\n- Curves win. Not run yet.\n" in page
    assert "| widths | unknown | eight | Memory. |" in page


def test_an_interval_that_holds_zero_or_one_seed_decides_nothing() -> None:
    assert decide(Spread(0.1, 0.01, 0.3, 1)) == "not decided"
    assert decide(Spread(0.1, -0.1, 0.3, 3)) == "not decided"
    assert decide(Spread(0.1, 0.01, 0.3, 3)) == "reproduced"
    assert decide(Spread(0.1, math.nan, math.nan, 3)) == "not decided"


def test_every_claim_and_number_belongs_to_a_recipe_that_exists_and_a_protocol_that_it_is_scored_by() -> None:
    pairs = [claim.pair for system in load_systems() for claim in system.claim if claim.pair]
    pairs += [pair for contrast in load_published().contrast for pair in contrast.pair]
    for measure in (measure for pair in pairs for measure in (pair.first, pair.second)):
        recipe = load_recipe(measure.recipe)
        assert measure.score in recipe.protocols and measure.task in recipe.tasks
        (protocol,) = find_protocols((measure.score,))
        assert measure.metric in protocol.metrics


def test_every_family_of_experiments_is_a_system_with_its_deviations() -> None:
    families = {load_recipe(name).family for name in list_recipes()} - {""}
    systems = load_systems()
    assert {system.name for system in systems} == families
    assert all(system.deviation for system in systems)


def test_only_what_has_run_has_a_row_and_the_first_lines_say_how_much_that_is() -> None:
    page = write_page(PUBLISHED, SYSTEMS, (make_result(0, 0.8),))
    assert "Have run: 1 of 2 experiments at the width `cpu`. 1 run, 0.5 hours of training on an abacus" in page
    assert "Have not run: `curves`." in page
    assert "Not run: curves." in page
    assert "| curves |" not in page and "| of curves |" not in page
    assert "Without an experiment here: circles (published 0.7000). No description of it is public." in page


def test_the_page_of_the_published_numbers_has_no_row_before_anything_has_run() -> None:
    published = load_published()
    page = write_page(published, load_systems(), ())
    assert "None of" in page and "| row |" not in page
    assert all(table.title in page for table in published.table)


def test_every_table_with_a_number_without_an_experiment_says_why() -> None:
    silent = [
        table.title for table in load_published().table if not all(row.recipe for row in table.row) and not table.absent
    ]
    assert silent == []


def test_the_cost_of_an_image_is_shown_when_it_was_measured() -> None:
    cost = Cost("Lines", "lines", 1234567, 500, 12.3, 0.5, "an abacus")
    page = write_page(PUBLISHED, SYSTEMS, (make_result(0, 0.8),), (cost,))
    assert "| Lines | `lines` | 1,234,567 | 500² | 12 | 0.50 | 2.0 |" in page and "on an abacus" in page
    assert "What one image costs" not in write_page(PUBLISHED, SYSTEMS, (make_result(0, 0.8),))


def test_costs_are_read_as_they_were_written(tmp_path: Path) -> None:
    costs = (Cost("Lines", "lines", 1234567, 500, 12.3, 0.5, "an abacus"),)
    write_costs(costs, tmp_path / COSTS)
    assert read_costs(tmp_path) == costs
    assert read_costs(tmp_path / "elsewhere") == ()
