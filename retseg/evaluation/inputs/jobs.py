"""Find the outputs of the jobs of an algorithm phase: `predictions.json`, and an output folder for each job."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from retseg.challenge import Challenge
from retseg.challenge.layout import Part
from retseg.challenge.socket_json import SocketError, find_items, find_socket, find_table, read_items, stays_inside
from retseg.errors import RetsegError
from retseg.evaluation.inputs.matching import find_case_name
from retseg.evaluation.inputs.values import Key, list_value_sockets
from retseg.files import PLATFORM_SUFFIXES, has_suffix, leaves_folder


class JobsError(RetsegError):
    """`predictions.json` is not what the platform writes."""


@dataclass(frozen=True)
class JobOutput:
    """One task in an image that a job has written."""

    case: str
    task: str
    path: Path
    part: Part


def find_job_outputs(challenge: Challenge, folder: Path) -> tuple[list[JobOutput], list[str]]:
    """Find the output image of every job and task.

    A case has the name of the file that its user uploaded as the job's input image (`inputs[].image.name`).

    Args:
        challenge: gives the sockets and the endings of file names.
        folder: holds `predictions.json` and a folder for each job.

    Returns:
        The outputs, and a sentence for each thing that is wrong.

    Raises:
        JobsError: the file is no list of jobs.
    """
    jobs = _read_jobs(folder / "predictions.json")
    outputs: list[JobOutput] = []
    problems: list[str] = []
    for number, job in enumerate(jobs):
        pk = str(job.get("pk", ""))
        case = _find_case(challenge, job)
        if not pk or PurePosixPath(pk).name != pk or pk == ".." or not case:
            problems.append(f"predictions.json, job {number} ('{pk}'): names no folder and input image of its own")
        elif job.get("status", "Succeeded") != "Succeeded":
            problems.append(f"predictions.json, job '{pk}' of {case}: its status is '{job['status']}'")
        else:
            found, wrong = _find_outputs(challenge, folder / pk / "output", job, case)
            outputs += found
            problems += wrong
    return outputs, problems


def find_job_values(challenge: Challenge, folder: Path) -> dict[Key, Path]:
    """The file of every output value of the jobs that succeeded, by case and slug; `find_job_outputs` checks the jobs.

    Raises:
        JobsError: the file is no list of jobs.
    """
    slugs = {socket.slug for socket in list_value_sockets(challenge)}
    found: dict[Key, Path] = {}
    for job in _read_jobs(folder / "predictions.json") if slugs else ():
        output = folder / str(job.get("pk", "")) / "output"
        for item in find_items(job, "outputs"):
            socket = find_socket(item)
            slug, relative = str(socket.get("slug")), str(socket.get("relative_path", ""))
            path = output / relative
            inside = relative and stays_inside(relative) and not leaves_folder(path, folder)
            if slug in slugs and inside and path.is_file():
                found[_find_case(challenge, job), slug] = path
    return found


def _read_jobs(path: Path) -> list[Mapping[str, Any]]:
    try:
        jobs = read_items(path, "jobs")
    except SocketError as error:
        raise JobsError(f"{error}: it must be the file that Grand Challenge writes") from error
    if not all(isinstance(job, dict) for job in jobs):
        raise JobsError(f"{path} must be a list of jobs")
    return jobs


def _find_case(challenge: Challenge, job: Mapping[str, Any]) -> str:
    """The case of a job by the name of its input image; empty where it names none."""
    inputs = find_items(job, "inputs")
    names = [(find_socket(item).get("slug"), find_table(item, "image").get("name")) for item in inputs]
    known = {socket.slug for socket in challenge.socket if socket.kind == "image"}
    texts = [(slug, name) for slug, name in names if isinstance(name, str) and name]
    named = [name for slug, name in texts if isinstance(slug, str) and slug in known] or [name for _, name in texts]
    return find_case_name(named[0], challenge.case_suffixes) if named else ""


def _find_outputs(
    challenge: Challenge, folder: Path, job: Mapping[str, Any], case: str
) -> tuple[list[JobOutput], list[str]]:
    """The image of each output socket of a job, and a sentence for each socket without exactly one."""
    declared = {socket.slug: socket for socket in challenge.socket if socket.is_image_output}
    outputs, problems = [], []
    for item in find_items(job, "outputs"):
        socket = find_socket(item)
        known, relative = declared.get(str(socket.get("slug"))), str(socket.get("relative_path", ""))
        if known is None:
            continue
        if not relative or not stays_inside(relative):
            problems.append(f"predictions.json, {case}: the path '{relative}' of '{socket['slug']}' leaves the job")
            continue
        files = [path for path in sorted((folder / relative).glob("*")) if has_suffix(path, PLATFORM_SUFFIXES)]
        if any(leaves_folder(path, folder) for path in files):
            problems.append(f"{folder / relative}: the image for {case} is a link that leaves the job")
        elif len(files) == 1:
            outputs += [JobOutput(case, task, files[0], known.find_part(task)) for task in challenge.list_shown(known)]
        else:
            problems.append(f"{folder / relative}: {len(files)} images for {case} where exactly one is wanted")
    return outputs, problems
