"""Size, cold and warm seconds per case, and peak memory of the container images.

    python bench/container.py [--challenge NAME] [--variant cpu|gpu] [--repeats N]

Cold: `docker run` of the `exec` image on one case, from the command to its end, against the same image importing
numpy, SimpleITK and OpenVINO and ending; the two alternate, and medians are given. Warm: `POST /invoke` of a warm
server. Peak memory: what the kernel counted for the container (`memory.peak`, or `max_usage_in_bytes` of cgroup 1),
page cache included, so that it is an upper bound; the largest resident set of the process stands beside it.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = "import numpy, SimpleITK, openvino"
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


def docker(*words: str) -> str:
    """Run a docker command and return what it says."""
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def mounts(case: Path, output: str) -> list[str]:
    """The options that put a case where the platform puts it."""
    return ["--volume", f"{case / 'input'}:/input:ro", "--volume", f"{output}:/output", *FLAGS]


def time_run(*words: str) -> float:
    """Seconds of one `docker run`."""
    start = time.perf_counter()
    docker("run", "--rm", *words)
    return time.perf_counter() - start


def measure_cold(image: str, case: Path, output: str, repeats: int) -> tuple[float, float]:
    """Median seconds of a case and of the bare imports, alternating."""
    cases, imports = [], []
    for _ in range(repeats):
        imports.append(time_run(*FLAGS, "--entrypoint", "python3", image, "-c", IMPORTS))
        cases.append(time_run(*mounts(case, output), image))
    return statistics.median(cases), statistics.median(imports)


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
    """Seconds that the server takes for one question, timed inside the container."""
    script = (ROOT / "container" / "call.py").read_text()
    timed = (
        "import sys, time\nstart = time.perf_counter()\n"
        + script
        + "\n    print('seconds', time.perf_counter() - start)\n"
    )
    words = ["docker", "exec", "-i", container, "python3", "-", what, str(limit)]
    told = subprocess.run(words, input=timed, check=True, capture_output=True, text=True).stdout
    if told.split("\n", 1)[0] not in ("200", "201"):
        raise SystemExit(f"{what} was answered: {told}")
    return float(told.rsplit("seconds ", 1)[1])


def read_peak(container: str) -> int:
    """Peak bytes that the kernel counted for a running container; 0 where it does not say."""
    found = [Path(place.format(container)) for place in PEAKS]
    return next((int(path.read_text()) for path in found if path.exists()), 0)


def measure_resident(image: str, case: Path, output: str) -> int:
    """Largest resident set of process.py, in bytes."""
    told = docker("run", "--rm", *mounts(case, output), "--entrypoint", "python3", image, "-c", RESIDENT)
    return 1024 * int(told.rsplit("resident ", 1)[1])


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--challenge", default="drive")
    parser.add_argument("--variant", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    version = (ROOT / "pyproject.toml").read_text().split('version = "', 1)[1].split('"', 1)[0]
    name = f"retseg-{options.challenge}:{version}-{options.variant}"
    case = sorted((ROOT / "test" / "cases" / options.challenge).iterdir())[0]
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "output"
        output.mkdir()
        output.chmod(0o777)
        Path(scratch).chmod(0o755)
        cold, imports = measure_cold(f"{name}-exec", case, str(output), options.repeats)
        resident = measure_resident(f"{name}-exec", case, str(output))
        ready, warm, peak = measure_warm(f"{name}-invoke", case, str(output), options.repeats)
        docker(
            "run",
            "--rm",
            "--user",
            "0",
            "--volume",
            f"{output}:/opened",
            "--entrypoint",
            "chmod",
            f"{name}-exec",
            "-R",
            "a+rwX",
            "/opened",
        )
    facts = {
        "image": name,
        "size_mb": round(int(docker("image", "inspect", "--format", "{{.Size}}", f"{name}-exec")) / 1e6),
        "cold_seconds": round(cold, 2),
        "import_seconds": round(imports, 2),
        "cold_over_imports": round(cold / imports, 2),
        "server_ready_seconds": round(ready, 2),
        "warm_seconds": round(warm, 3),
        "resident_mb_exec": round(resident / 1e6),
        "counted_mb_invoke": round(peak / 1e6),
    }
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
