"""Size, cold and warm seconds per case, and peak memory of the container images.

    python bench/container.py [--challenge NAME] [--variant cpu|gpu] [--repeats N] [--cold]

Cold: the time of `docker run` of the `exec` image on one case. It is compared with the time in which the same image
imports numpy, SimpleITK and OpenVINO and ends. Both alternate, so that a slower or faster machine changes them alike,
and the ratio is the median over the pairs. Warm: `POST /invoke` of a warm server. Peak memory: the count of the kernel
for the container (`memory.peak`, or `max_usage_in_bytes` of cgroup 1). It includes the page cache, so it is an upper
bound; the largest resident set of the process is printed too.

With `--cold` only this ratio is measured. Then only the `exec` image is needed, and the status is 1 above the bar.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = "import numpy, SimpleITK, openvino"
BAR = 2.0
"""The highest ratio of a cold case to the imports."""

FLAGS = ["--network", "none", "--memory", "4g", "--memory-swap", "4g", "--shm-size", "128m", "--cap-drop", "ALL"]
PEAKS = (
    "/sys/fs/cgroup/memory/docker/{}/memory.max_usage_in_bytes",
    "/sys/fs/cgroup/system.slice/docker-{}.scope/memory.peak",
    "/sys/fs/cgroup/docker/{}/memory.peak",
)
RESIDENT = (
    "import resource, subprocess, sys; subprocess.run([sys.executable, '/opt/app/process.py'], check=True); "
    "print('resident', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def docker(*arguments: str) -> str:
    """Run a docker command and return its output."""
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def mounts(case: Path, output: str) -> list[str]:
    """The options that mount a case as the platform does."""
    return ["--volume", f"{case / 'input'}:/input:ro", "--volume", f"{output}:/output", *FLAGS]


def time_run(*arguments: str) -> float:
    """Seconds of one `docker run`."""
    start = time.perf_counter()
    docker("run", "--rm", *arguments)
    return time.perf_counter() - start


def time_pairs(image: str, case: Path, output: str, repeats: int) -> list[tuple[float, float]]:
    """Seconds of a case and of the bare imports, in turn; the first pair fills the disk cache and is left out."""
    pairs = []
    for _ in range(repeats + 1):
        imports = time_run(*FLAGS, "--entrypoint", "python3", image, "-c", IMPORTS)
        pairs.append((time_run(*mounts(case, output), image), imports))
    return pairs[1:]


def describe_cold(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Median seconds of both, and the median of their ratios."""
    return {
        "cold_seconds": round(statistics.median(case for case, _ in pairs), 2),
        "import_seconds": round(statistics.median(imports for _, imports in pairs), 2),
        "cold_over_imports": round(statistics.median(case / imports for case, imports in pairs), 2),
    }


def measure_warm(image: str, case: Path, output: str, repeats: int) -> tuple[float, float, int]:
    """Seconds to the first 200, median seconds of a case afterwards, peak bytes of the server."""
    start = time.perf_counter()
    container = docker("run", "--detach", *mounts(case, output), image)
    try:
        call(container, "health", 300)
        ready = time.perf_counter() - start
        seconds = [call(container, "invoke", 600) for _ in range(repeats)]
        return ready, statistics.median(seconds), read_peak(container)
    finally:
        docker("rm", "--force", container)


def call(container: str, what: str, limit: int) -> float:
    """Seconds of one request to the server, measured inside the container."""
    script = (ROOT / "container" / "call.py").read_text()
    timed = (
        "import sys, time\nstart = time.perf_counter()\n"
        + script
        + "\n    print('seconds', time.perf_counter() - start)\n"
    )
    command = ["docker", "exec", "-i", container, "python3", "-", what, str(limit)]
    told = subprocess.run(command, input=timed, check=True, capture_output=True, text=True).stdout
    if told.split("\n", 1)[0] not in ("200", "201"):
        raise SystemExit(f"{what} was answered: {told}")
    return float(told.rsplit("seconds ", 1)[1])


def read_peak(container: str) -> int:
    """Peak bytes that the kernel counted for a running container; 0 if the kernel has no such file."""
    found = [Path(pattern.format(container)) for pattern in PEAKS]
    return next((int(path.read_text()) for path in found if path.exists()), 0)


def measure_resident(image: str, case: Path, output: str) -> int:
    """Largest resident set of process.py, in bytes."""
    told = docker("run", "--rm", *mounts(case, output), "--entrypoint", "python3", image, "-c", RESIDENT)
    return 1024 * int(told.rsplit("resident ", 1)[1])


def open_up(image: str, output: str) -> None:
    """Allow this user to remove the files of the container's user."""
    options = ("--user", "0", "--volume", f"{output}:/opened", "--entrypoint", "chmod", image, "-R", "a+rwX", "/opened")
    docker("run", "--rm", *options)


def measure_all(name: str, case: Path, output: str, repeats: int) -> dict[str, object]:
    """Size, seconds and memory of the two images of a variant."""
    pairs = time_pairs(f"{name}-exec", case, output, repeats)
    resident = measure_resident(f"{name}-exec", case, output)
    ready, warm, peak = measure_warm(f"{name}-invoke", case, output, repeats)
    return {
        "image": name,
        "size_mb": round(int(docker("image", "inspect", "--format", "{{.Size}}", f"{name}-exec")) / 1e6),
        **describe_cold(pairs),
        "pairs": repeats,
        "server_ready_seconds": round(ready, 2),
        "warm_seconds": round(warm, 3),
        "resident_mb_exec": round(resident / 1e6),
        "counted_mb_invoke": round(peak / 1e6),
    }


def main() -> int:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--challenge", default="drive")
    parser.add_argument("--variant", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--repeats", type=int, default=5, help="pairs, and warm cases (default: %(default)s)")
    parser.add_argument("--cold", action="store_true", help=f"only the cold ratio; status 1 above {BAR}")
    options = parser.parse_args()
    version = (ROOT / "pyproject.toml").read_text().split('version = "', 1)[1].split('"', 1)[0]
    name = f"retseg-{options.challenge}:{version}-{options.variant}"
    case = sorted((ROOT / "test" / "cases" / options.challenge).iterdir())[0]
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "output"
        output.mkdir()
        output.chmod(0o777)
        Path(scratch).chmod(0o755)
        try:
            if options.cold:
                facts = describe_cold(time_pairs(f"{name}-exec", case, str(output), options.repeats))
                facts |= {"pairs": options.repeats, "bar": BAR}
            else:
                facts = measure_all(name, case, str(output), options.repeats)
        finally:
            open_up(f"{name}-exec", str(output))
    print(json.dumps(facts, indent=2))
    return int(options.cold and facts["cold_over_imports"] > BAR)


if __name__ == "__main__":
    sys.exit(main())
