"""The committed test cases: phantoms as Grand Challenge hands them to an algorithm, and the truth beside them.

`python -m retseg.phantom.cases [DIRECTORY]` writes DIRECTORY/<challenge>/<case>/{input,expected};
the default directory is test/cases.
"""

import argparse
import json
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from retseg.phantom.fundus import FundusContent, View, draw_fundus
from retseg.phantom.lesions import LesionCounts
from retseg.phantom.phantom import Phantom

# Key of the socket object in inputs.json: the platform of today writes both, templates one or the other.
FULL, SOCKET_ONLY, INTERFACE_ONLY = ("socket", "interface"), ("socket",), ("interface",)


@dataclass(frozen=True)
class Case:
    """One case of one challenge."""

    challenge: str
    name: str
    image_name: str  # the uploader's file name, which the platform keeps in inputs.json
    keys: tuple[str, ...]
    seed: int
    size: tuple[int, int]
    content: FundusContent = field(default_factory=FundusContent)
    spacing: float = 1.0


@dataclass(frozen=True)
class ImageSocket:
    """A socket that carries an image."""

    title: str
    slug: str
    path: str


COLOUR_FUNDUS = ImageSocket("Color Fundus Image", "color-fundus-image", "images/color-fundus")
VESSEL = ImageSocket("Binary Vessel Segmentation", "binary-vessel-segmentation", "images/binary-vessel-segmentation")

_DISC_VIEW = FundusContent(view=View(36.0, "disc", 0.94))
_CROPPED = FundusContent(LesionCounts(20, 8, 4, 2), View(46.0, "macula", 1.12))

CASES = (
    Case("fundus", "01", "left eye.png", FULL, 2, (565, 584)),
    Case("fundus", "02", "IMG_0457.jpg", SOCKET_ONLY, 5, (999, 960), _DISC_VIEW, 0.0075),
    Case("fundus", "03", "patient_3.tif", INTERFACE_ONLY, 7, (536, 356), _CROPPED),
    Case("drive", "01", "01_test.tif", FULL, 11, (565, 584)),
    Case("drive", "02", "02_test.tif", SOCKET_ONLY, 12, (565, 584)),
    Case("chasedb1", "01", "Image_11L.jpg", INTERFACE_ONLY, 21, (999, 960), _DISC_VIEW),
)


def image_id(challenge: str, case: str) -> str:
    """The UUID that stands for the platform's primary key of a case's image."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://phantom.invalid/{challenge}/{case}"))


def draw_case(case: Case) -> Phantom:
    """The phantom of a case."""
    return draw_fundus(case.seed, case.size, case.content)


def describe_inputs(case: Case) -> list[dict[str, Any]]:
    """What inputs.json says of a case."""
    socket = {
        "title": COLOUR_FUNDUS.title,
        "description": "Retinal fundus photograph in colour",
        "slug": COLOUR_FUNDUS.slug,
        "kind": "Image",
        "pk": 42,
        "default_value": None,
        "super_kind": "Image",
        "relative_path": COLOUR_FUNDUS.path,
        "overlay_segments": [],
        "look_up_table": None,
    }
    image = {"pk": image_id(case.challenge, case.name), "name": case.image_name}
    return [{**dict.fromkeys(case.keys, socket), "value": None, "file": None, "image": image, "pk": 1000 + case.seed}]


def write_case(case: Case, directory: Path) -> None:
    """Write one case to DIRECTORY/<challenge>/<case>."""
    phantom = draw_case(case)
    root = directory / case.challenge / case.name
    stem = image_id(case.challenge, case.name)
    (root / "input").mkdir(parents=True, exist_ok=True)
    (root / "input" / "inputs.json").write_text(json.dumps(describe_inputs(case), indent=2) + "\n")
    write_mha(root / "input" / COLOUR_FUNDUS.path / f"{stem}.mha", phantom.pixels, case.spacing)
    write_mha(root / "expected" / VESSEL.path / f"{stem}.mha", phantom.masks["vessel"].astype(np.uint8), case.spacing)
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
