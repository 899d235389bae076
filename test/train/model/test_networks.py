"""A training from a prepared file has the weights of a training from the folders, on a machine with neither."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from train import cli
from train.config.loader import load_recipe
from train.config.recipe import Recipe
from train.data.prepared import write_prepared
from train.fit.checkpoint import load_checkpoint
from train.fit.run import Run
from train.model.make import Folders, make_model
from train.model.networks import prepare, train_networks
from train.model.planning import plan_networks

WITHOUT = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("SimpleITK", "openvino", "tensorboard"):
            raise ImportError(f"{name} is not installed")
sys.meta_path.insert(0, Blocked())
import torch
torch.set_num_threads(1)
from train.cli import main
raise SystemExit(main(sys.argv[1:]))
"""


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    state = load_checkpoint(folder / "checkpoint.pt")
    assert state is not None
    return {**state["network"], **{f"ema.{name}": value for name, value in state["ema"]["weights"].items()}}


def test_weights_are_the_same_without_data_sets_simpleitk_openvino_and_tensorboard(
    recipe: Recipe, data: Path, tmp_path: Path, repository: Path
) -> None:
    torch.set_num_threads(1)
    train_networks(recipe, data, Run(tmp_path / "folders", 0, 0, False), "fold-1")
    write_prepared(prepare(recipe, data), tmp_path / "lines.prepared")
    words = ["make", "--prepared", tmp_path / "lines.prepared", "--runs", tmp_path / "runs", "--workers", 0]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *map(str, words), "--only", "fold-1"],
        cwd=repository,
        env={"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "`python -m train make lines --resume` makes the model" in done.stdout
    ours, theirs = read_weights(tmp_path / "folders" / "fold-1"), read_weights(tmp_path / "runs" / "lines" / "fold-1")
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_networks_of_a_prepared_file_become_the_model_where_the_data_sets_are(
    recipe: Recipe, recipes: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    straight = make_model(recipe, Folders(data, data / "straight", data / "straight-models"), 0, False)
    monkeypatch.setattr("train.config.loader.load_recipe", lambda name, changes: load_recipe(name, changes, recipes))
    path = data / "lines.prepared"
    assert cli.main(["prepare", "lines", "--data", str(data), "--output", str(path)]) == 0
    assert cli.main(["make", "--prepared", str(path), "--runs", str(data / "runs"), "--workers", "0"]) == 0
    again = make_model(recipe, Folders(data, data / "runs", data / "models"), 0, True)
    assert (again / "model.safetensors").read_bytes() == (straight / "model.safetensors").read_bytes()


def test_a_prepared_plan_keeps_the_initial_model_of_each_network(recipe: Recipe, data: Path) -> None:
    import dataclasses

    several = dataclasses.replace(recipe, initial_models=("a", "b"), refit=1.0)
    cases = [image.case for image in prepare(recipe, data).images]
    chosen = {"fold-0": ("b",), "fold-1": ("a",), "all": ("a",)}
    assert {each.name: each.recipe.initial_models for each in plan_networks(several, cases, chosen)} == chosen


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["make", "lines", "--prepared", "x"], "--prepared trains networks alone"),
        (["make", "lines", "--minutes", "3"], "add --prepared FILE"),
        (["prepare", "lines", "--output", "x", "--data", ".", "--quality", "101"], "wanted 1 to 100"),
        (["make", "--prepared", "nowhere"], "nowhere"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == 1
    assert message in capsys.readouterr().err
