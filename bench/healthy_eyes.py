"""Count the lesions that a model finds in healthy eyes, and choose thresholds that limit their number.

    RETSEG_DATA=DIR python bench/healthy_eyes.py [--model NAME] [--eyes RECIPE] [--limit LESIONS] [--write]

The healthy eyes are those of a recipe; the model must not be trained on them. For each task the program prints how
many lesions are found in an eye, at each threshold and minimum component size. It chooses a rule with at most
`--limit` lesions on average and a median of 0. Among these it takes the rule with the best expected Dice: the Dice of
the cross-validation at this threshold, times the share of it that is left on the training images at this size.
`--write` puts the rules and the counts on the card.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.engine import Engine, choose_engine, open_engine
from retseg.image import find_field_of_view, read_image, read_mask
from retseg.metrics.derived import dice
from retseg.metrics.resampling import bootstrap_mean
from retseg.models import Card, HeldOut, MaskRule, load_card, write_card
from retseg.predictor import predict_probabilities
from retseg.preprocessing import scale_component_size
from train.config.loader import load_recipe
from train.data.cases import Case, list_cases
from train.data.images import read_truth
from train.model.false_lesions import count_components, find_allowed
from train.model.thresholds import count_parts

MODELS = Path(__file__).resolve().parents[1] / "model_weights"
SIZES = (0, 6, 12, 24, 48)
THRESHOLDS = np.arange(1, 50) / 50


def main() -> None:
    """Predict all eyes once, print the tables, and choose."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="idrid-lesions", help="without healthy eyes in its training (%(default)s)")
    parser.add_argument("--eyes", default="lesion", help="recipe that names the healthy eyes (%(default)s)")
    parser.add_argument("--limit", type=float, default=1.0, help="lesions in a healthy eye, on average (%(default)s)")
    parser.add_argument("--write", action="store_true", help="put the chosen rules on the card")
    arguments = parser.parse_args()
    card = load_card(MODELS / arguments.model)
    engine = open_engine(choose_engine("openvino"), card)
    recipe, data = load_recipe(arguments.eyes), Path(os.environ["RETSEG_DATA"])
    healthy: list[Case] = []
    ill: list[Case] = []
    for source in recipe.source:
        (healthy if source.healthy else ill).extend(list_cases(source, recipe.tasks, data))
    if seen := [case.name for case in healthy if f"{case.data_set}/{case.image.name}" in card.training.images]:
        raise SystemExit(f"the model was trained on {', '.join(seen)}: its card has what its recipe held out")
    false = np.stack([count_eye(card, engine, case, None) for case in healthy])
    true = np.stack([count_eye(card, engine, case, tuple(card.tasks)) for case in ill])
    rules, rows = {}, []
    for number, task in enumerate(card.tasks):
        rules[task] = choose(card, task, false[:, number], true[:, number], arguments.limit)
        size, column = SIZES.index(rules[task].minimum_component_size), find_column(rules[task])
        rows += describe(task, healthy, false[:, number, size, column])
    if arguments.write:
        kept = f"mean_dice, with at most {arguments.limit:g} lesion in a healthy eye on average"
        selection = {task: replace(each, rule=kept) for task, each in card.selection.items()}
        write_card(replace(card, tasks=rules, selection=selection, held_out=tuple(rows)))


def count_eye(card: Card, engine: Engine, case: Case, tasks: tuple[str, ...] | None) -> NDArray[np.int64]:
    """Lesions found, (tasks, sizes, thresholds); with `tasks`, counts tp, fp, fn, tn, (tasks, sizes, thresholds, 4)."""
    pixels = read_image(case.image).pixels
    region = read_mask(case.field_of_view) > 0 if case.field_of_view else find_field_of_view(pixels)
    found = predict_probabilities(pixels, region, card.framing, card.preprocessing, card.inference, engine)
    sizes = [scale_component_size(size, region, card.framing, card.preprocessing) for size in SIZES]
    if tasks is None:
        return np.stack([count_components(plane, region, THRESHOLDS, sizes) for plane in found])
    truth = [read_truth(case, task, region.shape) for task in tasks]
    return np.stack([count_parts(plane, t, region, sizes) for plane, t in zip(found, truth, strict=True)])


def choose(card: Card, task: str, false: NDArray[np.int64], true: NDArray[np.int64], limit: float) -> MaskRule:
    """Print the table of one task, and choose its rule."""
    now = card.tasks[task]
    each = np.nan_to_num(dice.over(true), nan=1.0).mean(axis=0)
    expected = np.asarray(card.selection[task].scores) * each / np.maximum(each[:1], 1e-9)
    allowed = find_allowed(false, limit)
    size, column = np.unravel_index(int(np.argmax(np.where(allowed, expected, -1))), expected.shape)
    rule = MaskRule(float(THRESHOLDS[column]), SIZES[size])
    print(f"\n{task}, {len(false)} healthy eyes; lesions an eye, and (expected Dice)")
    print("threshold " + "".join(f"{f'from {size} px':>17}" for size in SIZES))
    for k in range(4, len(THRESHOLDS), 4):
        cells = (f"{m:9.2f} ({d:.3f})" for m, d in zip(false[:, :, k].mean(axis=0), expected[:, k], strict=True))
        print(f"{THRESHOLDS[k]:9.2f} " + "".join(f"{cell:>17}" for cell in cells))
    for words, each_rule in (("the card has", now), ("chosen", rule)):
        row, place = SIZES.index(each_rule.minimum_component_size), find_column(each_rule)
        counts = false[:, row, place]
        print(
            f"{words} threshold {each_rule.threshold:g}, from {each_rule.minimum_component_size} px: expected Dice "
            f"{expected[row, place]:.3f}, {counts.mean():.2f} lesions a healthy eye, median {np.median(counts):g}"
        )
    return rule


def find_column(rule: MaskRule) -> int:
    """The number of a rule's threshold."""
    return int(np.argmin(np.abs(THRESHOLDS - rule.threshold)))


def describe(task: str, healthy: Sequence[Case], counts: NDArray[np.int64]) -> list[HeldOut]:
    """Mean and median of the lesions found, as rows of a card."""
    names = ", ".join(dict.fromkeys(case.data_set for case in healthy))
    interval, median = bootstrap_mean(counts.astype(np.float64), 0), float(np.median(counts))
    mean = float(counts.mean())
    return [
        HeldOut(task, "healthy eyes", names, len(healthy), "false_lesions", mean, interval.low, interval.high),
        HeldOut(task, "healthy eyes", names, len(healthy), "false_lesions_median", median, median, median),
    ]


if __name__ == "__main__":
    main()
