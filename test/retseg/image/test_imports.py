"""The start of a container is measured: what every run imports must stay light."""

import subprocess
import sys
from pathlib import Path


def test_reading_pictures_imports_no_network_library(repository: Path) -> None:
    code = "import sys, retseg.image; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True)
    imported = set(run.stdout.split())
    assert {"numpy", "cv2"} <= imported
    assert not imported & {"torch", "openvino", "scipy", "skimage", "matplotlib", "pandas"}
