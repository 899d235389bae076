"""Rules for a run: what it wrote, what it needed, which processes it left, and how it ended.

The rule that explains most comes first. A container that fails because it wrote to a read-only folder breaks the first
rule and the last one, and the first one gives the reason.
"""

import math
import re
from collections.abc import Sequence

from retseg.container.check.evidence import Run
from retseg.container.check.finding import Finding, passed

MOUNTED = ("/dev", "/etc/mtab", "/input", "/opt/ml", "/output", "/proc", "/sys", "/tmp", "/watch", "/watch.sh")
"""Paths that the container may write, or that the engine makes for its mounts."""

READ_ONLY = re.compile(r"Read-only file system:? *['\"]?([^'\"\s]*)|([^'\"\s:]+)['\"]?: Read-only file system")
NO_NETWORK = re.compile(
    r"name resolution|Name or service not known|nodename nor servname|getaddrinfo failed|Network is unreachable"
    r"|Max retries exceeded|ConnectError|URLError|Could not resolve host|Failed to resolve|NameResolutionError",
    re.IGNORECASE,
)
SHARED_MEMORY = re.compile(
    r"bus error|SIGBUS|out of shared memory|No space left on device.*/dev/shm|/dev/shm.*No space left on device",
    re.IGNORECASE,
)
STATUS_OF_BUS_ERROR = 135
PLATFORM_SECONDS_TO_HEALTH = 300
SHORTEST_LIMIT = 300
"""Seconds: the shortest time limit of a phase for one case. The default is 20 minutes; else an hour."""


def judge_run(run: Run) -> tuple[Finding, ...]:
    """Apply all rules to one run; each case of a server is a run of its own."""
    findings = [_judge_writes(run), _judge_network(run), _judge_processes(run), _judge_memory(run)]
    findings += [_judge_exit(run)] if run.api == "exec" else _judge_answers(run)
    findings.append(_judge_time(run))
    return tuple(Finding(f.rule, f.verdict, f.sentence, f.remedy, run.title) for f in findings)


def has_succeeded(run: Run) -> bool:
    """Whether the platform would look at the run's output at all."""
    return run.status == 0 if run.api == "exec" else bool(run.invoke and run.invoke.status == 201)


def _judge_writes(run: Run) -> Finding:
    stray = find_stray(run.changed)
    if not stray and not has_succeeded(run):
        met = READ_ONLY.search(run.stderr) or READ_ONLY.search(run.stdout)
        stray = [met.group(1) or met.group(2) or "a path on the root file system"] if met else []
    if stray:
        return Finding(
            "run.writes",
            "fail",
            f"it wrote outside /output and /tmp: {', '.join(stray[:4])}",
            "point the cache or the file at /tmp: the platform promises no other folder",
        )
    return passed("run.writes", "it wrote only to /output and /tmp")


def find_stray(changed: Sequence[str]) -> list[str]:
    """The changed paths outside the mounts, without the folders that contain another changed path."""
    paths = sorted(changed)
    outside = [
        path for path in paths if not any(_is_within(path, mount) or _is_within(mount, path) for mount in MOUNTED)
    ]
    return [path for path in outside if not any(other != path and _is_within(other, path) for other in outside)]


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _judge_network(run: Run) -> Finding:
    log = run.stderr + run.stdout
    met = None if has_succeeded(run) else NO_NETWORK.search(log)
    if met:
        line = next(line for line in log.splitlines() if met.group(0) in line)
        return Finding(
            "run.network",
            "fail",
            f"it needs the network, and the platform has none: {line.strip()}",
            "put what it fetches into the image or into model.tar.gz",
        )
    return passed("run.network", "it needs no network")


def _judge_processes(run: Run) -> Finding:
    if run.left:
        return Finding(
            "run.processes",
            "fail",
            f"it left {len(run.left)} process(es) running: {run.left[0].strip()}",
            "join or terminate every worker before the end: the platform kills what is left, and a case may hang",
        )
    return passed("run.processes", "it left no process behind")


def _judge_memory(run: Run) -> Finding:
    if run.oom or run.status == 137:
        return Finding(
            "run.memory",
            "fail",
            "it was killed as it exceeded its memory limit",
            "work on smaller tiles, or one at a time",
        )
    if run.status == STATUS_OF_BUS_ERROR or (not has_succeeded(run) and SHARED_MEMORY.search(run.stderr + run.stdout)):
        return Finding(
            "run.memory",
            "fail",
            "it ran out of shared memory (/dev/shm)",
            "pass no arrays between processes: torch's DataLoader takes num_workers=0",
        )
    return passed("run.memory", "it kept to its memory limit")


def _judge_time(run: Run) -> Finding:
    if math.isnan(run.seconds):
        return Finding("run.time", "warn", "how long it took was not recorded", "run the check again")
    if run.seconds > SHORTEST_LIMIT:
        return Finding(
            "run.time",
            "warn",
            f"it took {run.seconds:.0f} s, and a phase may allow a case no more than {SHORTEST_LIMIT} s",
            "ask the organisers for the time limit of the phase",
        )
    return passed("run.time", f"it took no longer than the shortest limit of a phase, {SHORTEST_LIMIT} s")


def _judge_exit(run: Run) -> Finding:
    if run.status is None:
        remedy = "make it faster, or give the test more seconds"
        return Finding("run.exit", "fail", f"it did not end within {run.limit} s", remedy)
    if run.status != 0:
        return Finding(
            "run.exit",
            "fail",
            f"it ended with status {run.status}: {last_line(run.stderr) or 'nothing on stderr'}",
            "the platform takes no output unless the status is 0",
        )
    return passed("run.exit", "it ended with status 0")


def _judge_answers(run: Run) -> list[Finding]:
    if run.health is None or run.health.status != 200:
        told = run.health.text if run.health else "nothing"
        reason = last_line(run.stderr) or told
        if run.reused:
            return [_judge_broken_server(reason)]
        sentence = f"GET /health never answered 200 within {PLATFORM_SECONDS_TO_HEALTH} s: {reason}"
        return [Finding("run.health", "fail", sentence, "listen on 0.0.0.0:4743 once the models are loaded")]
    if run.invoke is None or run.invoke.status != 201:
        status = run.invoke.status if run.invoke else 0
        told = run.invoke.text if run.invoke else ""
        sentence = f"POST /invoke answered {status or 'nothing'}, wanted 201: {told or last_line(run.stderr)}"
        if run.reused:
            return [_judge_broken_server(sentence)]
        return [Finding("run.invoke", "fail", sentence, "answer 201 after the outputs are written")]
    if not run.alive:
        reason = last_line(run.stderr) or "nothing on stderr"
        sentence = f"the server did not survive the case that it answered: {reason}"
        return [Finding("run.survival", "fail", sentence, "the platform gives the same process the next case")]
    return [passed("run.invoke", "it answered 200 and 201"), passed("run.survival", "it waits for the next case")]


def _judge_broken_server(reason: str) -> Finding:
    sentence = f"the server did not survive an earlier case: {reason}"
    return Finding("run.survival", "fail", sentence, "keep no state between cases, and catch every error")


def last_line(text: str) -> str:
    """The last line that is not empty: what the platform shows as the error message."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
