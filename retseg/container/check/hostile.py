"""Hostile jobs: what an algorithm may meet in /input, made from a good job, and the rules for what it does then.

A job of the platform comes from a stranger. An algorithm refuses what is no image with a sentence and a status, writes
nothing, and neither hangs nor dies by a signal. It never reads a file outside its input.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from retseg.container.check.finding import Finding, passed
from retseg.container.check.run import last_line
from retseg.errors import RetsegError
from retseg.files import IMAGE_SUFFIXES, has_suffix

DEPTH = 100_000
"""Of the nested lists in a hostile `inputs.json`."""

HEADER = """ObjectType = Image
NDims = {dimensions}
BinaryData = True
BinaryDataByteOrderMSB = False
CompressedData = {compressed}
TransformMatrix = {matrix}
Offset = 0 0
ElementSpacing = {spacing}
DimSize = {size}
ElementType = MET_UCHAR
ElementDataFile = {data}
"""
PLAIN = {
    "dimensions": "2",
    "compressed": "False",
    "matrix": "1 0 0 1",
    "spacing": "1 1",
    "size": "8 8",
    "data": "LOCAL",
}


class HostileError(RetsegError):
    """Hostile jobs cannot be made; the message says what is missing."""


@dataclass(frozen=True)
class HostileJob:
    """One way to spoil a job.

    Attributes:
        name: of the rule, `hostile.<name>`.
        what: that the algorithm meets, as the end of a sentence.
        spoil: changes a copy of a good input folder; takes its path and that of its image.
    """

    name: str
    what: str
    spoil: Callable[[Path, Path], object]


@dataclass(frozen=True)
class HostileRun:
    """What a container did with a hostile job.

    Attributes:
        status: of its end; None where it did not end in time.
        limit: seconds that it was given.
        is_out_of_memory: whether the kernel killed it for its memory.
        stderr: what it said.
        written: the files that it left in /output.
    """

    status: int | None
    limit: int
    is_out_of_memory: bool
    stderr: str
    written: tuple[str, ...]


def write_header(content: bytes = bytes(64), **changes: str) -> Callable[[Path, Path], object]:
    """Replace the image by a MetaImage of 8 x 8 pixels with some header fields changed."""
    return lambda _, image: image.write_bytes(HEADER.format(**{**PLAIN, **changes}).encode() + content)


def cut_in_half(_: Path, image: Path) -> None:
    """Leave the first half of the image file."""
    content = image.read_bytes()
    image.write_bytes(content[: len(content) // 2])


def replace_by(make: Callable[[Path], object]) -> Callable[[Path, Path], object]:
    """Remove the image, and make something else of its name."""

    def spoil(_: Path, image: Path) -> None:
        image.unlink()
        make(image)

    return spoil


def write_jobs(text: str) -> Callable[[Path, Path], object]:
    """Replace `inputs.json`."""
    return lambda folder, _: (folder / "inputs.json").write_text(text, encoding="utf-8")


def lead_out(folder: Path, image: Path) -> None:
    """Let every socket of `inputs.json` name the folder of the image by a way that leaves the input."""
    path = folder / "inputs.json"
    jobs = json.loads(path.read_text(encoding="utf-8"))
    for socket in (job[key] for job in jobs for key in ("socket", "interface") if key in job):
        socket["relative_path"] = f"../{folder.name}/{image.parent.relative_to(folder)}"
    path.write_text(json.dumps(jobs), encoding="utf-8")


HOSTILE_JOBS = (
    HostileJob("empty", "an empty image file", lambda _, image: image.write_bytes(b"")),
    HostileJob("cut", "the first half of an image file", cut_in_half),
    HostileJob("noise", "an image file of random bytes", lambda _, image: image.write_bytes(os.urandom(4096))),
    HostileJob("missing", "no image file", replace_by(lambda _: None)),
    HostileJob("link", "a link to /etc/passwd as image", replace_by(lambda image: image.symlink_to("/etc/passwd"))),
    HostileJob("fifo", "a named pipe as image", replace_by(lambda image: os.mkfifo(image, 0o644))),
    HostileJob("folder", "a folder as image", replace_by(lambda image: image.mkdir())),
    HostileJob("passwd", "a header that takes its pixels from /etc/passwd", write_header(data="/etc/passwd")),
    HostileJob(
        "list", "a header that takes its pixels from a list of files", write_header(b"/etc/passwd\n", data="LIST")
    ),
    HostileJob("pattern", "a header with a format string as the name of its data", write_header(data="%s%s%n 1 2 1")),
    HostileJob("huge", "a header that claims 100,000 x 100,000 pixels", write_header(size="100000 100000")),
    HostileJob("short", "a header that claims more pixels than there are", write_header(size="64 64")),
    HostileJob("dimensions", "a header of 1,000,000 dimensions", write_header(dimensions="1000000")),
    HostileJob("negative", "a header of negative size", write_header(size="-8 -8")),
    HostileJob("spacing", "a header whose spacing is no number", write_header(spacing="nan nan")),
    HostileJob("matrix", "a header whose directions are infinite", write_header(matrix="1 0 1e308 1")),
    HostileJob("deflate", "compressed pixels that are none", write_header(compressed="True")),
    HostileJob("deep", "an inputs.json of 100,000 nested lists", write_jobs("[" * DEPTH + "]" * DEPTH)),
    HostileJob("words", "an inputs.json that is no JSON", write_jobs("these are no jobs")),
    HostileJob("outside", "an inputs.json whose paths lead out of /input", lead_out),
)


def write_hostile(job: HostileJob, source: Path, target: Path) -> None:
    """Make a hostile input folder.

    Args:
        job: how it is spoilt.
        source: a good input folder: `inputs.json` and images; it stays as it is.
        target: the folder to make.

    Raises:
        HostileError: the good folder has no `.mha` image, which is what the platform gives.
    """
    shutil.copytree(source, target)
    images = sorted(path for path in target.rglob("*") if path.is_file() and has_suffix(path, IMAGE_SUFFIXES))
    if not images or images[0].suffix != ".mha" or not (target / "inputs.json").is_file():
        raise HostileError(f"{source} is no job of the platform: it needs inputs.json and an image in .mha")
    job.spoil(target, images[0])


def judge_hostile(job: HostileJob, run: HostileRun) -> Finding:
    """The verdict on what a container did with a hostile job."""
    rule, said = f"hostile.{job.name}", last_line(run.stderr)
    remedy = "check the input before a library reads it, and end with one sentence and a status that is not 0"
    if run.status is None:
        return Finding(rule, "fail", f"it met {job.what} and did not end within {run.limit} s", remedy)
    if run.is_out_of_memory:
        return Finding(rule, "fail", f"it met {job.what} and took more memory than it may", remedy)
    if run.status >= 128:
        return Finding(rule, "fail", f"it met {job.what} and was ended by signal {run.status - 128}", remedy)
    if run.status == 0:
        return Finding(rule, "fail", f"it met {job.what} and ended with status 0, as if it had segmented it", remedy)
    if run.written:
        return Finding(rule, "fail", f"it refused {job.what}, but left {', '.join(run.written[:3])} in /output", remedy)
    if not said or "Traceback (most recent call last)" in run.stderr:
        sentence = f"it met {job.what} and ended with {'a traceback' if said else 'nothing on stderr'}"
        return Finding(rule, "warn", sentence, "the platform shows the last line on stderr to the user")
    return passed(rule, f"it refused {job.what}: {said}")
