"""Read images as the platform does on upload, with panimg, and print what it then knows; runs on the platform's Python.

    import_outputs.py FOLDER     prints {relative path: {"size": [...], "segments": [...] or null}, "errors": {...}}

The platform lets only its readers of MetaImage and TIFF at outputs.
"""

import json
import sys
import tempfile
from pathlib import Path

from panimg import convert
from panimg.image_builders import image_builder_mhd, image_builder_tiff


def main() -> None:
    """Print what became of each file."""
    folder = Path(sys.argv[1])
    images, errors = {}, {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with tempfile.TemporaryDirectory() as scratch:
            alone = Path(scratch) / "alone"
            alone.mkdir()
            (alone / path.name).symlink_to(path.resolve())
            result = convert(
                input_directory=alone,
                output_directory=Path(scratch) / "out",
                builders=[image_builder_mhd, image_builder_tiff],
            )
        name = path.relative_to(folder).as_posix()
        for image in result.new_images:
            segments = None if image.segments is None else sorted(map(int, image.segments))
            images[name] = {"size": [image.width, image.height], "segments": segments}
        if result.file_errors:
            errors[name] = [error for found in result.file_errors.values() for error in found]
    print(json.dumps({"images": images, "errors": errors}))


if __name__ == "__main__":
    main()
