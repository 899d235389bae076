"""Every recipe trains: two steps of each stage at its `cpu` width, on small phantoms in its data set's own layout."""

import dataclasses
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from lightning.fabric import Fabric
from safetensors.torch import load_file

from retseg.networks import build_network
from retseg.phantom.data_sets import write_chasedb1, write_drive, write_idrid
from train.config.loader import list_recipes, load_recipe
from train.config.protocols import find_protocols
from train.config.recipe import Recipe
from train.data.cases import gather_cases, gather_test_cases
from train.data.images import load_training_images
from train.data.tiles import cut_images
from train.fit.initial import find_initial_model, load_initial_weights
from train.fit.loop import Trainer
from train.fit.optimisation import group_parameters
from train.fit.run import Run
from train.reproduce.published import Measure, load_published

EXPERIMENTS = [name for name in list_recipes() if load_recipe(name).family]
TINY = {
    "danet": "network.arguments={ width = 2, blocks = [1, 1, 1, 1] }",
    "deeplabv3plus": 'network.arguments={ encoder = "mobilenet_v2", decoder_channels = 8 }',
    "fcrn": "network.arguments={ width = 4, blocks = [1, 1, 1, 1] }",
    "lwenet": "network.arguments={ narrow = 16 }",
    "sam_adapter": 'network.arguments={ variant = "tiny" }',
}


def write_drac22_crops(directory: Path) -> None:
    """Six grey crops of 64 px in the official folders of DRAC22; the last has no lesion and so no mask."""
    root = directory / "A. Segmentation"
    images = root / "1. Original Images" / "a. Training Set"
    truth = root / "2. Groundtruths" / "a. Training Set"
    folders = ("1. Intraretinal Microvascular Abnormalities", "2. Nonperfusion Areas", "3. Neovascularization")
    for folder in (images, *(truth / folder for folder in folders)):
        folder.mkdir(parents=True)
    for number in range(6):
        random = np.random.default_rng(number)
        cv2.imwrite(str(images / f"{number:03d}.png"), random.integers(0, 255, (64, 64), dtype=np.uint8))
        for folder in folders[: 3 if number < 5 else 0]:
            mask = np.zeros((64, 64), np.uint8)
            cv2.circle(mask, random.integers(16, 48, 2).tolist(), 9, 255, -1)
            cv2.imwrite(str(truth / folder / f"{number:03d}.png"), mask)


@pytest.fixture(scope="module")
def data_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every data set that a recipe asks for, a few small cases each."""
    folder = tmp_path_factory.mktemp("data")
    write_drive(folder / "DRIVE", 2, (96, 96), 1)
    write_chasedb1(folder / "CHASEDB1", 2, (96, 96), 5)
    for path in [*(folder / "CHASEDB1").rglob("Image_01*")]:
        shutil.copy(path, path.with_name(path.name.replace("Image_01", "Image_11")))
    write_idrid(folder / "IDRiD_quarter", 2, (192, 192), 9)
    write_drac22_crops(folder / "DRAC22")
    return folder


def shrink(name: str) -> Recipe:
    """A recipe at its `cpu` width, with a thinner network still, patches of 32 px and two steps a stage."""
    recipe = load_recipe(name, ["width=cpu"])
    kind, arguments = recipe.network.architecture, recipe.network.arguments
    changes = [
        "sampling.patch=32",
        "sampling.batch=2",
        "round=2",
        "precision=32-true",
        "preprocessing.diameter=0",
        "initial_models=[]",
        "restarts={ starts = 1 }",
        "encoder=none",
    ]
    changes += [f"stage.{number}.steps=2" for number in range(len(recipe.stage))]
    if recipe.sampling.positive_share:
        changes.append("sampling.positive_share=1.0")
    if recipe.framing.size:
        changes.append("framing.size=[32, 32]")
    if recipe.tiles.side:
        changes.append("tiles.side=32")
    if kind in TINY:
        tasks = f", tasks = {arguments['tasks']} }}" if "tasks" in arguments else " }"
        changes.append(TINY[kind].replace(" }", tasks))
    else:
        levels = len(arguments["widths"])
        changes.append(f"network.arguments.widths={[4] * levels}")
    return load_recipe(name, ["width=cpu", *changes])


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_two_steps_of_every_stage_move_the_weights_and_keep_them_finite(
    name: str, data_sets: Path, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    recipe = shrink(name)
    images = cut_images(load_training_images(gather_cases(recipe, data_sets), recipe), recipe.tiles)
    trainer = Trainer(recipe, Run(tmp_path, 1, 0), Fabric(accelerator="cpu", precision=recipe.precision))
    before = {key: value.clone() for key, value in trainer.network.named_parameters() if value.requires_grad}
    after = trainer.train(images, ())
    assert trainer.step == 2 * len(recipe.stage)
    assert all(torch.isfinite(value).all() for value in after.values() if value.is_floating_point())
    assert sum(not torch.equal(before[key], after[key]) for key in before) > len(before) // 2


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name.startswith("redseg")])
def test_rates_of_single_weights_are_for_weights_that_the_published_network_has(name: str) -> None:
    recipe = load_recipe(name)
    with torch.device("meta"):
        network = build_network(recipe.network.architecture, recipe.network.arguments)
    for stage in recipe.stage:
        groups = group_parameters(list(network.named_parameters()), stage)
        assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))
        assert len(groups) > len(stage.groups)


def test_both_readings_of_red_segs_rate_take_the_same_steps(data_sets: Path, tmp_path: Path) -> None:
    """Caffe's inputs at the published rate, and normalised ones with the factors of the variant `normalised`."""
    torch.set_num_threads(1)
    small = ["network.arguments.widths=[8, 8, 8, 8, 8]", "encoder=none", "sampling.patch=64", "stage.0.steps=3"]
    weights = []
    for width in ([], ["width=normalised"]):
        recipe = load_recipe("redseg-stage1", [*width, *small])
        images = load_training_images(gather_cases(recipe, data_sets), recipe)
        trainer = Trainer(recipe, Run(tmp_path / recipe.variant, 1, 0), Fabric(accelerator="cpu"))
        weights.append(trainer.train(images, ()))
    scores = [key for key in weights[0] if key.startswith("scores.") and key.endswith("weight")]
    caffe, normalised = (torch.cat([each[key].flatten() for key in scores]) for each in weights)
    assert caffe.any()
    assert (normalised - 57.5 * caffe).norm() < 0.1 * normalised.norm()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_is_scored_by_protocols_that_exist_on_images_it_never_saw(name: str, data_sets: Path) -> None:
    recipe = load_recipe(name)
    assert find_protocols(recipe.protocols)
    if recipe.folds == 1:
        test, _ = gather_test_cases(recipe, data_sets)
        assert test and not {case.image for case in test} & {case.image for case in gather_cases(recipe, data_sets)}
    assert recipe.networks == 1 or recipe.folds > 1


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name.startswith("amdyes")])
def test_an_experiment_without_its_data_runs_on_phantoms_and_says_so(name: str) -> None:
    drawn = load_recipe(name, ["width=cpu", "width=phantom"])
    assert drawn.variant == "cpu+phantom" and drawn.phantom and drawn.data.startswith("phantom: ")
    assert {source.folder for source in drawn.source} == {"DRAC22_phantom"}
    plain = load_recipe(name, ["width=cpu"])
    assert not plain.phantom and (plain.network, plain.stage) == (drawn.network, drawn.stage)


def test_leaking_tiles_and_their_control_differ_in_the_deal_alone() -> None:
    for word in ("fcn", "relu-sgd", "relu-adam", "leaky-sgd", "leaky-adam"):
        leak, dealt = (load_recipe(f"wang-{kind}-{word}", ["width=cpu"]) for kind in ("leak", "dealt"))
        assert leak.tiles.parted and not dealt.tiles.parted
        same = dataclasses.replace(dealt, name=leak.name, title=leak.title, data=leak.data, tiles=leak.tiles)
        assert same == leak and dataclasses.replace(dealt.tiles, parted=True) == leak.tiles


def test_every_experiment_has_a_width_for_two_cores_that_is_smaller_than_the_paper() -> None:
    for name in EXPERIMENTS:
        paper, small = load_recipe(name), load_recipe(name, ["width=cpu"])
        assert small.variant == "cpu" and paper.variant == "paper"
        work = [r.steps * r.networks * r.sampling.batch * r.sampling.patch**2 for r in (paper, small)]
        assert work[1] < work[0], name


STARTED = [
    pytest.param(name, changes, id="-".join([name, *changes]))
    for name in list_recipes()
    for changes in ([], ["width=cpu"])
    if (not changes or "cpu" in load_recipe(name).variants) and load_recipe(name, changes).initial_models
]


@pytest.mark.parametrize(("name", "changes"), STARTED)
def test_a_recipe_starts_with_all_weights_of_a_shipped_model_but_those_of_its_tasks(
    name: str, changes: list[str]
) -> None:
    recipe = load_recipe(name, changes)
    card = find_initial_model(recipe)
    assert card is not None
    network = build_network(recipe.network.architecture, recipe.network.arguments)
    load_initial_weights(network, card)
    theirs, own = load_file(card.directory / "model.safetensors"), network.state_dict()
    body = [key for key in own if not key.startswith(tuple(f"{name}." for name in network.task_modules))]
    assert any(key.startswith("encoder.") for key in body)
    assert all(key.endswith("num_batches_tracked") or torch.equal(own[key], theirs[key].float()) for key in body)


def test_published_numbers_name_recipes_and_protocols_that_exist_and_every_experiment_has_a_row() -> None:
    published = load_published()
    rows = [(table, row) for table in published.table for row in table.row if row.recipe]
    measures = [Measure(row.recipe, row.score or table.score, row.metric, row.task, row.images) for table, row in rows]
    pairs = [pair for contrast in published.contrast for pair in contrast.pair]
    assert len(published.contrast) == 9 and all(pair.first != pair.second for pair in pairs)
    for measure in (*measures, *(side for pair in pairs for side in (pair.first, pair.second))):
        recipe = load_recipe(measure.recipe)
        assert measure.score in recipe.protocols and measure.task in recipe.tasks, measure
        assert measure.metric in find_protocols((measure.score,))[0].metrics, measure
        assert recipe.score_training or measure.images == "held out", measure
    assert {row.recipe for _, row in rows} == set(EXPERIMENTS)
