"""The queue runs what has no result, a seed of everything before the next, and goes on after a failure."""

import dataclasses
import time
from pathlib import Path

import pytest

from retseg.phantom.data_sets import write_idrid
from retseg.toml_schema import SchemaError
from train.cli import main
from train.config.images import Source
from train.config.recipe import Recipe
from train.fit.run import Run
from train.model.make import Folders
from train.reproduce.queue import PlannedRun, Queue, describe_plan, plan_runs, run_experiments
from train.reproduce.result import name_result

RUN = Run(Path(), 0, 0)


@pytest.fixture
def folders(data: Path) -> Folders:
    return Folders(data, data / "runs", data / "results")


@pytest.fixture
def experiment(recipe: Recipe) -> Recipe:
    """The recipe `lines` as an experiment: held out folds, scored in the field of view."""
    return dataclasses.replace(recipe, protocols=("fundus-fov",))


def test_experiments_without_a_result_are_planned_seed_by_seed_the_shortest_first(folders: Folders) -> None:
    folders.output.mkdir()
    queue = Queue(("keras-256-silu-*", "sccu-drive-e[23]"), "cpu", 2)
    planned = plan_runs(queue, folders)
    names = [name_result(run.recipe) for run in planned]
    assert len(names) == 10 and len(set(names)) == 10
    assert [run.recipe.seed for run in planned] == [0] * 5 + [1] * 5
    for seeds in (planned[:5], planned[5:]):
        assert [run.work for run in seeds] == sorted(run.work for run in seeds)
    (folders.output / f"{names[0]}.json").write_text("{}")
    assert [name_result(run.recipe) for run in plan_runs(queue, folders)] == names[1:]
    assert "DRIVE is not there: put the official download in it" in describe_plan(planned)


def test_the_work_is_the_arithmetic_of_all_patches(folders: Folders) -> None:
    """Twice the steps are twice the work; a published width is more than a cpu one."""
    (small,) = plan_runs(Queue(("wang-fcn",), "cpu", 1), folders)
    (large,) = plan_runs(Queue(("wang-fcn",), "paper", 1), folders)
    assert large.work > 10 * small.work > 0
    assert small.recipe.variant == "cpu" and large.recipe.variant == "paper"


def test_an_encoder_is_for_the_experiments_whose_publication_has_one(folders: Folders) -> None:
    def plan(patterns: tuple[str, ...], width: str, encoder: str) -> dict[str, str]:
        return {run.recipe.name: run.recipe.encoder for run in plan_runs(Queue(patterns, width, 1, encoder), folders)}

    names = ("wang-fcn", "redseg-stage1", "amdyes-samadapter-nv")
    assert plan(names, "paper", "vgg.pth") == {names[0]: "", names[1]: "vgg.pth", names[2]: "vgg.pth"}
    assert plan(names[:2], "cpu", "vgg.pth") == {
        names[0]: "",
        names[1]: "",
    }  # cpu starts from a model of this repository
    assert plan(names[2:], "cpu", "") == {names[2]: "none"}


def test_an_experiment_without_its_encoder_is_not_run_unless_that_is_said(folders: Folders) -> None:
    write_idrid(folders.data / "IDRiD_quarter", 4, (64, 64), 1)
    for encoder, words in (("", "give the file with encoder=FILE, or say encoder=none"), ("none", "GFLOP forward")):
        assert words in describe_plan(plan_runs(Queue(("redseg-stage1",), "paper", 1, encoder), folders))


def test_an_unknown_experiment_or_width_is_answered_with_the_nearest(folders: Folders) -> None:
    with pytest.raises(SchemaError, match="did you mean 'wang-fcn'"):
        plan_runs(Queue(("wang-fcnn",)), folders)
    with pytest.raises(SchemaError, match="did you mean 'cpu'"):
        plan_runs(Queue(("wang-fcn",), "cpus"), folders)


def test_a_run_that_fails_is_told_and_the_next_one_is_run(experiment: Recipe, folders: Folders) -> None:
    broken = dataclasses.replace(experiment, name="broken", source=(Source("nowhere", "fundus"),))
    hopeless = PlannedRun(experiment, 1.0, "its data are not there")
    failed = run_experiments([PlannedRun(broken, 1.0), hopeless, PlannedRun(experiment, 2.0)], folders, RUN)
    assert len(failed) == 1 and failed[0].startswith("broken-paper-seed3: ") and "nowhere is not there" in failed[0]
    assert [path.name for path in folders.output.glob("*.json")] == ["lines-paper-seed3.json"]


def test_an_interrupted_queue_goes_on_where_it_was(
    experiment: Recipe, folders: Folders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from train.fit.loop import Trainer

    finish, steps = Trainer._finish_round, []

    def count(self: Trainer, *arguments: object) -> None:
        finish(self, *arguments)  # type: ignore[arg-type]
        steps.append(self.step)
        if len(steps) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "_finish_round", count)
    with pytest.raises(KeyboardInterrupt):
        run_experiments([PlannedRun(experiment, 1.0)], folders, RUN)
    assert not folders.output.exists()
    assert run_experiments([PlannedRun(experiment, 1.0)], folders, RUN) == ()
    assert steps == [4, 8, 4, 8]
    assert "[1/1] lines-paper-seed3" in capsys.readouterr().out


def test_a_dry_run_says_what_would_run_and_runs_nothing(folders: Folders, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["reproduce", "--run", "amdyes-unet-nv", "--seeds", "1", "--dry-run", "--data", str(folders.data)]
    assert main([*words, "--results", str(folders.output), "--runs", str(folders.runs)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("amdyes-unet-nv-cpu-seed0: not run: ") and "DRAC22 is not there" in said
    assert not folders.runs.exists() and not folders.output.exists()
    assert main(["reproduce", "--run", "amdyes-unet-nw", "--data", str(folders.data)]) == 1
    assert "did you mean 'amdyes-unet-nv'" in capsys.readouterr().err


def test_the_queue_stops_in_time_and_goes_on_the_next_time(experiment: Recipe, folders: Folders) -> None:
    """No time is left after the first round of the first network."""
    short = Run(Path(), 0, 0, stop=time.monotonic())
    assert run_experiments([PlannedRun(experiment, 1.0), PlannedRun(experiment, 1.0)], folders, short) == ()
    assert not folders.output.exists()
    first = folders.runs / "lines-paper-seed3" / "fold-0"
    assert len((first / "log.csv").read_text().splitlines()) == 2, "a head and one round"
    assert run_experiments([PlannedRun(experiment, 1.0)], folders, RUN) == ()
    assert (folders.output / "lines-paper-seed3.json").is_file()
    assert len((first / "log.csv").read_text().splitlines()) == 3


def test_what_is_of_most_worth_is_run_first(folders: Folders) -> None:
    planned = plan_runs(Queue(("wang-*",), "cpu", 1), folders)
    names = [run.recipe.name for run in planned]
    assert names[:4] == ["wang-relu-sgd", "wang-leaky-adam", "wang-relu-adam", "wang-leaky-sgd"]
    assert planned[4].work <= planned[-1].work
