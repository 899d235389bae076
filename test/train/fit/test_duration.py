"""The steps of a schedule are fitted to the time that there is, and a training ends in it."""

import dataclasses
import time
from pathlib import Path

import pytest
import torch
from lightning.fabric import Fabric

from train.config.recipe import Recipe
from train.config.stage import Stage
from train.data.cases import gather_cases
from train.data.images import TrainingImage, load_training_images
from train.fit.checkpoint import load_checkpoint
from train.fit.duration import Speed, fit_steps, set_steps, shorten
from train.fit.logs import read_log
from train.fit.loop import Trainer
from train.fit.run import Run


def list_steps(stages: tuple[Stage, ...]) -> list[int]:
    return [stage.steps for stage in stages]


def test_stages_keep_their_proportion_and_rounds_take_their_time() -> None:
    stages = (Stage(300, 1.0), Stage(100, 1.0))
    assert list_steps(fit_steps(stages, 80.0, Speed(0.1, 0.0), 50)) == [600, 200]
    assert list_steps(fit_steps(stages, 80.0, Speed(0.1, 5.0), 50)) == [300, 100]
    assert list_steps(fit_steps(stages, 0.0, Speed(0.1, 5.0), 50)) == [1, 1]
    assert list_steps(shorten(stages, 310, 0)) == [300, 10] and list_steps(shorten(stages, 200, 0)) == [200, 0]
    assert list_steps(shorten(stages, 200, 100)) == [250, 50] and shorten(stages, 200, 200) == stages
    assert list_steps(set_steps(stages, [5, 6])) == [5, 6]


@pytest.fixture
def images(data: Path, recipe: Recipe) -> tuple[TrainingImage, ...]:
    return load_training_images(gather_cases(recipe, data), recipe)


def make_endless(recipe: Recipe) -> Recipe:
    """A million steps, 100 a round."""
    return dataclasses.replace(recipe, stage=(dataclasses.replace(recipe.stage[0], steps=10**6),), round=100)


def test_the_schedule_ends_in_time_and_its_steps_stay_with_the_checkpoint(
    recipe: Recipe, images: tuple[TrainingImage, ...], tmp_path: Path
) -> None:
    endless = make_endless(recipe)
    fabric = Fabric(accelerator="cpu", precision=recipe.precision)
    began = time.monotonic()
    run = Run(tmp_path, 1, 0, deadline=began + 25)
    weights = Trainer(endless, run, fabric).train(images[:3], images[3:])
    assert time.monotonic() - began < 40, "the deadline is 25 s; a round and a checkpoint may be under way"
    kept = load_checkpoint(tmp_path / "checkpoint.pt")
    assert kept is not None and kept["steps"] == [kept["step"]] and 3 <= kept["step"] < 10**6
    again = Trainer(endless, Run(tmp_path, 1, 0, resume=True), fabric)
    resumed = again.train(images[:3], images[3:])
    assert again.step == kept["step"] and all(torch.equal(weights[name], resumed[name]) for name in weights)


@pytest.mark.parametrize("guess", [1e-6, 0.005])
def test_a_training_that_is_slower_than_measured_has_its_schedule_shortened(
    recipe: Recipe, images: tuple[TrainingImage, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guess: float
) -> None:
    """Far too fast a measurement leaves the deadline alone to end it; a fair one is put right on the way."""
    monkeypatch.setattr(Trainer, "_measure_speed", lambda *_: Speed(guess, 0.0))
    run = Run(tmp_path, 1, 0, deadline=time.monotonic() + 6)
    Trainer(make_endless(recipe), run, Fabric(accelerator="cpu")).train(images, ())
    kept = load_checkpoint(tmp_path / "checkpoint.pt")
    assert kept is not None and kept["steps"] == [kept["step"]]
    last = read_log(tmp_path / "log.csv")[-1]
    assert int(last["step"]) == kept["step"]
    if guess == 0.005:
        assert float(last["learning_rate"]) < 0.2 * recipe.stage[0].learning_rate, "the cosine came to its end"


def test_measuring_the_speed_changes_no_weight(
    recipe: Recipe, images: tuple[TrainingImage, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    fabric = Fabric(accelerator="cpu", precision=recipe.precision)
    straight = Trainer(recipe, Run(tmp_path / "a", 1, 0), fabric).train(images[:3], images[3:])
    monkeypatch.setattr("train.fit.loop.fit_steps", lambda stages, *_: stages)
    run = Run(tmp_path / "b", 1, 0, deadline=time.monotonic() + 1000)
    measured = Trainer(recipe, run, fabric).train(images[:3], images[3:])
    assert all(torch.equal(straight[name], measured[name]) for name in straight)
