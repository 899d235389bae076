"""A cold `process.py` on one image, compared with `import torch`: seconds, peak memory, and whether torch is imported.

The image is the first test image of DRIVE if RETSEG_DATA has it, and else a phantom of the same size.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5


def measure(command: list[str]) -> tuple[float, float]:
    """Wall-clock seconds of a process, and the peak resident memory of the largest child so far, in MB."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def choose_input(folder: Path) -> Path:
    """A folder with one image of DRIVE's size."""
    image = Path(os.environ.get("RETSEG_DATA", "")) / "DRIVE" / "test" / "images" / "01_test.tif"
    if not image.is_file():
        return ROOT / "test" / "cases" / "drive" / "01" / "input"
    (folder / "input").mkdir()
    (folder / "input" / image.name).symlink_to(image.resolve())
    return folder / "input"


def main() -> None:
    """Measure the cases, then the imports, and print medians and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        source = choose_input(Path(name))
        script = ["process.py", "--challenge", "drive", "--input", str(source), "--output", f"{name}/output"]
        process = [sys.executable, *script]
        torch = [sys.executable, "-c", "import torch"]
        rows = []
        measure(process)
        for _ in range(RUNS):
            seconds, megabytes = measure(process)
            rows.append((seconds, megabytes))
        others = [measure(torch)[0] for _ in range(RUNS)]
        code = "import runpy, sys; sys.argv = sys.argv[1:]; "
        code += "exec('try: runpy.run_path(sys.argv[0], run_name=\"__main__\")\\nexcept SystemExit: pass'); "
        code += "print('torch' in sys.modules)"
        command = [sys.executable, "-c", code, *script]
        found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    seconds = statistics.median(row[0] for row in rows)
    other = statistics.median(others)
    print(f"process.py on {source}: median of {RUNS}, {seconds:.2f} s, peak {max(row[1] for row in rows):.0f} MB")
    print(f"import torch: median of {RUNS}, {other:.2f} s; ratio {seconds / other:.2f} (to stay under 0.5)")
    print(f"torch imported by process.py: {found.stdout.split()[-1]}")


if __name__ == "__main__":
    main()
