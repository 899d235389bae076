"""A training is started anew from its best weights; redrawn validation images have been trained on before."""

import dataclasses
from pathlib import Path

import pytest
import torch

from train.config.loader import load_recipe
from train.config.recipe import Recipe
from train.config.stage import Restarts
from train.data.cases import gather_cases
from train.fit.best import BestWeights
from train.fit.logs import read_log
from train.fit.loop import Trainer
from train.fit.run import Run
from train.model.networks import train_networks
from train.model.planning import plan_networks


def restart(recipe: Recipe, *, redraw: bool) -> Recipe:
    return dataclasses.replace(recipe, folds=2, held_out="first", keep="best", restarts=Restarts(2, redraw))


def test_every_start_validates_on_the_same_fold_unless_it_is_redrawn(recipe: Recipe, data: Path) -> None:
    four = dataclasses.replace(recipe, folds=4, held_out="first", restarts=Restarts(4))
    cases = gather_cases(four, data)
    (fixed,) = plan_networks(four, cases)
    assert {start.validation for start in fixed.starts} == {fixed.held_out}
    assert all(not set(start.training) & set(fixed.held_out) for start in fixed.starts)
    (redrawn,) = plan_networks(dataclasses.replace(four, restarts=Restarts(4, redraw=True)), cases)
    assert redrawn.held_out == fixed.held_out == redrawn.starts[-1].validation
    assert len({start.validation for start in redrawn.starts}) == 4
    for start in redrawn.starts:
        assert sorted(start.training + start.validation) == list(range(4))
    assert all(set(redrawn.held_out) <= set(start.training) for start in redrawn.starts[:-1])
    assert len({start.folder for start in redrawn.starts} | {start.seed for start in redrawn.starts}) == 8


def test_the_experiments_of_restarts_score_the_same_images_once_trained_on_and_once_not() -> None:
    fixed, redrawn = (load_recipe(f"amdyes-unet-nv-{word}", ["width=cpu"]) for word in ("fixed", "redrawn"))
    assert redrawn.restarts == dataclasses.replace(fixed.restarts, redraw=True)
    passing = ("name", "title", "data", "restarts")
    assert all(
        getattr(fixed, field.name) == getattr(redrawn, field.name)
        for field in dataclasses.fields(fixed)
        if field.name not in passing
    )


@pytest.mark.parametrize("redraw", [False, True])
def test_a_start_goes_on_from_the_best_weights_of_the_one_before(
    recipe: Recipe, data: Path, redraw: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    begun, kept = [], []
    train = Trainer.train

    def watch(self: Trainer, *arguments: object) -> dict[str, torch.Tensor]:
        begun.append({name: value.clone() for name, value in self.network.state_dict().items()})
        kept.append(train(self, *arguments))  # type: ignore[arg-type]
        return kept[-1]

    monkeypatch.setattr(Trainer, "train", watch)
    trained = train_networks(restart(recipe, redraw=redraw), data, Run(data / "runs", 0, 0, False))
    assert len(begun) == 2 and all(torch.equal(begun[1][name], kept[0][name]) for name in kept[0])
    assert all(torch.equal(trained.members[0][name], kept[1][name]) for name in kept[1])
    assert [int(row["step"]) for log in trained.logs.values() for row in read_log(log)] == [4, 4]


def test_a_resumed_training_remembers_its_best_weights(recipe: Recipe, data: Path) -> None:
    torch.set_num_threads(1)
    chosen = restart(recipe, redraw=True)
    first = train_networks(chosen, data, Run(data / "runs", 0, 0, False))
    again = train_networks(chosen, data, Run(data / "runs", 0, 0, True))
    assert all(torch.equal(first.members[0][name], again.members[0][name]) for name in first.members[0])


def test_the_best_weights_are_a_copy_and_no_number_is_never_best() -> None:
    best, weight = BestWeights(), {"w": torch.zeros(1)}
    best.offer(float("nan"), weight)
    assert not best.weights
    best.offer(0.5, weight)
    weight["w"] += 1
    best.offer(0.4, weight)
    assert best.dice == 0.5 and best.weights["w"].item() == 0
