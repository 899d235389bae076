"""Write docs/performance.md and its pictures from a result of `make bench`.

    python bench/page.py [RESULT.json]

Without a name, the last file of bench/results/. A number that the run did not give stands as "not measured".
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "images" / "performance.png"
FULL = "3504x2336"
MISSING = "not measured"

WAYS = {
    "monai": "MONAI `sliding_window_inference`, float32, 512, overlap 0.5, Gaussian, batch 4",
    "monai25": "the same, overlap 0.25",
    "nnunet": "nnU-Net v2 `nnUNetPredictor`, float32, 512, half steps, mirror images (four passes)",
    "torch-whole": "torch, bfloat16 autocast, channels-last, whole image",
    "ours-blended-tiles": "ours, blended tiles of 1536, overlap 0.25 (as in 0.1)",
    "ours-exact-tiles": "ours, `--memory 1.2`: tiles that equal the whole image",
    "ours-float32": "ours, whole, float32",
    "ours-mirrored": "ours, whole, mirror images (four passes)",
    "ours": "**ours, as shipped: whole**",
}
ABLATION = (
    ("bfloat16 instead of float32", "ours-float32", "ours"),
    ("whole instead of blended tiles", "ours-blended-tiles", "ours"),
    ("whole instead of exact tiles in 1.2 GB", "ours-exact-tiles", "ours"),
    ("OpenVINO instead of torch, both whole and bfloat16", "torch-whole", "ours"),
    ("no mirror images instead of four passes", "ours-mirrored", "ours"),
)
BARS: tuple[tuple[str, str, str, float, bool], ...] = (
    ("against MONAI, overlap 0.5", f"monai {FULL}, s", f"ours {FULL}, s", 25, True),
    ("against nnU-Net, mirroring in both", f"nnunet {FULL}, s", f"ours-mirrored {FULL}, s", 15, True),
    ("cold case against a script of a peer, seconds", "cold: script of a peer, s", "cold: process.py, s", 8, True),
    ("the same, memory", "cold: script of a peer, MB", "cold: process.py, MB", 4, True),
    (
        "cold case over bare imports and one inference",
        "cold: process.py, s",
        "cold: imports and one inference, s",
        1.2,
        False,
    ),
    (
        "five tasks, masks alone, over the networks alone",
        "around: masks alone",
        "around: networks of masks alone",
        1.5,
        False,
    ),
    ("five tasks, all written, over the networks alone", "around: all written", "around: networks", 1.5, False),
    (
        "20 DRIVE images over the sum of their inferences",
        "around: many images",
        "around: networks of many images",
        1.11,
        False,
    ),
    ("vessel measures against scikit-image in AutoMorph's way", "measuring: scikit-image", "measuring: ours", 10, True),
)
"""What, numerator, denominator, bar, and whether the bar is the least (True) or the most."""

INTRODUCTION = """# Speed and memory

`make bench` measures all of this page in about ten minutes and writes it, from `bench/results/`. `make bench-compare`
shows the ratios of the last two results of one machine, and fails where one is worse by more than a tenth."""

TURNS = """Medians of three or five turns for ours, one turn of the peers that take tens of seconds;
every way in a process of its own."""

WINDOWS = "Dice is that of the mask with our mask in float32 on the same image. `python bench/windows.py WAY 3504x2336`"

PEERS = """The peer's script imports segmentation_models_pytorch and runs the same weights in torch. AutoMorph's way is
written from its paper, by scikit-image. Programs: `bench/cold.py`, `bench/around.py`, `bench/measuring.py`."""

LACKING = """## What is missing

No figure of a GPU: none was at hand. `bench/gpu.py` writes them on a machine that has one; `--device cpu` runs the same
code. Not measured either: int8 by NNCF, and images of 20,000 x 20,000 pixels in this run."""

Numbers = dict[str, float]


def show(value: float | None, form: str = ".2f") -> str:
    """A number, or that there is none."""
    return MISSING if value is None else format(value, form)


def divide(numbers: Numbers, upper: str, lower: str) -> float | None:
    """A ratio of two numbers; None where one is missing."""
    one, other = numbers.get(upper), numbers.get(lower)
    return one / other if one is not None and other else None


def list_ways(numbers: Numbers) -> list[str]:
    """The table of the ways through the network."""
    lines = [
        "| way | seconds | MB above the model | times as fast as MONAI | Dice with float32 |",
        "|---|---|---|---|---|",
    ]
    for way, title in WAYS.items():
        seconds, memory = numbers.get(f"{way} {FULL}, s"), numbers.get(f"{way} {FULL}, MB")
        ratio = divide(numbers, f"monai {FULL}, s", f"{way} {FULL}, s")
        dice = numbers.get(f"share: Dice of {way} with float32")
        lines.append(
            f"| {title} | {show(seconds)} | {show(memory, '.0f')} | {show(ratio, '.1f')} | {show(dice, '.4f')} |"
        )
    return lines


def list_bars(numbers: Numbers) -> list[str]:
    """The table of ratios and bars."""
    lines = ["| what | found | bar | |", "|---|---|---|---|"]
    rows = [(what, divide(numbers, upper, lower), bar, least) for what, upper, lower, bar, least in BARS]
    rows.append(("the network's share of oneDNN's bfloat16", numbers.get("share of oneDNN"), 0.75, True))
    memory = numbers.get(f"ours {FULL}, MB")
    rows.append(("GB above the model, 3504x2336", None if memory is None else memory / 1000, 1.5, False))
    for what, found, bar, least in rows:
        holds = "" if found is None else "holds" if (found >= bar) == least or found == bar else "**missed**"
        lines.append(f"| {what} | {show(found)} | {'at least' if least else 'at most'} {bar:g} | {holds} |")
    return lines


def list_ablation(numbers: Numbers) -> list[str]:
    """One switch at a time."""
    lines = ["| switch | seconds without | with | ratio |", "|---|---|---|---|"]
    for title, off, on in ABLATION:
        one, other = f"{off} {FULL}, s", f"{on} {FULL}, s"
        cells = show(numbers.get(one)), show(numbers.get(other)), show(divide(numbers, one, other))
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def list_steps(numbers: Numbers) -> list[str]:
    """Each second of one photograph with five tasks."""
    prefix = "around: "
    found = {name.removeprefix(prefix): value for name, value in numbers.items() if name.startswith(prefix)}
    steps = {name: value for name, value in found.items() if "many" not in name and "alone" not in name}
    lines = ["| step | seconds |", "|---|---|"]
    return lines + [f"| {name} | {value:.3f} |" for name, value in steps.items()]


def draw(numbers: Numbers) -> None:
    """Time and memory against pixels, ours and the peers'."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for axis, unit, title in zip(axes, ("s", "MB"), ("seconds", "MB above the model"), strict=True):
        for way, mark in (("ours", "o"), ("torch-whole", "s"), ("monai25", "^")):
            points = []
            for name, value in numbers.items():
                if name.startswith(f"{way} ") and name.endswith(f", {unit}"):
                    width, height = name.split(" ")[1].split(",")[0].split("x")
                    points.append((int(width) * int(height) / 1e6, value))
            if points:
                axis.plot(*zip(*sorted(points), strict=True), marker=mark, label=way)
        axis.set(xscale="log", yscale="log", xlabel="megapixels", ylabel=title)
        axis.legend()
    figure.savefig(PICTURE, dpi=110)


def write_page(document: dict[str, Any]) -> None:
    """Write the page and the picture."""
    numbers: Numbers = document["numbers"]
    machine = document["machine"]
    draw(numbers)
    flags = ", ".join(machine["flags"]) or "no bfloat16"
    parts = [
        INTRODUCTION,
        f"Machine: {machine['processor']} ({flags}), {machine['threads']} threads, "
        f"load {machine['load']:.1f} before the run; "
        f"{document['date']}, commit `{document['commit']}`. {TURNS}",
        "## One photograph of 3504x2336 through the network of `vessel-drive`",
        "\n".join(list_ways(numbers)),
        WINDOWS,
        "## Ratios and their bars",
        "\n".join(list_bars(numbers)),
        PEERS,
        "## One switch at a time",
        "\n".join(list_ablation(numbers)),
        "## Every second of a photograph of 4288x2848 with five tasks",
        "\n".join(list_steps(numbers)),
        "With `--measure`, `--overlay` and `--probabilities`. `python bench/around.py`",
        "## Time and memory against pixels",
        "![Seconds and memory against megapixels, both on logarithmic axes](images/performance.png)",
        LACKING,
    ]
    PAGE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    named = Path(sys.argv[1]) if len(sys.argv) > 1 else max((ROOT / "bench" / "results").glob("*.json"))
    write_page(json.loads(named.read_text(encoding="utf-8")))
