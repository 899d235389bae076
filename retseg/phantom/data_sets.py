"""Write small phantom data sets with the folders and file names of the official downloads.

Each `write_*` takes (directory, cases, size, seed): the folder of the unpacked download, the number of training cases,
(W, H), and the seed of the first phantom; each further phantom has the next seed. `write_drac22` takes a difficulty in
place of a size, since all of DRAC22 is 1024 x 1024.

`python -m retseg.phantom.data_sets NAME DIRECTORY` writes one.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.phantom.formats import (
    write_bilevel_png,
    write_bilevel_tif,
    write_gif,
    write_grey_png,
    write_photograph,
    write_png,
)
from retseg.phantom.fundus import Camera, FundusContent, draw_fundus
from retseg.phantom.lesions import LesionCounts
from retseg.phantom.octa import LEVELS, PREVALENCE, Difficulty, OctaContent, draw_octa
from retseg.phantom.phantom import Phantom

_DISC_CAMERA = FundusContent(camera=Camera(44.0, "disc", 0.94))
_IDRID_CAMERA = Camera(46.0, "macula", 1.12)


def write_drive(directory: Path, cases: int, size: tuple[int, int], seed: int) -> None:
    """DRIVE: `cases` training images from 21 on, as many test images from 01 on; labels for the training ones only."""
    _check(cases, 20, "DRIVE")
    training, test = directory / "training", directory / "test"
    _make(training / "images", training / "1st_manual", training / "mask", test / "images", test / "mask")
    for index in range(cases):
        phantom = draw_fundus(seed + index, size)
        number = 21 + index
        write_photograph(training / "images" / f"{number}_training.tif", phantom.pixels)
        write_gif(training / "1st_manual" / f"{number}_manual1.gif", _grey(phantom.masks["vessel"]))
        write_gif(training / "mask" / f"{number}_training_mask.gif", _grey(phantom.field_of_view))
        unlabelled = draw_fundus(seed + cases + index, size)
        write_photograph(test / "images" / f"{index + 1:02d}_test.tif", unlabelled.pixels)
        write_gif(test / "mask" / f"{index + 1:02d}_test_mask.gif", _grey(unlabelled.field_of_view))


def write_chasedb1(directory: Path, cases: int, size: tuple[int, int], seed: int) -> None:
    """CHASE_DB1: Image_01L, Image_01R, Image_02L ...; the second observer's vessels are thinner."""
    _check(cases, 28, "CHASE_DB1")
    _make(directory / "mask")
    for index in range(cases):
        phantom = draw_fundus(seed + index, size, _DISC_CAMERA)
        stem = f"Image_{index // 2 + 1:02d}{'LR'[index % 2]}"
        write_photograph(directory / f"{stem}.jpg", phantom.pixels)
        write_bilevel_png(directory / f"{stem}_1stHO.png", phantom.masks["vessel"])
        write_bilevel_png(directory / f"{stem}_2ndHO.png", _second_opinion(phantom))
        write_gif(directory / "mask" / f"{stem}.gif", _grey(phantom.field_of_view))


def write_hrf(directory: Path, cases: int, size: tuple[int, int], seed: int) -> None:
    """HRF: 01_h, 01_dr, 01_g, 02_h ... with manual1; the diabetic ones carry lesions and the suffix .JPG."""
    _check(cases, 45, "HRF")
    _make(directory / "images", directory / "manual1")
    for index in range(cases):
        group = ("h", "dr", "g")[index % 3]
        lesions = LesionCounts(15, 6, 3, 1) if group == "dr" else LesionCounts()
        phantom = draw_fundus(seed + index, size, FundusContent(lesions, Camera(50.0)))
        stem = f"{index // 3 + 1:02d}_{group}"
        write_photograph(directory / "images" / (f"{stem}.JPG" if group == "dr" else f"{stem}.jpg"), phantom.pixels)
        write_bilevel_tif(directory / "manual1" / f"{stem}.tif", phantom.masks["vessel"])


_IDRID_FOLDERS = {
    "microaneurysm": ("1. Microaneurysms", "MA"),
    "haemorrhage": ("2. Haemorrhages", "HE"),
    "hard_exudate": ("3. Hard Exudates", "EX"),
    "soft_exudate": ("4. Soft Exudates", "SE"),
}


def write_idrid(directory: Path, cases: int, size: tuple[int, int], seed: int) -> None:
    """IDRiD A. Segmentation: `cases` training images from 01 on, half as many test images (at least one) from 55 on.

    Every second image has soft exudates; the others lack that mask, as in the download. Images are .jpg.
    """
    _check(cases, 54, "IDRiD")
    root = directory / "A. Segmentation"
    drawn = seed
    for part, numbers in (
        ("a. Training Set", range(1, cases + 1)),
        ("b. Testing Set", range(55, 55 + max(1, cases // 2))),
    ):
        images = root / "1. Original Images" / part
        truth = root / "2. All Segmentation Groundtruths" / part
        _make(images, *(truth / folder for folder, _ in _IDRID_FOLDERS.values()))
        for number in numbers:
            counts = LesionCounts(18, 7, 4, 2 if number % 2 else 0)
            phantom = draw_fundus(drawn, size, FundusContent(counts, _IDRID_CAMERA))
            drawn += 1
            write_photograph(images / f"IDRiD_{number:02d}.jpg", phantom.pixels)
            for task, (folder, code) in _IDRID_FOLDERS.items():
                if task in phantom.masks:
                    write_bilevel_tif(truth / folder / f"IDRiD_{number:02d}_{code}.tif", phantom.masks[task])


def write_folders(directory: Path, cases: int, size: tuple[int, int], seed: int) -> None:
    """A plain images/ folder with a masks/ folder beside it: case_1.png in both."""
    _check(cases, 10_000, "a plain folder")
    _make(directory / "images", directory / "masks")
    for index in range(cases):
        phantom = draw_fundus(seed + index, size)
        write_photograph(directory / "images" / f"case_{index + 1}.png", phantom.pixels)
        write_png(directory / "masks" / f"case_{index + 1}.png", phantom.masks["vessel"])


_DRAC22_FOLDERS = {
    "irma": "1. Intraretinal Microvascular Abnormalities",
    "nonperfusion": "2. Nonperfusion Areas",
    "neovascularization": "3. Neovascularization",
}


def write_drac22(directory: Path, cases: int, seed: int, difficulty: Difficulty = "middle") -> None:
    """DRAC22 A. Segmentation: `cases` training images and 65 test images for every 109 of them (at least one).

    Each lesion is in its published share of the training images (86, 106 and 35 of 109), rounded, one at least; mask
    files exist only for images that have the lesion. Test images come without masks. All are 1024 x 1024.
    """
    _check(cases, 109, "DRAC22")
    rng = np.random.default_rng([seed, 0xD2AC])
    root = directory / "A. Segmentation"
    images, truth = root / "1. Original Images", root / "2. Groundtruths" / "a. Training Set"
    _make(images / "a. Training Set", images / "b. Testing Set", *(truth / name for name in _DRAC22_FOLDERS.values()))
    tests = max(1, round(cases * 65 / 109))
    numbers = np.sort(rng.choice(np.arange(1, 1300), cases + tests, replace=False)).tolist()
    is_test = np.isin(np.arange(cases + tests), rng.choice(cases + tests, tests, replace=False))
    shares = {task: max(1, round(cases * count / 109)) for task, count in PREVALENCE.items()}
    present = {task: iter((rng.permutation(cases) < share).tolist()) for task, share in shares.items()}
    for index, (number, test) in enumerate(zip(numbers, is_test.tolist(), strict=True)):
        content = None if test else OctaContent(**{task: next(flags) for task, flags in present.items()})
        phantom = draw_octa(seed + index, difficulty, content)
        folder = images / ("b. Testing Set" if test else "a. Training Set")
        write_grey_png(folder / f"{number:03d}.png", phantom.pixels[..., 0])
        for task, name in _DRAC22_FOLDERS.items():
            if not test and phantom.masks[task].any():
                write_png(truth / name / f"{number:03d}.png", phantom.masks[task])


WRITERS: dict[str, Callable[[Path, int, tuple[int, int], int], None]] = {
    "drive": write_drive,
    "chasedb1": write_chasedb1,
    "hrf": write_hrf,
    "idrid": write_idrid,
    "folders": write_folders,
}


def _second_opinion(phantom: Phantom) -> NDArray[np.bool_]:
    """The vessels without their outermost pixels on two sides, as a stricter observer might draw them."""
    mask = phantom.masks["vessel"]
    return mask & (np.roll(mask, 1, axis=0) | np.roll(mask, 1, axis=1))


def _grey(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return mask.astype(np.uint8) * 255


def _make(*directories: Path) -> None:
    for directory in directories:
        directory.mkdir(parents=True, exist_ok=True)


def _check(cases: int, most: int, name: str) -> None:
    if not 1 <= cases <= most:
        raise ValueError(f"{cases} cases of {name}: ask for 1 to {most}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a data set; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m retseg.phantom.data_sets", description="Draw a phantom data set.")
    parser.add_argument("name", choices=(*WRITERS, "drac22"))
    parser.add_argument("directory", type=Path)
    parser.add_argument("--cases", type=int, default=20, help="training images (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first phantom (default: %(default)s)")
    parser.add_argument(
        "--difficulty", choices=tuple(LEVELS), default="middle", help="of drac22 (default: %(default)s)"
    )
    parser.add_argument("--size", type=int, nargs=2, default=(565, 584), metavar=("W", "H"), help="of all but drac22")
    options = parser.parse_args(arguments)
    try:
        if options.name == "drac22":
            write_drac22(options.directory, options.cases, options.seed, options.difficulty)
        else:
            WRITERS[options.name](options.directory, options.cases, tuple(options.size), options.seed)
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"{options.directory}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
