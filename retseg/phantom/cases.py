"""Write the committed test cases: phantoms in the input layout of Grand Challenge, with their truth.

`python -m retseg.phantom.cases [DIRECTORY]` writes DIRECTORY/<challenge>/<case>/{input,expected};
the default directory is test/cases.
"""

import argparse
import json
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from retseg.phantom.fundus import Camera, FundusContent, draw_fundus
from retseg.phantom.lesions import LesionCounts
from retseg.phantom.octa import OctaContent, draw_octa
from retseg.phantom.phantom import Phantom

# Key of the socket object in inputs.json: the platform of today writes both, templates one or the other.
FULL, SOCKET_ONLY, INTERFACE_ONLY = ("socket", "interface"), ("socket",), ("interface",)


@dataclass(frozen=True)
class Case:
    """One case of one challenge; `minimum` is the minimum Dice of tasks, where it is not that of `retseg check`."""

    challenge: str
    name: str
    image_name: str  # the uploader's file name, which the platform keeps in inputs.json
    keys: tuple[str, ...]
    seed: int
    draw: Callable[[int], Phantom]
    spacing: float = 1.0
    minimum: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageSocket:
    """A socket that carries an image."""

    title: str
    slug: str
    path: str


COLOUR_FUNDUS = ImageSocket("Color Fundus Image", "color-fundus-image", "images/color-fundus")
OCTA = ImageSocket("OCTA Image", "octa-image", "images/octa")
VESSEL = {"vessel": "images/binary-vessel-segmentation"}
LESIONS = ("microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate")
# Where each challenge's truth lies under expected/: the paths of its output sockets.
TRUTH = {
    "fundus": VESSEL | {task: f"images/binary-{task.replace('_', '-')}-segmentation" for task in LESIONS},
    "drive": VESSEL,
    "chasedb1": VESSEL,
    "idrid": {task: f"images/{task.replace('_', '-')}s-probability" for task in LESIONS},
    "drac22": {
        "irma": "images/intraretinal-microvascular-abnormalities",
        "nonperfusion": "images/nonperfusion-areas",
        "neovascularization": "images/neovascularization",
    },
}

_DRIVE_SIZE = (565, 584)
_draw_disc = partial(draw_fundus, size=(999, 960), content=FundusContent(camera=Camera(44.0, "disc", 0.94)))
_draw_cropped = partial(
    draw_fundus, size=(536, 356), content=FundusContent(LesionCounts(20, 8, 4, 2), Camera(46.0, "macula", 1.12))
)
_draw_drive = partial(draw_fundus, size=_DRIVE_SIZE)
_draw_proliferative = partial(draw_octa, difficulty="easy", content=OctaContent(True, True, True))

# The models were trained on real lesions, so drawn ones score low; an empty or shifted mask scores less than this.
_DRAWN_LESIONS = {"microaneurysm": 0.4, "haemorrhage": 0.35, "hard_exudate": 0.2}

CASES = (
    Case("fundus", "01", "left eye.png", FULL, 2, _draw_drive),
    Case("fundus", "02", "IMG_0457.jpg", SOCKET_ONLY, 5, _draw_disc, 0.0075),
    Case("fundus", "03", "patient_3.tif", INTERFACE_ONLY, 7, _draw_cropped, minimum=_DRAWN_LESIONS),
    Case("drive", "01", "01_test.tif", FULL, 11, _draw_drive),
    Case("drive", "02", "02_test.tif", SOCKET_ONLY, 12, _draw_drive),
    Case("chasedb1", "01", "Image_11L.jpg", INTERFACE_ONLY, 21, _draw_disc),
    Case("idrid", "01", "IDRiD_55.jpg", FULL, 31, _draw_cropped),
    Case("drac22", "01", "086.png", FULL, 41, _draw_proliferative),
)


def image_id(challenge: str, case: str) -> str:
    """The UUID that stands for the platform's primary key of a case's image."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://phantom.invalid/{challenge}/{case}"))


def describe_inputs(case: Case) -> list[dict[str, Any]]:
    """The content of inputs.json of a case."""
    source = _input_socket(case)
    octa = source is OCTA
    socket: dict[str, Any] = {
        "title": source.title,
        "description": "En-face OCT angiogram" if octa else "Retinal fundus photograph in colour",
        "slug": source.slug,
        "kind": "Image",
        "pk": 43 if octa else 42,
        "default_value": None,
        "super_kind": "Image",
        "relative_path": source.path,
        "overlay_segments": [],
        "look_up_table": None,
    }
    image = {"pk": image_id(case.challenge, case.name), "name": case.image_name}
    return [{**dict.fromkeys(case.keys, socket), "value": None, "file": None, "image": image, "pk": 1000 + case.seed}]


def _input_socket(case: Case) -> ImageSocket:
    return OCTA if case.challenge == "drac22" else COLOUR_FUNDUS


def write_case(case: Case, directory: Path) -> None:
    """Write one case to DIRECTORY/<challenge>/<case>; an angiogram has one channel, as an uploaded grey image has."""
    phantom = case.draw(case.seed)
    root = directory / case.challenge / case.name
    stem = image_id(case.challenge, case.name)
    source = _input_socket(case)
    (root / "input").mkdir(parents=True, exist_ok=True)
    (root / "input" / "inputs.json").write_text(json.dumps(describe_inputs(case), indent=2) + "\n")
    pixels = np.ascontiguousarray(phantom.pixels[..., 0]) if source is OCTA else phantom.pixels
    write_mha(root / "input" / source.path / f"{stem}.mha", pixels, case.spacing)
    for task, path in TRUTH[case.challenge].items():
        truth = phantom.masks.get(task, np.zeros_like(phantom.field_of_view)).astype(np.uint8)
        write_mha(root / "expected" / path / f"{stem}.mha", truth, case.spacing)
    if case.minimum:
        (root / "expected" / "minimum.json").write_text(json.dumps(case.minimum, indent=2) + "\n")
    visible = root / "expected" / "field-of-view" / f"{stem}.png"
    visible.parent.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(phantom.field_of_view.astype(np.uint8) * 255), str(visible))


def write_mha(path: Path, pixels: NDArray[np.uint8], spacing: float) -> None:
    """Write (H, W) or (H, W, 3) as a compressed MetaImage of square pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = SimpleITK.GetImageFromArray(pixels, isVector=pixels.ndim == 3)
    image.SetSpacing((spacing, spacing))  # type: ignore[no-untyped-call]
    SimpleITK.WriteImage(image, str(path), useCompression=True, compressionLevel=9)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all cases; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m retseg.phantom.cases", description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=Path("test/cases"))
    options = parser.parse_args(arguments)
    for case in CASES:
        write_case(case, options.directory)
        sys.stdout.write(f"{options.directory / case.challenge / case.name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
