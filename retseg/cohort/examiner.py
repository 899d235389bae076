"""Examine one image: segment it, measure it, write its masks where they are wanted."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retseg.cohort.dicom_seg import write_segmentation
from retseg.cohort.item import RETINA, CohortError, Item, Result, Value
from retseg.cohort.quality import describe_quality, judge
from retseg.cohort.storage import StorageError, as_file
from retseg.engine import EngineKind, choose_engine
from retseg.errors import explain
from retseg.files import DICOM_SUFFIXES, OutputError, has_suffix, replacing_all
from retseg.image import Image, write_mask, write_picture
from retseg.measures import Known, Measures, measure_masks
from retseg.models import hash_file, match_models
from retseg.predictor import MemoryShortageError, Prediction, Predictor, segment_file
from retseg.report.overlay import draw_overlay
from retseg.vocabulary import Modality

PASSING = (OutputError, StorageError, MemoryShortageError, MemoryError)
"""What may be gone the next time: a full disk, a storage that did not answer, too little memory."""


@dataclass(frozen=True)
class Work:
    """What is done with every image; a worker makes its `Examiner` from it.

    Attributes:
        models: task to the name of its model.
        folders: of model folders, searched in this order.
        output: the folder of the results.
        modality: of the images; None where it follows from the models.
        engine: what runs the networks.
        memory: bytes that a network may use; None for what the machine allows.
        max_pixels: that an image may have; None for the default.
        masks, overlay, segmentation: what is written beside the row; the last for DICOM photographs.
    """

    models: Mapping[str, str]
    folders: tuple[Path, ...]
    output: Path
    modality: Modality | None = None
    engine: EngineKind = "auto"
    memory: int | None = None
    max_pixels: int | None = None
    masks: bool = False
    overlay: bool = False
    segmentation: bool = False

    def open(self) -> "Examiner":
        """Load the models.

        Raises:
            ModelError: one is missing or altered.
        """
        matched = match_models(self.models, self.folders, self.modality)
        predictor = Predictor.load(matched, choose_engine(self.engine), self.memory)
        names = "; ".join(
            f"{card.name} {card.version} {hash_file(card.directory / 'card.toml')}" for card, _ in matched
        )
        return Examiner(self, predictor, names)


@dataclass(frozen=True)
class Examiner:
    """Models that are ready, and what is to be done with each image.

    Attributes:
        work: what is done.
        predictor: the models.
        names: of each model, its version and the SHA-256 of its card, for the table.
    """

    work: Work
    predictor: Predictor
    names: str

    def examine(self, item: Item) -> Result:
        """Examine one image. Whatever goes wrong with it becomes its failure."""
        start = time.monotonic()
        try:
            found = self._examine(item)
        except Exception as error:  # one image never ends the cohort
            seconds = time.monotonic() - start
            return Result(item, {}, seconds, explain(error), isinstance(error, PASSING))
        return Result(item, found, time.monotonic() - start)

    def _examine(self, item: Item) -> dict[str, Value]:
        with as_file(item.address) as path:
            image, prediction = segment_file(path, self.predictor.predict, lambda _line: None, self.work.max_pixels)
            lacking = self._write(item, path, image, prediction)
        doubts = judge(image, prediction, lacking)
        width, height = image.geometry.size
        measures = measure_masks(image, prediction.masks, prediction.field_of_view, Known(modality=prediction.modality))
        return {
            "width": width,
            "height": height,
            **{f"file_{name}": value for name, value in image.facts.items()},
            **fill_cells(measures, doubts[RETINA] is True),
            **describe_quality(measures.quality),
            **doubts,
            "models": self.names,
        }

    def _write(self, item: Item, path: Path, image: Image, prediction: Prediction) -> str:
        """All files of an image appear together, or none of them; gives a sentence if one of them cannot be made."""
        work, lacking = self.work, ""
        if not (work.masks or work.overlay or work.segmentation):
            return lacking
        with replacing_all(work.output) as beside:
            if work.masks:
                for task, mask in prediction.masks.items():
                    write_mask(beside / "masks" / task / f"{item.name}.png", mask, image.geometry)
            if work.overlay:
                drawn = draw_overlay(image.pixels, prediction.masks)
                write_picture(beside / "overlay" / f"{item.name}.png", drawn)
            if work.segmentation and has_suffix(path, DICOM_SUFFIXES):
                try:
                    write_segmentation(beside / "seg" / f"{item.name}.dcm", path, prediction.masks, self.names)
                except CohortError as error:
                    lacking = str(error)
        return lacking


def fill_cells(measures: Measures, measurable: bool) -> dict[str, Value]:
    """Column to value: `vessel_length_px`, `haemorrhage_count`; None where nothing could be measured."""
    cells: dict[str, Value] = {}
    for task, rows in measures.rows.items():
        for row in rows:
            unit = "" if row.unit == "1" else f"_{row.unit.replace('1/', 'per_')}"
            known = (measurable or task == "quality") and math.isfinite(row.value)
            value: Any = row.value if known else None
            cells[f"{task}_{row.measure}{unit}"] = value
    return cells
