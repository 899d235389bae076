"""A data set small enough to train on in seconds: dark lines on bright discs."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from train.config.loader import load_recipe
from train.config.recipe import Recipe

RECIPE = """
title = "lines on discs"
modality = "cfp"
tasks = ["vessel"]
data = "phantom: lines on discs"
terms = "none"
phantom = true
folds = 2
seed = 3
round = 4

[[source]]
folder = "lines"
challenge = "fundus"

[network]
architecture = "unet"
arguments = { widths = [4, 8] }

[sampling]
patch = 32
batch = 2

[[augmentation]]
name = "HorizontalFlip"

[[stage]]
steps = 8
learning_rate = 1e-2
ema_decay = 0.9
loss = { name = "bce_dice" }

[variants.cpu]
"sampling.patch" = 64
"stage.0.learning_rate" = 0.5
"""


def write_lines(directory: Path, count: int) -> None:
    """Write `count` images of 72x80 with their masks and fields of view, in the plain folder layout."""
    for folder in ("images", "masks", "fov"):
        (directory / folder).mkdir(parents=True)
    for number in range(count):
        random = np.random.default_rng(number)
        view = np.zeros((72, 80), np.uint8)
        cv2.circle(view, (40, 36), 34, 255, -1)
        lines = np.zeros((72, 80), np.uint8)
        for _ in range(3):
            ends = random.integers(0, 72, 4).tolist()
            cv2.line(lines, (ends[0], ends[1]), (ends[2], ends[3]), 255, 2)
        lines &= view
        pixels = np.where(view > 0, 150, 0) - np.where(lines > 0, 80, 0)
        pixels = np.clip(pixels[:, :, None] + random.normal(0, 5, (72, 80, 3)), 0, 255).astype(np.uint8)
        for folder, picture in (("images", pixels), ("masks", lines), ("fov", view)):
            cv2.imwrite(str(directory / folder / f"eye{number}.png"), picture)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of data sets that holds `lines`: four images."""
    write_lines(tmp_path / "lines", 4)
    return tmp_path


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    """A folder of recipes that holds `lines`."""
    directory = tmp_path / "recipes"
    directory.mkdir()
    (directory / "lines.toml").write_text(RECIPE)
    return directory


@pytest.fixture
def recipe(recipes: Path) -> Recipe:
    """The recipe `lines`."""
    return load_recipe("lines", (), recipes)
