"""Apply all rules to an image and its runs, or to one output folder."""

from pathlib import Path

from retseg.challenge import Challenge, Socket
from retseg.container.check.evidence import Evidence, Run
from retseg.container.check.finding import Finding
from retseg.container.check.grid import Grid, read_grid
from retseg.container.check.image import judge_image
from retseg.container.check.output import find_images, judge_output
from retseg.container.check.run import has_succeeded, judge_run
from retseg.container.check.score import judge_score
from retseg.container.inputs import choose_interface, read_inputs

ORDER = (
    "image",
    "run.writes",
    "run.network",
    "run.processes",
    "run.memory",
    "run.survival",
    "run",
    "output.present",
    "output.one_image",
    "output.type",
    "output",
    "score",
)
"""The rule that explains most comes first: of several failures, the first is reported."""


def judge_evidence(evidence: Evidence, challenge: Challenge | None) -> tuple[Finding, ...]:
    """Judge an image and everything that it did.

    Args:
        evidence: from `container/collect.sh`.
        challenge: whose outputs are declared; None when it is not known.
    """
    config = evidence.image["Config"]
    findings = list(judge_image(config, evidence.image.get("Architecture", ""), int(evidence.image.get("Size", 0))))
    for run in evidence.runs:
        findings += judge_run(run)
        if has_succeeded(run):
            findings += [
                Finding(f.rule, f.verdict, f.sentence, f.remedy, f"{run.title}, case {run.case}")
                for f in judge_case(run.output, evidence.cases[run.case], challenge)
            ]
    findings += _judge_repetition(evidence.runs)
    return sort_findings(findings)


def judge_case(output: Path, case: Path, challenge: Challenge | None) -> tuple[Finding, ...]:
    """Judge one output folder.

    Args:
        output: what was written.
        case: a folder that may have `input` (with its inputs.json) and `expected` (laid out as the output).
        challenge: whose outputs are declared; None when it is not known.

    Raises:
        ContractError: the input does not fit the challenge.
    """
    sockets = find_declared(case / "input", challenge)
    findings = judge_output(output, sockets, _read_input_grid(case / "input"))
    failed = any(finding.verdict == "fail" for finding in findings)
    if challenge and sockets and (case / "expected").is_dir() and not failed:
        findings += judge_score(output, case / "expected", sockets, challenge)
    return findings


def find_declared(input_directory: Path, challenge: Challenge | None) -> tuple[Socket, ...] | None:
    """The outputs that the challenge declares for these inputs; None when that cannot be known.

    Raises:
        ContractError: the challenge has no interface for these inputs.
    """
    if challenge is None or not challenge.interface:
        return None
    listing = input_directory / "inputs.json"
    if listing.exists():
        interface = choose_interface(challenge, (socket.slug for socket in read_inputs(listing)))
    elif len(challenge.interface) == 1:
        interface = challenge.interface[0]
    else:
        return None
    return tuple(challenge.find_socket(slug) for slug in interface.outputs)


def sort_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of `ORDER`."""
    return tuple(sorted(findings, key=lambda finding: _rank(finding.rule)))


def _rank(rule: str) -> int:
    return ORDER.index(rule if rule in ORDER else rule.partition(".")[0])


def _read_input_grid(input_directory: Path) -> Grid | None:
    """The grid of the one input image; None where there are several, or none."""
    if not input_directory.is_dir():
        return None
    listing = input_directory / "inputs.json"
    folders = [input_directory / s.relative_path for s in read_inputs(listing)] if listing.exists() else []
    images = [path for folder in folders for path in find_images(folder)]
    return read_grid(images[0]) if len(images) == 1 else None


def _judge_repetition(runs: tuple[Run, ...]) -> list[Finding]:
    """A case must give the same files in every run, whichever user runs it."""
    findings = []
    first: dict[str, tuple[Run, tuple[str, ...]]] = {}
    for run in filter(has_succeeded, runs):
        names = tuple(sorted(str(path.relative_to(run.output)) for path in run.output.rglob("*") if path.is_file()))
        earlier, wanted = first.setdefault(run.case, (run, names))
        if names != wanted:
            sentence = f"it wrote {', '.join(names)}, but {', '.join(wanted)} when run with {earlier.title}"
            remedy = "read inputs.json anew for each case, and keep nothing of the one before"
            findings.append(Finding("output.repetition", "warn", sentence, remedy, run.title))
    return findings
