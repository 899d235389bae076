"""The three scripts on a real engine: what image and export hold, and what is left after an interruption."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import cv2
import pytest
import SimpleITK

from retseg.container.check.hostile import HOSTILE_JOBS

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]


def test_the_image_is_small_and_has_no_torch_no_compiler_and_no_pip(run, build_image):
    image = build_image("exec")
    (facts,) = json.loads(run("docker", "image", "inspect", image).stdout)

    script = "command -v gcc cc pip pip3 make; python3 -c 'import torch'"
    inside = run("docker", "run", "--rm", "--entrypoint", "sh", image, "-c", script)

    assert facts["Size"] <= 1_100_000_000
    assert facts["Config"]["User"] == "retseg"
    assert facts["Config"]["Labels"] == {"org.grand-challenge.api-method": "exec"}
    assert inside.stdout == ""
    assert "No module named 'torch'" in inside.stderr


def test_the_image_reads_inputs_through_a_symbolic_link_as_on_the_platform(run, build_image, case, tmp_path):
    script = "cp -r /input/. /output/ && readlink /input"
    (tmp_path / "Dockerfile").write_text(f'FROM {build_image("exec")}\nENTRYPOINT ["sh", "-c", "{script}"]\n')
    run("env", "DOCKER_BUILDKIT=0", "docker", "build", "--tag", "retseg-faulty:link", tmp_path)

    run("container/collect.sh", "retseg-faulty:link", tmp_path / "evidence", case)
    run("docker", "image", "rm", "--force", "retseg-faulty:link")

    assert (tmp_path / "evidence/runs/01/stdout").read_text().strip() == "opt/ml/input/data/case"
    assert (tmp_path / "evidence/runs/01/output/inputs.json").is_file()


def test_the_largest_photograph_fits_into_the_smallest_memory_of_the_platform(run, build_image, case, tmp_path):
    """IDRiD's size; a phase may ask for 4 GB, of which the platform keeps one."""
    shutil.copytree(case / "input", tmp_path / "input")
    (path,) = (tmp_path / "input").rglob("*.mha")
    pixels = cv2.resize(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))), (4288, 2848))
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pixels, isVector=True), str(path))
    (tmp_path / "output").mkdir()
    (tmp_path / "output").chmod(0o777)
    run("chmod", "-R", "a+rX", tmp_path)

    limits = ("--network", "none", "--memory", "3g", "--memory-swap", "3g", "--shm-size", "128m")
    volumes = ("--volume", f"{tmp_path}/input:/input:ro", "--volume", f"{tmp_path}/output:/output")
    done = run("docker", "run", "--rm", *limits, *volumes, build_image("exec"))

    assert done.returncode == 0, done.stderr
    (mask,) = (tmp_path / "output").rglob("*.mha")
    assert SimpleITK.ReadImage(str(mask)).GetSize() == (4288, 2848)


def test_the_export_is_what_the_platform_takes_and_its_models_are_the_same_bytes_every_time(run, build_image, tmp_path):
    image, output = build_image("exec"), tmp_path / "export"
    tmp_path.chmod(0o777)

    done = run("./export.sh", "drive", "--variant", "cpu", "--allow-phantom-weights", "--output", output)
    pack = ("pack", "--models", "/opt/app/model_weights", "--output", "/again/model.tar.gz")
    entry = ("--entrypoint", "python3", "--volume", f"{tmp_path}:/again", image, "-m", "retseg", *pack)
    again = run("docker", "run", "--rm", *entry)

    assert done.returncode == again.returncode == 0, done.stdout + done.stderr + again.stderr
    models = output / "retseg-drive_0.2.0_model.tar.gz"
    assert models.read_bytes() == (tmp_path / "model.tar.gz").read_bytes()
    with tarfile.open(models) as archive:
        assert "vessel-drive/card.toml" in archive.getnames()
    names = sorted(path.name for path in output.iterdir())
    assert names == [
        "SHA256SUMS",
        "retseg-drive_0.2.0_cpu_exec.cdx.json",
        "retseg-drive_0.2.0_cpu_exec.tar.gz",
        "retseg-drive_0.2.0_model.tar.gz",
    ]
    assert (output / "retseg-drive_0.2.0_cpu_exec.tar.gz").stat().st_size <= 400_000_000
    assert run("sha256sum", "--check", "SHA256SUMS", "--quiet", cwd=output).returncode == 0


def test_the_image_refuses_every_hostile_job(run, build_image, case):
    check = ("check", "--image", build_image("exec"), "--input", case / "input", "--hostile", "--memory", "2g")
    done = run(sys.executable, "-m", "retseg", *check)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("hostile.") == len(HOSTILE_JOBS)
    assert not [line for line in done.stdout.splitlines() if line.startswith("warn")]


def test_an_interrupted_test_leaves_no_container_no_image_and_no_file(run, build_image, tmp_path):
    build_image("exec")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    ours = ("docker", "ps", "-a", "--format", "{{.Labels}}")

    process = subprocess.Popen(
        ["./test.sh", "drive", "--variant", "cpu"],
        env={**os.environ, "TMPDIR": str(scratch)},
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.DEVNULL,
    )
    while "retseg-test" not in run(*ours).stdout and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 143
    assert "retseg-test" not in run(*ours).stdout
    assert "retseg-test" not in run("docker", "image", "ls").stdout
    assert list(scratch.iterdir()) == []
