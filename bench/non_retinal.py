"""Two hundred and more named pictures that show no retina: photographs of installed packages, and drawn ones.

`python bench/non_retinal.py --output DIR` writes them. The photographs are the files of scikit-image, scikit-learn
and Matplotlib that are installed with them, each in five forms: whole, two parts, mirrored in grey, and inside a
round black mask, which makes them harder. So they are few motifs in many forms. The rest is drawn: scenes, eyes from
outside, writing, noise, textures, balls, plots and even colours.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.phantom.canvas import noise
from retseg.phantom.unfit import draw_unfit

Pixels = NDArray[np.uint8]
PACKAGES = {
    "skimage": (
        *(
            "astronaut",
            "brick",
            "camera",
            "cell",
            "chelsea",
            "chessboard_GRAY",
            "chessboard_RGB",
            "clock_motion",
            "coffee",
        ),
        *("coins", "color", "grass", "gravel", "horse", "ihc", "logo", "moon", "motorcycle_left", "motorcycle_right"),
        *("page", "phantom", "text", "hubble_deep_field", "rocket"),
    ),
    "sklearn": ("china", "flower"),
    "matplotlib": ("grace_hopper", "logo2"),
}
FOLDERS = {"skimage": "data", "sklearn": "datasets/images", "matplotlib": "mpl-data"}
SIDE = 480


def list_pictures() -> Iterator[tuple[str, Pixels]]:
    """Name and pixels, uint8 (H, W, 3), of every picture."""
    for package, names in PACKAGES.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        folder = Path(spec.origin).parent / FOLDERS[package]
        for name in names:
            path = next(path for path in sorted(folder.rglob(f"{name}.*")) if path.suffix in {".png", ".jpg"})
            pixels = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            yield from ((f"{package}-{name}-{form}", each) for form, each in vary(np.asarray(pixels, np.uint8)).items())
    yield from draw_pictures()


def vary(pixels: Pixels) -> dict[str, Pixels]:
    """The five forms of a photograph."""
    height, width = pixels.shape[:2]
    grey = np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    return {
        "whole": pixels,
        "left": pixels[: 2 * height // 3, : 2 * width // 3].copy(),
        "right": pixels[height // 3 :, width // 3 :].copy(),
        "grey": np.ascontiguousarray(grey[:, ::-1]),
        "round": mask_round(pixels),
    }


def mask_round(pixels: Pixels) -> Pixels:
    """The middle of a picture in a black frame, as a field of view."""
    side = min(pixels.shape[:2])
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    square = cv2.resize(pixels[top : top + side, left : left + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    return np.where((np.hypot(x, y) <= 0.46 * SIDE)[..., None], square, 3).astype(np.uint8)


def draw_pictures() -> Iterator[tuple[str, Pixels]]:
    """The drawn ones."""
    for seed in range(12):
        yield f"scenery-{seed}", draw_unfit(seed, "scenery")
        yield f"external-eye-{seed}", draw_unfit(seed, "external eye")
        rng = np.random.default_rng([seed, 0x60])
        colour = rng.uniform(40, 230, 3)
        pictures = {
            "writing": draw_unfit(seed, "writing"),
            "grain": rng.integers(0, 256, (SIDE, SIDE, 3)),
            "clouds": colour * np.exp(0.4 * noise((SIDE, SIDE), rng.uniform(4, 60), rng))[..., None],
            "ball": draw_ball(rng),
            "plot": draw_plot(rng),
            "round-clouds": mask_round(
                np.clip(
                    np.array([190, 100, 50]) * np.exp(0.2 * noise((SIDE, SIDE), 20.0, rng))[..., None], 0, 255
                ).astype(np.uint8)
            ),
            "stripes": draw_stripes(rng),
            "even": np.broadcast_to(colour, (SIDE, SIDE, 3)),
        }
        for name, picture in pictures.items():
            yield f"{name}-{seed}", np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def draw_ball(rng: np.random.Generator) -> NDArray[np.float64]:
    """A shaded ball on black: the outline of a retina, orange as one in half of the cases, and nothing on it."""
    y, x = (np.mgrid[:SIDE, :SIDE] - SIDE / 2) / (0.42 * SIDE)
    height = np.sqrt(np.clip(1 - x**2 - y**2, 0, None))
    colour = np.array([200.0, 100.0, 45.0]) if rng.random() < 0.5 else rng.uniform(30, 230, 3)
    shade = np.clip(0.35 + 0.65 * (0.3 * x - 0.4 * y + 0.85 * height), 0, 1) * (height > 0)
    return np.asarray(shade[..., None] * colour + rng.normal(0, 2, (SIDE, SIDE, 1)))


def draw_plot(rng: np.random.Generator) -> NDArray[np.float64]:
    """Curves over axes on white."""
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    cv2.line(picture, (50, 20), (50, 430), (0, 0, 0), 2)
    cv2.line(picture, (50, 430), (460, 430), (0, 0, 0), 2)
    for _ in range(4):
        steps = 220 + np.cumsum(rng.normal(0, 8, 80))
        points = np.column_stack([np.linspace(50, 460, 80), np.clip(steps, 20, 430)]).astype(np.int32)
        cv2.polylines(picture, [points], False, tuple(int(c) for c in rng.integers(0, 220, 3)), 2, cv2.LINE_AA)
    cv2.putText(picture, "mean of all", (200, 465), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 1, cv2.LINE_AA)
    return picture.astype(np.float64)


def draw_stripes(rng: np.random.Generator) -> NDArray[np.float64]:
    """Waves in one direction, of two colours."""
    y, x = np.mgrid[:SIDE, :SIDE]
    angle, length = rng.uniform(0, np.pi), rng.uniform(8, 60)
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / length)
    first, second = rng.uniform(0, 255, (2, 3))
    return np.asarray(wave[..., None] * first + (1 - wave[..., None]) * second)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, pixels in list_pictures():
        cv2.imwrite(str(options.output / f"{name}.png"), pixels[..., ::-1])
        count += 1
    print(f"{count} pictures in {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
