"""Weights are trained at the rate and the decay of their groups."""

import pytest
import torch

from retseg.toml_schema import SchemaError
from train.config.stage import Stage, WeightGroup
from train.fit.optimisation import build_optimiser, group_parameters, set_learning_rate


def name_weights() -> list[tuple[str, torch.nn.Parameter]]:
    return [(name, torch.nn.Parameter(torch.ones(1))) for name in ("a.weight", "a.bias", "b.weight", "b.bias")]


def test_factors_of_all_groups_that_fit_multiply() -> None:
    groups = (WeightGroup("*.bias", 2.0, 0.0), WeightGroup("b.*", 100.0))
    weights = name_weights()
    found = group_parameters(weights, Stage(1, 0.1, weight_decay=0.5, groups=groups))
    table = {id(value): (group["factor"], group["weight_decay"]) for group in found for value in group["params"]}
    assert [table[id(value)] for _, value in weights] == [(1.0, 0.5), (2.0, 0.0), (100.0, 0.5), (200.0, 0.0)]


def test_a_schedule_reaches_every_group_in_its_proportion() -> None:
    stage = Stage(1, 1.0, optimiser="sgd", momentum=0.0, groups=(WeightGroup("b.*", 0.25),))
    weights = name_weights()
    optimiser = build_optimiser(weights, stage)
    set_learning_rate(optimiser, 0.5)
    sum(value for _, value in weights).backward()
    optimiser.step()
    assert [value.item() for _, value in weights] == [0.5, 0.5, 0.875, 0.875]


def test_a_frozen_weight_is_left_out_and_a_pattern_that_fits_nothing_is_refused() -> None:
    weights = name_weights()
    weights[0][1].requires_grad_(False)
    assert sum(len(group["params"]) for group in group_parameters(weights, Stage(1, 1.0))) == 3
    with pytest.raises(SchemaError, match=r"no weight has a name like 'c\.\*'"):
        group_parameters(weights, Stage(1, 1.0, groups=(WeightGroup("c.*"),)))
