"""`retseg info`: list tasks, models, challenges and engines, or describe a model, without loading torch or OpenVINO."""

import argparse
import dataclasses
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retseg import __version__
from retseg.challenge import list_challenges, load_challenge
from retseg.commands.choosing import list_declared_tasks
from retseg.commands.console import Console
from retseg.commands.options import add_challenges, add_models, list_challenge_folders, locate_models
from retseg.engine import ENGINES
from retseg.models import ModelError, find_card, find_models, list_cautions, verify_files
from retseg.toml_schema import SchemaError
from retseg.vocabulary import TASKS

if TYPE_CHECKING:
    from retseg.models import Card


EXAMPLE = "retseg info vessel"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("names", metavar="MODEL", nargs="*", help="say all about these models, and nothing else")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_challenges(parser)
    add_models(parser)


def run(options: argparse.Namespace) -> int:
    """Print the list, or all about the named models, as text or as JSON."""
    folders = locate_models(options.models)
    if options.names:
        models = [describe_model(find_card(name, folders)) for name in dict.fromkeys(options.names)]
        Console(json=options.json).show({"models": models}, (line for model in models for line in format_model(model)))
        return 0
    facts = collect(folders, list_challenge_folders(options))
    Console(json=options.json).show(facts, format_lines(facts))
    return 0


def collect(model_folders: Sequence[Path], challenge_folders: Sequence[Path] = ()) -> dict[str, Any]:
    """Tasks, models, challenges and engines as plain values.

    Args:
        model_folders: folders of model folders, searched in this order.
        challenge_folders: folders of challenges, searched before the package.
    """
    cards = find_models(model_folders)
    found = (*TASKS, *list_declared_tasks(challenge_folders), *(task for card in cards for task in card.tasks))
    tasks = tuple(dict.fromkeys(found))
    return {
        "version": __version__,
        "models_directories": [str(folder) for folder in model_folders],
        "tasks": [{"name": task, "models": [card.name for card in cards if task in card.tasks]} for task in tasks],
        "models": [describe_model(card) for card in cards],
        "challenges": [describe_challenge(name, challenge_folders) for name in list_challenges(*challenge_folders)],
        "engines": [{"name": name, "installed": importlib.util.find_spec(name) is not None} for name in ENGINES],
    }


def describe_model(card: "Card") -> dict[str, Any]:
    """What a model does, what it was trained on, how it scored, and whether its files are intact."""
    try:
        verify_files(card)
        fault = ""
    except ModelError as error:
        fault = str(error)
    return {
        "name": card.name,
        "version": card.version,
        "modality": card.modality,
        "architecture": card.network.architecture,
        "tasks": {name: {"threshold": task.threshold} for name, task in card.tasks.items()},
        "training": {"data": card.training.data, "terms": card.training.terms, "start": card.training.start},
        "scores": [
            {key: getattr(score, key) for key in ("task", "metric", "value", "low", "high", "protocol")}
            for score in card.score
        ],
        "held_out": [dataclasses.asdict(row) for row in card.held_out],
        "origin": dataclasses.asdict(card.origin) if card.origin else None,
        "phantom": card.is_phantom,
        "warnings": list(list_cautions(card)),
        "intact": not fault,
        "fault": fault,
    }


def describe_challenge(name: str, folders: Sequence[Path]) -> dict[str, Any]:
    """A challenge's tasks, and the sockets of each of its interfaces; its name and its `fault` if its file is wrong."""
    try:
        challenge = load_challenge(name, *folders)
    except SchemaError as error:
        return {"name": name, "fault": str(error)}
    return {
        "name": challenge.name,
        "fault": "",
        "title": challenge.title,
        "modality": challenge.modality,
        "tasks": challenge.models,
        "interfaces": [{"inputs": i.inputs, "outputs": i.outputs} for i in challenge.interface],
    }


def format_lines(facts: dict[str, Any]) -> list[str]:
    """The facts as lines of text, one for each task, model, challenge and engine."""
    lines = [f"retseg {facts['version']}", "", "tasks"]
    for task in facts["tasks"]:
        lines.append(f"  {task['name']:<20} {', '.join(task['models']) or 'no model here'}")
    lines += ["", f"models in {' and '.join(facts['models_directories'])}; `retseg info MODEL` says all about one"]
    for model in facts["models"]:
        marks = ["NOT USABLE"] * (not model["intact"]) + ["trained on drawings"] * model["phantom"]
        lines.append(f"  {model['name']:<24} {', '.join([*model['tasks'], *marks])}")
    lines += ["", "challenges"]
    for item in facts["challenges"]:
        fault = f"NOT USABLE: {item['fault']}" if item["fault"] else ""
        lines.append(f"  {item['name']:<20} {fault or item['title'] + ' (' + ', '.join(item['tasks']) + ')'}")
    lines += ["", "engines"]
    lines += [
        f"  {item['name']:<20} {'installed' if item['installed'] else 'not installed'}" for item in facts["engines"]
    ]
    return lines


def format_model(model: dict[str, Any]) -> list[str]:
    """All about a model as lines of text."""
    tasks = ", ".join(f"{name} (threshold {task['threshold']:g})" for name, task in model["tasks"].items())
    lines = [f"{model['name']} {model['version']}", f"  {model['architecture']}, {model['modality']}: {tasks}"]
    lines.append(f"  trained on {model['training']['data']}; {model['training']['terms']}")
    lines += [f"  warning: {sentence}" for sentence in model["warnings"]]
    if model["origin"]:
        files = ", ".join(f"{name} (SHA-256 {digest})" for name, digest in model["origin"]["files"].items())
        lines.append(f"  adopted from {model['origin']['kind']}, {files}; licence {model['origin']['licence']}")
        lines += [f"  {note}" for note in model["origin"]["notes"]]
    for score in model["scores"]:
        interval = f"{score['value']:.4f} [{score['low']:.4f}, {score['high']:.4f}]"
        lines.append(f"  {score['task']} {score['metric']} {interval}, {score['protocol']}")
    lines += [f"  {line}" for line in format_held_out(model["held_out"])]
    lines.append(f"  {'files as the card says' if model['intact'] else 'NOT USABLE: ' + model['fault']}")
    return lines


def format_held_out(rows: list[dict[str, Any]]) -> list[str]:
    """A line for each task and group of held-out images: `held out, data set left out, DRIVE (20): ...`."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        images = f"held out, {row['way']}, {row['images']} ({row['count']})"
        groups.setdefault((row["task"], images), []).append(f"{row['metric']} {row['value']:.3f}")
    return [f"{images}: {task} {', '.join(values)}" for (task, images), values in groups.items()]
