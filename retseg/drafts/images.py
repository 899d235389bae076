"""Draw images with exact truth for the tasks of a challenge, in the folders that a training reads."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.challenge import Challenge
from retseg.image import Geometry, label_tasks, write_mask, write_picture
from retseg.phantom.phantom import Phantom
from retseg.phantom.structures import draw_structures


def draw_image(challenge: Challenge, seed: int, size: tuple[int, int]) -> Phantom:
    """An image with structures of all tasks; in a label map whose values are shared, one task may lie in another."""
    phantom = draw_structures(seed, challenge.tasks, size, challenge.view_rule)
    masks: dict[str, NDArray[np.bool_]] = dict(phantom.masks)
    for socket in challenge.socket:
        if socket.labels:
            labelled = label_tasks(phantom.masks, socket.labels, socket.background)
            masks |= {task: np.isin(labelled, values) for task, values in socket.labels.items()}
    return Phantom(phantom.pixels, masks, phantom.field_of_view)


def write_images(challenge: Challenge, folder: Path, count: int, size: tuple[int, int], seed: int) -> tuple[Path, ...]:
    """Write `images/NN.png` and `masks/<task>/NN.png`, and `fov/NN.png` where the field of view is not the frame.

    Args:
        challenge: gives the tasks, and how the field of view is found.
        folder: takes them.
        count: of the images.
        size: (width, height).
        seed: of the first image; each further one has the next.

    Returns:
        The images.
    """
    geometry, images = Geometry(size), []
    for number in range(1, count + 1):
        name = f"{number:02d}.png"
        phantom = draw_image(challenge, seed + number - 1, size)
        write_picture(folder / "images" / name, phantom.pixels)
        for task, mask in phantom.masks.items():
            write_mask(folder / "masks" / task / name, mask, geometry)
        if challenge.view_rule != "frame":
            write_mask(folder / "fov" / name, phantom.field_of_view, geometry)
        images.append(folder / "images" / name)
    return tuple(images)
