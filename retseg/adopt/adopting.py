"""From a foreign network and what is said of it to a model folder, or to one sentence on why it does not fit."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg import __version__
from retseg.adopt.declared import Declared
from retseg.adopt.error import AdoptError
from retseg.adopt.golden import GOLDEN_NAME, run_golden, write_golden
from retseg.adopt.probe import draw_probes, find_view, probe
from retseg.adopt.readout import check_scores
from retseg.adopt.sizes import find_multiple
from retseg.adopt.source import Source
from retseg.adopt.surgery import attach
from retseg.engine import Engine
from retseg.engine.openvino import OpenVinoEngine
from retseg.files import replacing_all
from retseg.models import (
    CARD_FORMAT,
    Card,
    MaskRule,
    NetworkSpec,
    Origin,
    Training,
    hash_file,
    write_card,
)
from retseg.models.graph import GraphError, check_graph
from retseg.preprocessing import frame_image, measure_brightness, normalise

AGREEMENT = 1e-4
"""The largest difference of a probability between a source and the graph that is made of it."""

THRESHOLD = 0.5
"""Of a task without validation images."""

LEAST_MULTIPLE = 32
"""Pixels: tiles have sides of multiples of this, also where a network would take any."""

LOUD = 8.0
"""Standard deviation of the noise that drives logits out of [0, 1]."""


@dataclass(frozen=True)
class Facts:
    """What the card says of the origin of a model.

    Attributes:
        name: of the model.
        kind: what was adopted.
        files: name to SHA-256 of every file that was adopted.
        licence: of these files.
        data: what the network was trained on.
        notes: what the reading of the files found.
    """

    name: str
    kind: str
    files: Mapping[str, str]
    licence: str
    data: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """A network that fits what is said of it.

    Attributes:
        declared: with the sizes that it takes.
        graph: the content of `model.onnx`.
        agreement: the largest difference of a probability from the source.
        notes: sentences for the card.
    """

    declared: Declared
    graph: bytes
    agreement: float
    notes: tuple[str, ...]


def try_source(source: Source, declared: Declared, trusted: bool = False) -> Trial:
    """Test a network against what is said of it.

    Args:
        source: as it was read.
        declared: what is said of it.
        trusted: whether it is taken as declared even if another declaration fits drawn images better.

    Raises:
        AdoptError: it does not fit; the message says what does.
    """
    check_channels(source, declared)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "source.onnx"
        raw.write_bytes(source.graph.SerializeToString())
        check_operators(raw)
        engine = OpenVinoEngine(raw, precision="f32")
        declared = fit_sizes(declared, find_multiple(engine, source), source)
        tiles = make_tiles(declared, source)
        check_scores([engine(tile)[0] for tile in tiles], declared.readout)
        adopted = Path(folder) / "model.onnx"
        adopted.write_bytes(attach(source.graph, declared.standard, declared.readout).SerializeToString())
        engine = OpenVinoEngine(adopted, precision="f32")
        agreement = measure_agreement(engine, source, declared)
        notes = probe(engine, declared, trusted)
        return Trial(declared, adopted.read_bytes(), agreement, notes)


def check_channels(source: Source, declared: Declared) -> None:
    """Compare the channels of a network with those that are declared.

    Raises:
        AdoptError: the numbers differ.
    """
    count = declared.preprocessing.channel_count
    if source.channels != count:
        advice = {1: "--channels green or --channels grey", 3: "--channels rgb or --channels bgr"}.get(
            source.channels, "a network for photographs of 1 or 3 channels"
        )
        raise AdoptError(
            f"the network takes {source.channels} channels, and --channels {declared.channels} gives {count}: "
            f"give {advice}"
        )


def check_operators(path: Path) -> None:
    """Refuse a graph that holds what a model folder must not hold.

    Raises:
        AdoptError: names the operator or the weights.
    """
    try:
        check_graph(path, [])
    except GraphError as error:
        raise AdoptError(f"the graph of the network {error}: export it without") from error


def fit_sizes(declared: Declared, multiple: int, source: Source) -> Declared:
    """The declaration with tiles that the network takes.

    Raises:
        AdoptError: the network takes one size only, and images are not brought to it.
    """
    if source.size is None:
        return declared.with_multiple(max(multiple, LEAST_MULTIPLE))
    height, width = source.size
    if declared.framing.size != (width, height):
        raise AdoptError(
            f"the network takes images of {width} x {height} pixels only: give --size {width},{height}, or export "
            "it with free height and width"
        )
    tiling = replace(declared.inference.tiling, size=max(height, width), multiple=1)
    return replace(declared, scalable=False, inference=replace(declared.inference, tiling=tiling))


def make_tiles(declared: Declared, source: Source) -> list[NDArray[np.float32]]:
    """What the network sees, (1, C, H, W) each: a drawn image as declared, and loud noise."""
    phantom = draw_probes(declared.modality)[0]
    view = find_view(declared, phantom)
    working = frame_image(phantom.pixels, view, declared.framing, declared.preprocessing)
    pixels = normalise(working.pixels, working.region, measure_brightness(working, declared.preprocessing))
    height, width = source.size or (0, 0)
    if not source.size:
        multiple = declared.inference.tiling.multiple
        height, width = (max(multiple, side // multiple * multiple) for side in pixels.shape[1:])
        pixels = np.pad(pixels, ((0, 0), (0, max(0, height - pixels.shape[1])), (0, max(0, width - pixels.shape[2]))))
    mean, deviation = (np.reshape(v, (-1, 1, 1)) for v in (declared.standard.mean, declared.standard.deviation))
    drawn = ((pixels[:, :height, :width] - mean) / deviation).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, LOUD, drawn.shape).astype(np.float32)
    return [drawn[None], noise[None]]


def measure_agreement(engine: Engine, source: Source, declared: Declared) -> float:
    """The largest difference of a probability between the source, as it runs where it was made, and the adopted graph.

    Raises:
        AdoptError: it is larger than `AGREEMENT`.
    """
    tile = make_tiles(declared, source)[0]
    mean, deviation = (np.reshape(v, (1, -1, 1, 1)) for v in (declared.standard.mean, declared.standard.deviation))
    if not source.size:
        multiple = declared.inference.tiling.multiple
        side = max(source.reach // multiple, 1) * multiple
        top, left = (max(0, (length - side) // 2) for length in tile.shape[2:])
        tile = np.ascontiguousarray(tile[:, :, top : top + side, left : left + side])
    wanted = declared.readout.to_probabilities(source.run(tile)[0])
    logits = engine((tile * deviation + mean).astype(np.float32))[0]
    found = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -60, 60)))
    difference = float(np.abs(found - wanted).max())
    if not difference <= AGREEMENT:
        raise AdoptError(
            f"the graph gives probabilities that differ by {difference:.2g} from those of the source, and "
            f"{AGREEMENT:g} is allowed: export the network to ONNX by the program that made it, and adopt that"
        )
    return difference


def write_model(trial: Trial, facts: Facts, models: Path) -> Card:
    """Write the folder of an adopted model, and run its golden test from there: all of it, or nothing.

    Args:
        trial: from `try_source`.
        facts: for the card.
        models: the folder of model folders.

    Raises:
        AdoptError: the model fails its golden test.
        OutputError: the folder cannot be written.
    """
    with replacing_all(models / facts.name) as folder:
        (folder / "model.onnx").write_bytes(trial.graph)
        card = draft(trial, facts, folder)
        phantom = draw_probes(card.modality)[0]
        engine = OpenVinoEngine(folder / "model.onnx", precision="f32")
        write_golden(folder / GOLDEN_NAME, card, engine, phantom.pixels, find_view(trial.declared, phantom))
        card = replace(card, files={name: hash_file(folder / name) for name in ("model.onnx", GOLDEN_NAME)})
        write_card(card)
        run_golden(card)
    return replace(card, directory=models / facts.name)


def draft(trial: Trial, facts: Facts, folder: Path) -> Card:
    """The card of an adopted model, without its files."""
    declared = trial.declared
    notes = (*facts.notes, *trial.notes, f"threshold not chosen on data: {THRESHOLD:g} for each task")
    return Card(
        format=CARD_FORMAT,
        name=facts.name,
        version=__version__,
        modality=declared.modality,
        tasks={task: MaskRule(THRESHOLD) for task in declared.readout.classes},
        network=NetworkSpec("graph"),
        preprocessing=declared.preprocessing,
        inference=declared.inference,
        training=Training("adopted", "", 0, facts.data, facts.licence, {}),
        files={},
        framing=declared.framing,
        field_of_view=declared.field_of_view,
        origin=Origin(facts.kind, dict(facts.files), facts.licence, trial.agreement, notes),
        directory=folder,
    )
