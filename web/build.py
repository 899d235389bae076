"""Build the page that segments photographs in the browser alone: `python -m web.build [FOLDER]`, by default build/site.

The page is that of `retseg view`; its source of results is `web/page/source-browser.js`. The networks run by
onnxruntime-web, which npm installs by the versions and hashes of `web/package-lock.json`.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import onnx

from retseg.challenge import load_challenge
from retseg.models import PACKAGED_MODELS, Card, match_models
from retseg.models.store import verify_files
from retseg.view import describe_settings
from retseg.view.levels import find_cut

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "retseg" / "view" / "page", Path(__file__).with_name("page"))
EXAMPLE = ROOT / "docs" / "images" / "retina.jpg"
RUNTIME = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
NOT_CHECKED = "Whether the photograph is in focus and shows a retina is not checked in the browser."
Matched = Sequence[tuple[Card, tuple[str, ...]]]


class SiteError(Exception):
    """The page cannot be built; the message says why and what to do."""


def main() -> int:
    """Build, and say how to see it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "site", help="is emptied first")
    parser.add_argument("--challenge", default="fundus", help="whose models the page has")
    options = parser.parse_args()
    try:
        build(options.folder, options.challenge)
    except SiteError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.folder} is whole: python -m http.server -d {options.folder} 8000, then http://localhost:8000")
    return 0


def build(folder: Path, challenge: str) -> None:
    """Write the page, the runtime, the models and the settings into a folder.

    Raises:
        SiteError: npm is missing or fails, or a model cannot run in the browser.
    """
    runtime = install_runtime(ROOT / "build" / "npm")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    copy_page(folder)
    (folder / "onnxruntime").mkdir()
    for name in RUNTIME:
        shutil.copy(runtime / "dist" / name, folder / "onnxruntime" / name)
    shutil.copy(EXAMPLE, folder / EXAMPLE.name)
    chosen = load_challenge(challenge)
    matched = match_models(chosen.models, (PACKAGED_MODELS,), chosen.modality)
    settings = {
        **describe_settings(chosen.title, matched),
        "suffixes": [".png", ".jpg", ".jpeg"],
        "fit": NOT_CHECKED,
        "example": {"name": EXAMPLE.name},
        "networks": [write_model(card, tasks, folder) for card, tasks in matched],
    }
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


def install_runtime(folder: Path) -> Path:
    """The folder of onnxruntime-web, installed by its lock below `folder`.

    Raises:
        SiteError: npm is missing, or a package cannot be had or is not the one of the lock.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise SiteError("there is no npm, which installs onnxruntime-web: on Debian, apt-get install npm")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).with_name(name), folder / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SiteError(f"npm could not install onnxruntime-web:\n{done.stderr[-2000:]}")
    return folder / "node_modules" / "onnxruntime-web"


def copy_page(folder: Path) -> None:
    """The files of the page; `source-browser.js` takes the place of the server's source."""
    for page in PAGES:
        for path in page.iterdir():
            if path.suffix in (".html", ".css", ".js", ".svg") and path.name != "source-server.js":
                shutil.copy(path, folder / path.name)
    (folder / "page.html").rename(folder / "index.html")
    (folder / "source-browser.js").rename(folder / "source.js")


def write_model(card: Card, tasks: tuple[str, ...], folder: Path) -> dict[str, Any]:
    """Write a model as one ONNX file with its weights, and describe it for the page.

    Raises:
        SiteError: its card asks for what the page cannot do.
    """
    refuse_unknown(card)
    verify_files(card)
    content = onnx.load(str(card.directory / "model.onnx")).SerializeToString()
    name = f"{card.name}.onnx"
    (folder / name).write_bytes(content)
    rules = {task: card.tasks[task] for task in card.tasks}
    return {
        "name": card.name,
        "file": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "tasks": [
            {
                "name": task,
                "shown": task in tasks,
                "threshold": rule.threshold,
                "cut": find_cut(rule.threshold),
                "minimum": rule.minimum_component_size,
            }
            for task, rule in rules.items()
        ],
        "preprocessing": asdict(card.preprocessing),
        "inference": asdict(card.inference),
    }


def refuse_unknown(card: Card) -> None:
    """Refuse what the modules in `web/page` do not do.

    Raises:
        SiteError: the card asks for it.
    """
    lacking = {
        "the whole frame": card.framing.region != "field_of_view",
        "CLAHE": bool(card.preprocessing.clahe),
        "blended tiles": not (card.inference.tiling.margin and card.inference.tiling.memory),
        "another field of view than a round one": card.view_rule != "round",
    }
    if found := [what for what, asked in lacking.items() if asked]:
        raise SiteError(f"the model '{card.name}' needs {', '.join(found)}, which the page cannot do: leave it out")


if __name__ == "__main__":
    sys.exit(main())
