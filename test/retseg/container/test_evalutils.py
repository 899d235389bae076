"""evalutils 0.4.2, the program that the old contract comes from, does the same job on the same folder."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from retseg.container import Job, run_job

ORACLE = """
import sys
from pathlib import Path
import SimpleITK
from evalutils import SegmentationAlgorithm

class Green(SegmentationAlgorithm):
    def predict(self, *, input_image):
        green = SimpleITK.VectorIndexSelectionCast(input_image, 1)
        return SimpleITK.BinaryThreshold(green, 101, 255, 1, 0)

source, target = map(Path, sys.argv[1:])
target.mkdir()
Green(input_path=source, output_path=target / "images", output_file=target / "results.json").process()
"""


@pytest.fixture(scope="module")
def evalutils_python(repository):
    """The Python of an environment that holds evalutils 0.4.2 and what it needs, made once and kept in runs/."""
    folder = repository / "runs" / "evalutils-0.4.2"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
        if uv:
            commands = [[uv, "venv", "--python", sys.executable, folder], [uv, "pip", "install", "--python", python]]
        else:
            commands = [[sys.executable, "-m", "venv", folder], [python, "-m", "pip", "install"]]
        commands[1].append("evalutils==0.4.2")
        for command in commands:
            done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=200, check=False)
            if done.returncode:
                pytest.skip(f"evalutils 0.4.2 cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
        (folder / "complete").touch()
    return python


def test_evalutils_writes_the_same_results_json_files_pixels_and_geometry(
    evalutils_python, draw, predict, one_task, tmp_path
):
    folder = tmp_path / "input"
    names = ["10.mha", "2.mhd", "a/b/deep.tif", "a/flat.png", "plain.bmp", "volume-like.1.mha"]
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(draw(seed), str(folder / name))
    (folder / "expected_output.json").write_text("[]")
    (folder / "notes.txt").write_text("not an image")
    (folder / "empty.mha").touch()
    (folder / "broken.png").write_bytes((folder / "a/flat.png").read_bytes()[:900])

    command = [evalutils_python, "-c", ORACLE, folder, tmp_path / "theirs"]
    subprocess.run([*map(str, command)], check=True, capture_output=True, timeout=120)
    run_job(Job(folder, tmp_path / "ours", one_task), predict, print)

    theirs, ours = (tmp_path / name / "results.json" for name in ("theirs", "ours"))
    assert len(json.loads(ours.read_text())) == len(names)
    assert ours.read_text() == theirs.read_text()
    listings = [
        sorted(path.relative_to(tmp_path / name) for path in (tmp_path / name).rglob("*"))
        for name in ("theirs", "ours")
    ]
    assert listings[0] == listings[1]
    for name in (Path(name).name for name in names):
        a, b = (sitk.ReadImage(str(tmp_path / side / "images" / name)) for side in ("theirs", "ours"))
        np.testing.assert_array_equal(sitk.GetArrayFromImage(a), sitk.GetArrayFromImage(b))
        assert (a.GetPixelID(), a.GetSize(), a.GetDirection()) == (b.GetPixelID(), b.GetSize(), b.GetDirection())
        assert a.GetSpacing() == pytest.approx(b.GetSpacing())
        assert a.GetOrigin() == pytest.approx(b.GetOrigin())
