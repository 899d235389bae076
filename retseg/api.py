"""retseg from Python: `import retseg` finds these functions and types when they are first used."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.challenge import load_challenge
from retseg.engine import EngineKind, choose_engine
from retseg.errors import RetsegError
from retseg.evaluation.run import Outcome, Request, check_predictions, choose_protocols
from retseg.evaluation.run import evaluate as run_evaluation
from retseg.image import Geometry, Image, ImageError, read_image
from retseg.image.conversion import convert_to_rgb
from retseg.measures import Known, Measures, measure_masks
from retseg.models import PACKAGED_MODELS, find_card, load_card
from retseg.predictor import Prediction, Predictor


class ModelChoiceError(RetsegError):
    """Model and challenge are both given, or neither."""


@dataclass(frozen=True, kw_only=True)
class Segmentation(Prediction):
    """What was found in one image: a `Prediction` and the image it belongs to.

    Attributes:
        image: that was segmented, as uint8 RGB.
        masks: task to bool (H, W).
        probabilities: task to float32 (H, W) in [0, 1], zero outside the field of view.
        field_of_view: bool (H, W).
        warnings: one sentence each.
    """

    image: Image

    def measure(self, fovea: tuple[float, float] | None = None, degrees: float | None = None) -> Measures:
        """Lesions counted, sized and placed; vessels' density, calibre, bends, branching and more, with units.

        Args:
            fovea: x and y in pixels, where they are known; it is looked for otherwise.
            degrees: that the longer side of the field of view shows, for measures in millimetres.

        Raises:
            MeasureError: vessels are to be measured and scikit-image is not installed.
        """
        return measure_masks(self.image, self.masks, self.field_of_view, Known(fovea, degrees, self.modality))


def load_model(
    model: str | Path = "",
    *,
    challenge: str | Path = "",
    models: str | Path | None = None,
    engine: EngineKind = "auto",
) -> Predictor:
    """Load one model with all its tasks, or the models of a challenge.

    Args:
        model: the name of a model, or the path of its folder.
        challenge: in place of a model: the name of a challenge, or the path of its TOML file.
        models: a folder of model folders, searched before those of the package.
        engine: `openvino`, `torch`, or `auto`: torch where it can use a GPU, OpenVINO elsewhere.

    Returns:
        A predictor that is ready to run; keep it to segment many images.

    Raises:
        ModelChoiceError: neither or both of model and challenge are given.
        ModelError: there is no such model, a file of it is missing or altered, or the engine is not installed.
        SchemaError: there is no such challenge, or its file is wrong.

    Examples:
        >>> import retseg
        >>> retseg.load_model("idrid-lesions").tasks
        ('microaneurysm', 'haemorrhage', 'hard_exudate', 'soft_exudate')
        >>> retseg.load_model("vesel")
        Traceback (most recent call last):
        ...
        retseg.models.store.ModelError: there is no model 'vesel' in ...; did you mean 'vessel'?
    """
    if bool(str(model)) == bool(str(challenge)):
        raise ModelChoiceError("give either the name of a model or that of a challenge, as `retseg info` lists them")
    folders = (*([Path(models)] if models is not None else []), PACKAGED_MODELS)
    if challenge:
        return Predictor.open(load_challenge(challenge).models, folders, engine)
    is_folder = (Path(model) / "card.toml").is_file()
    card = load_card(Path(model)) if is_folder else find_card(str(model), folders)
    return Predictor.load(((card, tuple(card.tasks)),), choose_engine(engine))


def segment(
    image: str | Path | Image | NDArray[np.generic],
    model: Predictor | str | Path = "vessel",
    *,
    field_of_view: NDArray[np.bool_] | None = None,
) -> Segmentation:
    """Segment one image.

    Args:
        image: the path of a file, what `read_image` returned, or an array: (H, W, 3) RGB or (H, W) grey; of other types
            than uint8 it is converted, with a warning.
        model: what `load_model` returned, or the name of a model. A name loads it anew at each call.
        field_of_view: bool (H, W); found from the image when it is not given.

    Returns:
        Masks and probabilities of the model's tasks, at the size of the image.

    Raises:
        ImageError: the image cannot be read, or is neither grey nor RGB.
        ModelError: there is no such model, or a file of it is missing or altered.

    Examples:
        >>> import retseg
        >>> from retseg.phantom import draw_fundus
        >>> phantom = draw_fundus(seed=1)
        >>> found = retseg.segment(phantom.pixels, "vessel-drive")
        >>> found.masks["vessel"].shape, found.probabilities["vessel"].dtype
        ((584, 565), dtype('float32'))
        >>> bool(found.masks["vessel"][~found.field_of_view].any())
        False
        >>> [row.measure for row in found.measure().rows["vessel"]][:6]
        ['density', 'length', 'calibre', 'tortuosity', 'branching_points', 'end_points']
    """
    picture = image if isinstance(image, Image) else _read(image)
    predictor = model if isinstance(model, Predictor) else load_model(model)
    found = predictor.predict(picture, field_of_view)
    sentences = (*picture.warnings, *found.warnings)
    return Segmentation(
        found.masks, found.probabilities, found.field_of_view, sentences, modality=found.modality, image=picture
    )


def _read(image: str | Path | NDArray[np.generic]) -> Image:
    if isinstance(image, str | Path):
        return read_image(Path(image))
    values = np.asarray(image)
    if values.ndim != 2 and not (values.ndim == 3 and 1 <= values.shape[2] <= 4):
        raise ImageError(f"an array of the shape {values.shape} is no image: give (H, W) grey or (H, W, 3) RGB")
    pixels, sentences = convert_to_rgb(values, "the array")
    return Image(pixels, Geometry((pixels.shape[1], pixels.shape[0])), "the array", sentences)


def evaluate(
    predictions: str | Path,
    ground_truth: str | Path,
    *,
    challenge: str | Path = "fundus",
    protocol: str = "",
    tasks: Sequence[str] = (),
    models: Sequence[str] = (),
) -> Outcome:
    """Score predictions as a leaderboard does; `retseg evaluate` writes the report of the same numbers.

    Args:
        predictions: a folder or a zip of masks or probabilities.
        ground_truth: a folder of masks: the official download, or folders named after their tasks.
        challenge: the name of a challenge, or the path of its TOML file.
        protocol: of the challenge; its default when empty, `all` for all.
        tasks: that are scored; all of the challenge when empty.
        models: names of the models that made the predictions, whose training images are compared with the scored ones.

    Returns:
        The outcome: `evaluations[0].aggregates[task][metric]` has the mean and its 95 % interval.

    Raises:
        EvaluationError: there is no such task or protocol.
        InputError: something is wrong with the files; all of it is listed.

    Examples:
        >>> import retseg, tempfile
        >>> from pathlib import Path
        >>> from retseg.image import write_mask
        >>> from retseg.phantom import draw_fundus
        >>> folder = Path(tempfile.mkdtemp())
        >>> for seed in (1, 2):
        ...     truth = draw_fundus(seed, size=(128, 128)).masks["vessel"]
        ...     for name in ("truth", "predictions"):
        ...         write_mask(folder / name / "vessel" / f"{seed}.png", truth, retseg.Geometry((128, 128)))
        >>> outcome = retseg.evaluate(folder / "predictions", folder / "truth", tasks=["vessel"])
        >>> round(outcome.evaluations[0].aggregates["vessel"]["dice"].mean, 4)
        1.0
    """
    chosen = load_challenge(challenge)
    cards = tuple(find_card(name, (PACKAGED_MODELS,)) for name in models)
    protocols = choose_protocols(chosen, protocol)
    request = Request(chosen, protocols, Path(ground_truth), tuple(tasks), cards=cards)
    checked = check_predictions(request, Path(predictions), lambda sentence: warnings.warn(sentence, stacklevel=2))
    return run_evaluation(request, checked)
