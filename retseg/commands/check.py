"""`retseg check`: check an image, an output folder or an exported archive by the rules of Grand Challenge."""

import argparse
import dataclasses
import os
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path

from retseg.challenge import Challenge, list_challenges, load_challenge
from retseg.commands.hostile_runs import check_hostile
from retseg.commands.options import add_challenges, list_challenge_folders, open_challenge
from retseg.commands.parsing import add_output_options, open_console
from retseg.container.check.archive import judge_archive
from retseg.container.check.evidence import Evidence, read_evidence
from retseg.container.check.finding import Finding, find_failure, list_findings
from retseg.container.check.image import read_environment
from retseg.container.check.run import last_line
from retseg.container.check.verdict import judge_case, judge_evidence, sort_findings
from retseg.errors import RetsegError

COLLECT = Path(str(files("retseg"))) / "data" / "container" / "collect.sh"


HOSTILE_SECONDS = 60
"""At most, for a hostile job: it is refused at once, or not at all."""


class CheckError(RetsegError):
    """A rule is broken, or there is nothing to check; the message says which."""


EXAMPLE = "retseg check --output output --expected test/cases/drive/01/expected --input test/cases/drive/01/input"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--image", metavar="TAG", help="run this image on --input, under strict limits")
    what.add_argument("--output", metavar="DIR", type=Path, help="check the output folder of an algorithm")
    what.add_argument("--archive", metavar="FILE", type=Path, help="check a file that `docker save` wrote")
    what.add_argument("--evidence", metavar="DIR", type=Path, help="check what container/collect.sh gathered")
    parser.add_argument(
        "--hostile", action="store_true", help="give --image damaged and hostile forms of --input instead"
    )
    parser.add_argument("--input", metavar="DIR", type=Path, help="one case: inputs.json and its images")
    parser.add_argument("--expected", metavar="DIR", type=Path, help="its truth, laid out as the output folder")
    which = "its outputs are expected; a name, or the path of a .toml file (default: the challenge of the image)"
    parser.add_argument("--challenge", metavar="NAME", help=which)
    add_challenges(parser)
    parser.add_argument("--memory", default="4g", help="for --image, swap included (default: %(default)s)")
    parser.add_argument("--gpus", default="", help="for --image, as docker's option of that name (default: none)")
    parser.add_argument("--seconds", type=int, default=600, help="for --image, for one case (default: %(default)s)")
    add_output_options(parser, "every rule with its verdict")


def run(options: argparse.Namespace) -> int:
    """List every rule with its verdict; a failure makes the exit status 1."""
    findings = judge(options)
    console, failure = open_console(options), find_failure(findings)
    lines = list(list_findings(findings))
    if failure is None:
        lines.append(f"all {len(findings)} checks passed or only warn")
    console.show([dataclasses.asdict(finding) for finding in findings], lines)
    if failure:
        raise CheckError(failure.complaint)
    return 0


def judge(options: argparse.Namespace) -> tuple[Finding, ...]:
    """The findings about the image, the output, the archive or the evidence that the options name.

    Raises:
        CheckError: --hostile without an image, or something named that does not exist.
    """
    if options.hostile and not options.image:
        raise CheckError(
            "--hostile gives an image damaged jobs to run: name the image by --image TAG, and a good job by --input DIR"
        )
    if options.archive:
        return judge_archive(_existing(options.archive))
    if options.evidence:
        return _judge_runs(options, read_evidence(_existing(options.evidence)))
    with tempfile.TemporaryDirectory(prefix="retseg-check-") as scratch:
        if options.hostile:
            source = _require_input(options)
            seconds = min(options.seconds, HOSTILE_SECONDS)
            return check_hostile(options.image, source, options.memory, seconds, Path(scratch))
        case = _link_case(Path(scratch), options)
        if options.output:
            challenge = open_challenge(options) if options.challenge else None
            return sort_findings(list(judge_case(_existing(options.output), case, challenge)))
        return _judge_runs(options, _collect(options, case, Path(scratch) / "evidence"))


def _judge_runs(options: argparse.Namespace, evidence: Evidence) -> tuple[Finding, ...]:
    return judge_evidence(evidence, _choose_challenge(options, evidence))


def _choose_challenge(options: argparse.Namespace, evidence: Evidence) -> Challenge | None:
    """The challenge of the options, or else the one that the image names, if it is known."""
    if options.challenge:
        return open_challenge(options)
    folders = list_challenge_folders(options)
    declared = read_environment(evidence.image["Config"], "RETSEG_CHALLENGE")
    return load_challenge(declared, *folders) if declared in list_challenges(*folders) else None


def _link_case(scratch: Path, options: argparse.Namespace) -> Path:
    case = scratch / "case"
    case.mkdir()
    for key in ("input", "expected"):
        folder = getattr(options, key)
        if folder is not None:
            (case / key).symlink_to(_existing(folder).resolve())
    return case


def _collect(options: argparse.Namespace, case: Path, evidence: Path) -> Evidence:
    _require_input(options)
    if not COLLECT.is_file():
        raise CheckError(f"{COLLECT} is missing, which runs an image: use `retseg check --image` in a checkout")
    environment = {
        **os.environ,
        "RETSEG_TEST_MEMORY": options.memory,
        "RETSEG_TEST_GPUS": options.gpus,
        "RETSEG_TEST_SECONDS": str(options.seconds),
    }
    done = subprocess.run(
        ["bash", str(COLLECT), options.image, str(evidence), str(case)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = last_line(done.stderr) or "no reason given"
        raise CheckError(f"the image {options.image} could not be run: {reason}")
    return read_evidence(evidence)


def _require_input(options: argparse.Namespace) -> Path:
    if options.image is None or options.input is None:
        raise CheckError("an image is run on one case: give both by --image TAG and --input DIR")
    return _existing(options.input)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise CheckError(f"{path} does not exist: check the path")
    return path
