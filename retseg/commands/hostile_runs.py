"""Run an image on hostile jobs, for `retseg check --hostile`."""

import subprocess
import time
from pathlib import Path

from retseg.container.check.finding import Finding
from retseg.container.check.hostile import (
    HOSTILE_JOBS,
    HostileError,
    HostileJob,
    HostileRun,
    judge_hostile,
    write_hostile,
)

API_LABEL = "org.grand-challenge.api-method"


def check_hostile(image: str, source: Path, memory: str, seconds: int, scratch: Path) -> tuple[Finding, ...]:
    """The findings of an image on all hostile jobs.

    Args:
        image: its tag; it runs one job and ends (`exec`).
        source: the input folder of a good job.
        memory: as docker names it; swap included.
        seconds: for one job.
        scratch: a folder for inputs and outputs.

    Raises:
        HostileError: the image is not there or is a server, or the job is not one of the platform.
    """
    form = f'{{{{index .Config.Labels "{API_LABEL}"}}}}'
    found = _docker("image", "inspect", "--format", form, image)
    if found.returncode != 0:
        raise HostileError(f"there is no image {image}: build it first")
    if found.stdout.strip() == "invoke":
        raise HostileError(f"{image} is a server: give an image that runs one job and ends (`--api exec`)")
    findings = []
    for job in HOSTILE_JOBS:
        folder = scratch / job.name
        folder.mkdir()
        write_hostile(job, source, folder / "input")
        (folder / "output").mkdir()
        (folder / "output").chmod(0o777)
        findings.append(judge_hostile(job, run_hostile(image, job, folder, memory, seconds)))
    return tuple(findings)


def run_hostile(image: str, job: HostileJob, folder: Path, memory: str, seconds: int) -> HostileRun:
    """Run an image on one hostile job, without network and with little memory.

    Args:
        image: its tag.
        job: the hostile job; `folder` holds its `input` and an empty `output`.
        folder: on this machine.
        memory: as docker names it.
        seconds: until the container is killed.
    """
    name = f"retseg-hostile-{job.name}-{time.monotonic_ns()}"
    limits = ["--network", "none", "--memory", memory, "--memory-swap", memory, "--pids-limit", "512"]
    mounts = ["--volume", f"{folder / 'input'}:/input:ro", "--volume", f"{folder / 'output'}:/output"]
    try:
        done = _docker("run", "--name", name, *limits, *mounts, image, timeout=seconds)
        status, stderr = done.returncode, done.stderr
    except subprocess.TimeoutExpired:
        status, stderr = None, ""
    killed = _docker("inspect", "--format", "{{.State.OOMKilled}}", name).stdout.strip() == "true"
    _docker("rm", "--force", name)
    output = folder / "output"
    written = tuple(sorted(str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()))
    return HostileRun(status, seconds, killed, stderr, written)


def _docker(*words: str, timeout: int | None = None) -> subprocess.CompletedProcess[str]:
    command = ["docker", *words]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)
