"""Run an adopted network on drawn images: does it say anything, and would it say more if it were declared otherwise?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from retseg.adopt.declared import CONSTANT, NORMALISATIONS, Declared, Standard, make_standard
from retseg.adopt.error import AdoptError
from retseg.engine import Engine
from retseg.image import view_image
from retseg.metrics.curves import average_precision
from retseg.metrics.histograms import count_probabilities
from retseg.phantom import FundusContent, LesionCounts, Phantom, draw_fundus, draw_octa
from retseg.predictor import predict_probabilities
from retseg.preprocessing import Channels

LARGEST_SHARE = 0.9
"""Of the field of view: no structure of the retina fills more of it."""

SMALLEST_CONTRAST = 1e-4
"""Standard deviation of probabilities: below it a network says the same everywhere."""

WELL, BETTER = 0.5, 0.015
"""Average precision: another declaration is right if it reaches the first and is better than this by the second."""


@dataclass(frozen=True)
class Finding:
    """What a network found in drawn images: the average precision of each task that is drawn."""

    precisions: Mapping[str, float]

    @property
    def mean(self) -> float:
        """The mean over the tasks; nan without any."""
        return float(np.mean(list(self.precisions.values()))) if self.precisions else float("nan")


@cache
def draw_probes(modality: str) -> tuple[Phantom, ...]:
    """Two drawn images of a kind; other kinds than angiograms get photographs."""
    if modality == "octa":
        return draw_octa(7), draw_octa(8)
    lesions = LesionCounts(microaneurysm=12, haemorrhage=6, hard_exudate=4, soft_exudate=2)
    return draw_fundus(7, content=FundusContent(lesions)), draw_fundus(8, content=FundusContent(lesions))


def probe(engine: Engine, declared: Declared, trusted: bool) -> tuple[str, ...]:
    """Refuse a network that says nothing of drawn images, or that would say more if it were declared otherwise.

    Args:
        engine: runs the adopted graph in single precision.
        declared: what is said of the network.
        trusted: whether it is taken as declared even if another declaration fits better.

    Returns:
        Sentences for the card.

    Raises:
        AdoptError: the output is the same everywhere, fills the field of view, or another declaration fits better.
    """
    probes = draw_probes(declared.modality)
    maps = [look(engine, declared, phantom) for phantom in probes]
    found = judge(declared, probes, maps)
    words, best = find_better(engine, declared, probes, found) if found.precisions else ("", found)
    if words and not trusted:
        raise AdoptError(
            f"the network finds {', '.join(found.precisions)} in drawn images better with {words} (average precision "
            f"{best.mean:.3f}) than as declared ({found.mean:.3f}): give {words}, or --trust to keep what is declared"
        )
    refuse_silence(maps, [find_view(declared, phantom) for phantom in probes], tuple(declared.readout.classes))
    notes = [f"average precision of {task} in drawn images: {value:.3f}" for task, value in found.precisions.items()]
    if words:
        notes.append(f"taken as declared, although {words} reaches {best.mean:.3f}")
    untested = [task for task in declared.readout.classes if task not in found.precisions]
    if untested:
        notes.append(f"{', '.join(untested)} is not drawn, so it was not tested in drawn images")
    return tuple(notes)


def find_better(engine: Engine, declared: Declared, probes: Sequence[Phantom], found: Finding) -> tuple[str, Finding]:
    """The options of the declaration that fits drawn images better, and what is found so; nothing where none does."""
    best, words = found, ""
    for change, other, restated in list_alternatives(engine, declared):
        rival = judge(other, probes, [look(restated, other, phantom) for phantom in probes])
        if rival.mean > best.mean:
            best, words = rival, change
    better = best.mean >= WELL and best.mean - found.mean > BETTER
    return (words, best) if better else ("", found)


def find_view(declared: Declared, phantom: Phantom) -> NDArray[np.bool_]:
    """The field of view of a drawn image, as it is found in use: bool (H, W)."""
    if declared.field_of_view is None and declared.modality in ("cfp", "octa"):
        return phantom.field_of_view
    return view_image(phantom.pixels, declared.field_of_view or "frame").mask


def look(engine: Engine, declared: Declared, phantom: Phantom) -> NDArray[np.float32]:
    """The probabilities of the tasks in a drawn image, float32 (tasks, H, W)."""
    view = find_view(declared, phantom)
    return predict_probabilities(
        phantom.pixels, view, declared.framing, declared.preprocessing, declared.inference, engine
    )


def refuse_silence(
    maps: Sequence[NDArray[np.float32]], views: Sequence[NDArray[np.bool_]], tasks: Sequence[str]
) -> None:
    """Refuse a task whose probabilities are the same everywhere, or above one half nearly everywhere.

    Raises:
        AdoptError: names the task.
    """
    for number, task in enumerate(tasks):
        inside = [planes[number][view] for planes, view in zip(maps, views, strict=True)]
        share = min(float((values > 0.5).mean()) for values in inside)
        spread = max(float(values.std()) for values in inside)
        if share > LARGEST_SHARE:
            raise AdoptError(
                f"the network finds {task} in {share:.0%} of the field of view of drawn images: the --task belongs to "
                "another output (0 is often the background), or --normalise or --activation is wrong"
            )
        if spread < SMALLEST_CONTRAST:
            level = float(np.mean([values.mean() for values in inside]))
            raise AdoptError(
                f"the network says {level:.3g} for {task} everywhere in drawn images: --normalise or the scale is "
                "wrong, or the weights are not those of a trained network"
            )


def judge(declared: Declared, probes: Sequence[Phantom], maps: Sequence[NDArray[np.float32]]) -> Finding:
    """The average precision of each task that is drawn, of all images together, in their fields of view."""
    precisions = {}
    for number, task in enumerate(declared.readout.classes):
        counted = [
            count_probabilities(np.ascontiguousarray(planes[number]), phantom.masks[task], phantom.field_of_view)
            for phantom, planes in zip(probes, maps, strict=True)
            if task in phantom.masks and phantom.masks[task].any()
        ]
        if counted:
            precisions[task] = average_precision(sum(counted[1:], counted[0]))
    return Finding(precisions)


class Restated:
    """An engine that undoes the normalisation of its graph and takes pixels that are standardised by another."""

    def __init__(self, engine: Engine, own: Standard, other: Standard) -> None:
        self.memory, self.description = engine.memory, engine.description
        self._engine, self._own, self._other = engine, own, other

    def __call__(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """From tiles of pixels from 0 to 1 to logits, float32 (N, tasks, H, W)."""
        mean, deviation, other_mean, other_deviation = (
            np.reshape(values, (1, -1, 1, 1)).astype(np.float32)
            for values in (self._own.mean, self._own.deviation, self._other.mean, self._other.deviation)
        )
        return self._engine((tiles - other_mean) / other_deviation * deviation + mean)


def list_alternatives(engine: Engine, declared: Declared) -> Iterator[tuple[str, Declared, Engine]]:
    """Other declarations, each with one change: its options, and the engine that runs the network so."""
    own = declared.standard
    if declared.channels in ("rgb", "bgr"):
        order: Channels = "bgr" if declared.channels == "rgb" else "rgb"
        other = replace(declared, channels=order, standard=Standard(own.name, own.mean[::-1], own.deviation[::-1]))
        yield f"--channels {order}", other, Restated(engine, own, other.standard)
    for name in NORMALISATIONS:
        if name != own.name and not (name in CONSTANT and own == make_standard(name, declared.channels)):
            other = replace(declared, standard=make_standard(name, declared.channels))
            yield f"--normalise {name}", other, Restated(engine, own, other.standard)
    for factor in (0.5, 2.0):
        if not declared.scalable:
            return
        if declared.framing.size:
            size = tuple(round(side * factor) for side in declared.framing.size)
            text = f"--size {size[0]},{size[1]}"
            yield text, replace(declared, framing=replace(declared.framing, size=size)), engine
        elif declared.diameter:
            diameter = round(declared.diameter * factor)
            yield f"--diameter {diameter}", replace(declared, diameter=diameter), engine
