"""Read the pixels of one case again, for its pictures in the report."""

import numpy as np

from retseg.errors import naming
from retseg.evaluation.inputs.checking import Checked
from retseg.evaluation.scoring.evaluator import read_maps
from retseg.evaluation.scoring.result import Evaluation
from retseg.image import read_image
from retseg.report.layers import CaseLayers


def open_layers(checked: Checked, evaluation: Evaluation, name: str) -> CaseLayers:
    """The photograph, the truth and the predicted masks of a case.

    A mask is made of probabilities by the threshold of the evaluation where there is no mask. A photograph of another
    size than the truth is left out.

    Args:
        checked: the files that were scored.
        evaluation: gives the thresholds.
        name: of the case.

    Raises:
        ImageError: a truth or the photograph cannot be read any more.
        SourceError: a prediction cannot be read any more.
    """
    case = next(case for case in checked.cases if case.name == name)
    truth, predicted = {}, {}
    for task, entry in case.tasks.items():
        with naming(f"case '{name}', {task}"):
            maps = read_maps(entry)
        truth[task] = maps.truth
        if maps.mask is not None:
            predicted[task] = maps.mask
        elif maps.probability is not None:
            threshold = evaluation.thresholds.get(task, evaluation.protocol.threshold)
            predicted[task] = np.asarray(maps.probability >= threshold)
    pixels = read_image(case.image).pixels if case.image is not None else None
    shape = next(iter(truth.values())).shape
    return CaseLayers(pixels if pixels is not None and pixels.shape[:2] == shape else None, truth, predicted)
