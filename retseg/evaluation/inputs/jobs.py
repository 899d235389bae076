"""The jobs of an algorithm phase, as the platform hands them over: `predictions.json` and an output folder per job."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from retseg.challenge import Challenge
from retseg.errors import RetsegError
from retseg.evaluation.inputs.matching import find_case_name

OUTPUT_SUFFIXES = (".mha", ".tif", ".tiff")


class JobsError(RetsegError):
    """`predictions.json` is not what the platform writes."""


@dataclass(frozen=True)
class JobOutput:
    """One image that a job has written."""

    case: str
    task: str
    path: Path


def find_job_outputs(challenge: Challenge, folder: Path) -> tuple[list[JobOutput], list[str]]:
    """Find the output image of every job and task, and what is wrong, one sentence each.

    A case is named by the uploader's file name of the job's input image (`inputs[].image.name`).
    Both spellings of a socket are read: `socket`, and `interface` of before 2025.

    Raises:
        JobsError: the file is no list of jobs.
    """
    try:
        jobs = json.loads((folder / "predictions.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise JobsError(f"{folder}/predictions.json is not readable JSON ({error})") from error
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        raise JobsError(f"{folder}/predictions.json must be a list of jobs")
    outputs: list[JobOutput] = []
    problems: list[str] = []
    for number, job in enumerate(jobs):
        pk = str(job.get("pk", ""))
        case = _find_job_case(challenge, job)
        if not pk or PurePosixPath(pk).name != pk or pk == ".." or not case:
            problems.append(f"predictions.json, job {number} ('{pk}'): names no folder and input image of its own")
        elif job.get("status", "Succeeded") != "Succeeded":
            problems.append(f"predictions.json, job '{pk}' of {case}: its status is '{job['status']}'")
        else:
            _collect(challenge, folder / pk / "output", job, case, outputs, problems)
    return outputs, problems


def _find_job_case(challenge: Challenge, job: Mapping[str, Any]) -> str:
    names = [(_socket(item).get("slug"), (item.get("image") or {}).get("name")) for item in job.get("inputs", [])]
    known = {socket.slug for socket in challenge.socket if socket.kind == "image"}
    named = [name for slug, name in names if name and slug in known] or [name for _, name in names if name]
    return find_case_name(named[0], challenge.case_suffixes) if named else ""


def _collect(
    challenge: Challenge, folder: Path, job: Mapping[str, Any], case: str, outputs: list[JobOutput], problems: list[str]
) -> None:
    tasks = {socket.slug: socket.task for socket in challenge.socket if socket.task}
    for item in job.get("outputs", []):
        socket = _socket(item)
        task, relative = tasks.get(str(socket.get("slug"))), str(socket.get("relative_path", ""))
        if task is None:
            continue
        if not relative or relative.startswith("/") or ".." in PurePosixPath(relative).parts:
            problems.append(f"predictions.json, {case}: the path '{relative}' of '{socket['slug']}' leaves the job")
            continue
        place = folder / relative
        files = [path for path in sorted(place.glob("*")) if path.suffix.lower() in OUTPUT_SUFFIXES]
        if len(files) == 1:
            outputs.append(JobOutput(case, task, files[0]))
        else:
            problems.append(f"{place}: {len(files)} images for {case} where exactly one is wanted")


def _socket(item: Mapping[str, Any]) -> Mapping[str, Any]:
    socket = item.get("socket") or item.get("interface") or {}
    return socket if isinstance(socket, Mapping) else {}
