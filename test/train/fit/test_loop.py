"""Training learns, resumes exactly, and stops with its reason."""

import dataclasses
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.fabric import Fabric

from retseg.files import OutputError
from train.config.recipe import Recipe
from train.data.cases import gather_cases
from train.data.images import TrainingImage, load_training_images
from train.fit.checkpoint import load_checkpoint, save_checkpoint
from train.fit.logs import read_log
from train.fit.loop import Trainer
from train.fit.run import Run, TrainingError
from train.fit.steps import Steps


@pytest.fixture
def images(data: Path, recipe: Recipe) -> tuple[TrainingImage, ...]:
    return load_training_images(gather_cases(recipe, data), recipe)


def train(recipe: Recipe, images: tuple[TrainingImage, ...], run: Run) -> dict[str, torch.Tensor]:
    fabric = Fabric(accelerator="cpu", precision=recipe.precision)
    return Trainer(recipe, run, fabric).train(images[:3], images[3:])


def test_a_few_steps_lower_the_loss_and_leave_a_log_and_a_checkpoint(
    recipe: Recipe, images: tuple[TrainingImage, ...], tmp_path: Path
) -> None:
    longer = dataclasses.replace(recipe, stage=(dataclasses.replace(recipe.stage[0], steps=40),))
    train(longer, images, Run(tmp_path / "run", 1, 0))
    rows = read_log(tmp_path / "run" / "log.csv")
    assert [int(row["step"]) for row in rows] == list(range(4, 41, 4))
    assert float(rows[-1]["loss"]) < 0.85 * float(rows[0]["loss"])
    assert float(rows[-1]["validation_loss"]) < float(rows[0]["validation_loss"])
    assert (tmp_path / "run" / "checkpoint.pt").is_file()
    assert list((tmp_path / "run" / "tensorboard").iterdir())


def test_a_killed_training_resumes_to_the_very_same_weights(
    recipe: Recipe, images: tuple[TrainingImage, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    straight = train(recipe, images, Run(tmp_path / "straight", 1, 0))
    save, calls = Trainer._finish_round, []

    def die_after_one_round(self: Trainer, *arguments: object) -> None:
        save(self, *arguments)  # type: ignore[arg-type]
        calls.append(self.step)
        if len(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "_finish_round", die_after_one_round)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, images, Run(tmp_path / "broken", 1, 0))
    resumed = train(recipe, images, Run(tmp_path / "broken", 1, 0, resume=True))
    assert calls == [4, 8]
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_a_checkpoint_and_a_log_of_the_first_version_are_gone_on_with(
    recipe: Recipe, images: tuple[TrainingImage, ...], tmp_path: Path
) -> None:
    """Then a checkpoint said `average` and `start`, and had no steps; a log said `rate`."""
    run = Run(tmp_path / "run", 1, 0)
    straight = train(recipe, images, run)
    path = run.directory / "checkpoint.pt"
    state = load_checkpoint(path)
    assert state is not None
    state |= {"average": state.pop("ema"), "start": state.pop("initial_model")}
    del state["steps"]
    torch.save(state, path)
    log = run.directory / "log.csv"
    log.write_text(log.read_text().replace("learning_rate", "rate"))
    resumed = train(recipe, images, dataclasses.replace(run, resume=True))
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)
    assert [row["learning_rate"] for row in read_log(log)] and "learning_rate" in log.read_text()


def test_a_torn_checkpoint_is_passed_over_for_the_one_before(
    recipe: Recipe, images: tuple[TrainingImage, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(tmp_path / "run", 1, 0)
    straight = train(recipe, images, run)
    path = run.directory / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    resumed = train(recipe, images, dataclasses.replace(run, resume=True))
    assert "checkpoint.pt cannot be used (its SHA-256 is not that of its content)" in capsys.readouterr().out
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_a_process_killed_outright_goes_on_from_its_last_round(
    recipe: Recipe, images: tuple[TrainingImage, ...], data: Path, recipes: Path, tmp_path: Path, repository: Path
) -> None:
    torch.set_num_threads(1)
    script = f"""
import os, signal, torch
from pathlib import Path
from lightning.fabric import Fabric
from train.data.cases import gather_cases
from train.fit.checkpoint import load_checkpoint, save_checkpoint
from train.fit.loop import Trainer
from train.fit.run import Run
from train.data.images import load_training_images
from retseg.files import OutputError
from train.config.loader import load_recipe
torch.set_num_threads(1)
recipe = load_recipe("lines", (), Path({str(recipes)!r}))
images = load_training_images(gather_cases(recipe, Path({str(data)!r})), recipe)
finish = Trainer._finish_round
def die(self, *arguments):
    finish(self, *arguments)
    os.kill(os.getpid(), signal.SIGKILL)
Trainer._finish_round = die
fabric = Fabric(accelerator="cpu", precision=recipe.precision)
Trainer(recipe, Run(Path({str(tmp_path / "run")!r}), 1, 0), fabric).train(images[:3], images[3:])
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=repository, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    kept = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert kept is not None and kept["step"] == 4
    straight = train(recipe, images, Run(tmp_path / "straight", 1, 0))
    resumed = train(recipe, images, Run(tmp_path / "run", 1, 0, resume=True))
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_sigterm_leaves_the_last_checkpoint_as_it_is(tmp_path: Path, repository: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    script = f"""
import os, signal, time
from pathlib import Path
from train import cli
from train.commands import list
from train.fit.checkpoint import save_checkpoint
def be_killed(_):
    save_checkpoint({{"step": 4}}, Path({str(path)!r}))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(30)
list.run = be_killed
raise SystemExit(cli.main(["list"]))
"""
    words = [sys.executable, "-c", script]
    ended = subprocess.run(words, cwd=repository, capture_output=True, text=True, check=False)
    assert ended.returncode == 128 + signal.SIGTERM and "go on with --resume" in ended.stderr
    assert load_checkpoint(path) == {"step": 4}


@pytest.mark.parametrize("place", range(0, 1000, 25))
def test_a_single_flipped_bit_is_found_and_the_checkpoint_before_is_used(
    tmp_path: Path, place: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "checkpoint.pt"
    for step in (4, 8):
        save_checkpoint({"step": step, "weights": torch.arange(50.0)}, path)
    content = bytearray(path.read_bytes())
    assert len(content) > 1000
    content[place] ^= 1 << place % 8
    path.write_bytes(content)
    kept = load_checkpoint(path)
    assert kept is not None and kept["step"] == 4
    assert "warning: " in capsys.readouterr().out


@pytest.mark.parametrize("state", [[1, 2], {"step": 8}, {1: 2}])
def test_what_is_no_state_is_passed_over_for_the_checkpoint_before(tmp_path: Path, state: object) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint({"step": 4, "network": {}}, path.with_suffix(".previous"))
    torch.save(state, path)
    kept = load_checkpoint(path, ("step", "network"))
    assert kept is not None and kept["step"] == 4


def test_a_full_disk_stops_the_run_and_keeps_the_last_good_checkpoint(tmp_path: Path, full_disk: Any) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint({"step": 4}, path)
    with (
        full_disk(2000),
        pytest.raises(OutputError, match=r"File too large.*last good checkpoint is kept: free space, then --resume"),
    ):
        save_checkpoint({"step": 8, "weights": torch.zeros(5000)}, path)
    assert load_checkpoint(path) == {"step": 4} and not path.with_suffix(".new").exists()


def test_a_checkpoint_of_another_recipe_is_refused(
    recipe: Recipe, images: tuple[TrainingImage, ...], tmp_path: Path
) -> None:
    train(recipe, images, Run(tmp_path / "run", 1, 0))
    other = dataclasses.replace(recipe, seed=4)
    with pytest.raises(TrainingError, match="train without --resume"):
        train(other, images, Run(tmp_path / "run", 1, 0, resume=True))


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_an_infinite_loss_stops_with_the_step_and_the_files_and_keeps_the_checkpoint(
    recipe: Recipe, images: tuple[TrainingImage, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    class Exploding:
        def at(self, step: int) -> "Exploding":
            self.step = step
            return self

        def __call__(self, outputs: list[torch.Tensor], *_: torch.Tensor) -> torch.Tensor:
            return outputs[0].mean() * (float(value) if self.step == 6 else 1.0)

    monkeypatch.setattr("train.fit.loop.DeepSupervision", lambda *_: Exploding())
    with pytest.raises(
        TrainingError, match=rf"the loss is -?{value} at step 6 on \S+/eye\d.png, \S+/eye\d.png; the last good"
    ):
        train(recipe, images, Run(tmp_path / "run", 1, 0))
    kept = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert kept is not None and kept["step"] == 4


def test_weights_that_are_lost_by_an_infinite_gradient_are_not_saved(
    recipe: Recipe, images: tuple[TrainingImage, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root of zero costs nothing and has an infinite slope: the loss of step 7 is finite, its gradient is not."""

    class Steep:
        def at(self, step: int) -> "Steep":
            self.step = step
            return self

        def __call__(self, outputs: list[torch.Tensor], *_: torch.Tensor) -> torch.Tensor:
            return (0 * outputs[0].sum()).abs().sqrt() if self.step == 7 else outputs[0].mean()

    monkeypatch.setattr("train.fit.loop.DeepSupervision", lambda *_: Steep())
    with pytest.raises(TrainingError, match="a weight is not finite after step 7, though no loss was"):
        train(recipe, images, Run(tmp_path / "run", 1, 0))
    kept = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert kept is not None and kept["step"] == 4


def test_two_processes_share_the_patches_of_a_step_without_overlap() -> None:
    first, second = (list(Steps(2, 4, 3, rank, 2)) for rank in (0, 1))
    assert sorted(first + second) == list(range(12, 24))
