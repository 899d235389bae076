"""Draw the pictures of the page from the folder of the runs: curves of trainings, and one image as networks see it."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.engine import choose_engine, open_engine
from retseg.files import replacing
from retseg.models import load_card
from retseg.predictor import predict_probabilities
from train import REPOSITORY
from train.config.loader import load_recipe
from train.config.recipe import Recipe
from train.data.cases import gather_cases, gather_test_cases
from train.data.images import TrainingImage, load_training_image
from train.fit.logs import draw_curves
from train.model.out_of_fold import locate_prediction, to_probability
from train.reproduce.result import ResultError, name_result, select_width
from train.reproduce.systems import Picture

WIDTH, LINE = 360, 26
"""Of a panel, and of the line of text above it, in pixels."""


def draw_picture(picture: Picture, width: str, data: Path, runs: Path, output: Path) -> None:
    """Write a picture of the page.

    Args:
        picture: what it shows.
        width: the variants of the runs, joined by `+`.
        data: the folder of the data sets.
        runs: the folder of the runs, of seed 0.
        output: the folder of the pictures.

    Raises:
        ResultError: a run is not in the folder.
        DataSetError: the images are not there.
    """
    recipes = {name: load_recipe(name, [*select_width(width), "seed=0"]) for name in picture.experiment}
    folders = {name: runs / name_result(recipe) for name, recipe in recipes.items()}
    for folder in folders.values():
        if not folder.is_dir():
            raise ResultError(f"{folder} is not there: run the experiment first, by `reproduce --run`")
    if not picture.image:
        logs = {name: folder / recipes[name].network_names[0] / "log.csv" for name, folder in folders.items()}
        draw_curves(logs, output / picture.file)
        return
    first = next(iter(recipes.values()))
    image = find_image(first, picture.image, data)
    task = first.tasks.index(picture.task or first.tasks[0])
    panels = {"photograph": image.original, "truth": paint(image.truth[task])}
    for name, folder in folders.items():
        panels[name] = paint(read_run(folder, image)[recipes[name].tasks.index(first.tasks[task])])
    for model in picture.model:
        panels[model] = paint(predict_by(model, image, first.tasks[task]))
    _, content = cv2.imencode(".jpg", arrange(panels)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    with replacing(output / picture.file) as beside:
        beside.write_bytes(content.tobytes())


def find_image(recipe: Recipe, name: str, data: Path) -> TrainingImage:
    """An image of a recipe's test or of its folds.

    Args:
        recipe: of the run.
        name: `data set/image`.
        data: the folder of the data sets.

    Raises:
        ResultError: the recipe has no such image.
    """
    cases = gather_test_cases(recipe, data)[0] if recipe.test else gather_cases(recipe, data)
    for case in cases:
        if f"{case.data_set}/{case.name}" == name:
            return load_training_image(case, recipe)
    raise ResultError(f"the recipe '{recipe.name}' holds out no image {name}")


def read_run(folder: Path, image: TrainingImage) -> NDArray[np.float32]:
    """What the network of a run, which was not trained on the image, found in it: float32 (tasks, H, W)."""
    found = [folder / part for part in ("test", "out-of-fold") if locate_prediction(folder / part, image).is_file()]
    if not found:
        raise ResultError(f"{folder} has no prediction of {image.case.data_set}/{image.case.name}")
    return to_probability(np.load(locate_prediction(found[0], image)))


def predict_by(model: str, image: TrainingImage, task: str) -> NDArray[np.float32]:
    """The probability of a task by a shipped model: float32 (H, W).

    Raises:
        ResultError: the model was trained on the image.
    """
    card = load_card(REPOSITORY / "model_weights" / model)
    if f"{image.case.data_set}/{image.case.image.name}" in card.training.images:
        raise ResultError(f"'{model}' was trained on {image.case.name}: show another image")
    engine = open_engine(choose_engine("auto"), card)
    found = predict_probabilities(
        image.original, image.field_of_view, card.framing, card.preprocessing, card.inference, engine
    )
    return np.asarray(found[list(card.tasks).index(task)])


def paint(plane: NDArray[np.generic]) -> NDArray[np.uint8]:
    """A mask or a probability, (H, W), in grey: uint8 (H, W, 3)."""
    grey = np.round(np.asarray(plane, np.float32) * 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def arrange(panels: Mapping[str, NDArray[np.uint8]], columns: int = 3) -> NDArray[np.uint8]:
    """Panels of one height in rows, each below its name: uint8 (H, W, 3) on white."""
    tiles = [label_panel(name, panel) for name, panel in panels.items()]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[start : start + columns], axis=1) for start in range(0, len(tiles), columns)]
    return np.concatenate(rows)


def label_panel(name: str, panel: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A panel of `WIDTH` pixels below a line with its name."""
    height = round(panel.shape[0] * WIDTH / panel.shape[1])
    small = cv2.resize(panel, (WIDTH, height), interpolation=cv2.INTER_AREA)
    line = np.full((LINE, WIDTH, 3), 255, np.uint8)
    cv2.putText(line, name, (4, LINE - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.concatenate([line, small])
