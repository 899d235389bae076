"""Run one job from /input to /output, by the new contract or the old one, for `process.py` and `serve.py`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retseg.challenge import Challenge
from retseg.container.error import ContractError
from retseg.container.inputs import choose_image_socket, choose_interface, find_image, read_inputs
from retseg.container.outputs import name_output, remove_stale_outputs, write_sockets
from retseg.container.values import compute_values, read_values
from retseg.errors import Say
from retseg.files import find_stem, replacing_all

if TYPE_CHECKING:
    from retseg.predictor import Predict


@dataclass(frozen=True)
class Job:
    """The folders of one job, the challenge that says which outputs are wanted, and the most pixels of an image."""

    input_directory: Path
    output_directory: Path
    challenge: Challenge
    max_pixels: int | None = None


def run_job(job: Job, predict: "Predict", say: Say) -> tuple[Path, ...]:
    """Do one job and return the files that were written, relative to the output folder.

    Raises:
        ContractError: the input or the output folder is not as it must be.
        ImageError: an image cannot be used.
    """
    if not job.input_directory.is_dir():
        raise ContractError(f"the input folder {job.input_directory} does not exist: name another one with --input")
    for path in remove_stale_outputs(job.output_directory, job.challenge):
        say(f"removed {path}, left by an earlier case")
    inputs = job.input_directory / "inputs.json"
    if inputs.exists() or inputs.is_symlink():
        return _run_case(job, inputs, predict, say)
    return _run_legacy(job, predict, say)


def _run_case(job: Job, inputs: Path, predict: "Predict", say: Say) -> tuple[Path, ...]:
    sockets = read_inputs(inputs)
    interface = choose_interface(job.challenge, (socket.slug for socket in sockets))
    path = find_image(job.input_directory, choose_image_socket(job.challenge, sockets))
    given = read_values(job.challenge, job.input_directory, sockets)
    outputs = tuple(job.challenge.find_socket(slug) for slug in interface.outputs)
    stem = find_stem(path)
    with replacing_all(job.output_directory) as staging:
        from retseg.measures import Findings
        from retseg.predictor import segment_file

        image, prediction = segment_file(path, predict, say, job.max_pixels)
        found = Findings(prediction.masks, prediction.probabilities, prediction.field_of_view, image.geometry)
        values = compute_values(job.challenge, outputs, found, given)
        write_sockets(staging, outputs, stem, found, values)
    written = tuple(name_output(socket, stem) for socket in outputs)
    for name in written:
        say(f"wrote {job.output_directory / name}")
    return written


def _run_legacy(job: Job, predict: "Predict", say: Say) -> tuple[Path, ...]:
    from retseg.container import legacy
    from retseg.image import UnreadableError
    from retseg.predictor import segment_file

    candidates, others = legacy.list_candidates(job.input_directory)
    for path in others:
        say(f"skipped {path}: not an image")
    values = legacy.task_values(job.challenge)
    records: list[dict[str, Any]] = []
    taken: dict[str, Path] = {}
    reasons = []
    with replacing_all(job.output_directory) as staging:
        for path in candidates:
            try:
                image, prediction = segment_file(path, predict, say, job.max_pixels)
            except UnreadableError as error:
                say(f"warning: skipped {path}: {error}")
                reasons.append(str(error))
                continue
            name = legacy.name_mask(path, taken)
            taken[name] = path
            names = [name] if len(values) == 1 else [f"{task}/{name}" for task in values]
            for task, output in zip(values, names, strict=True):
                legacy.write_legacy_mask(
                    staging / "images" / output, prediction.masks[task], values[task], image.geometry
                )
                say(f"wrote {job.output_directory / 'images' / output}")
            records.append(legacy.record(path, names))
        if not records:
            raise ContractError(_nothing_to_do(job, reasons))
        legacy.write_results(staging, records)
    names = [output["filename"] for entry in records for output in entry["outputs"]]
    return (*(Path("images") / name for name in names), Path("results.json"))


def _nothing_to_do(job: Job, reasons: list[str]) -> str:
    why = f" ({reasons[0]})" if reasons else ""
    return (
        f"{job.input_directory} holds neither an inputs.json nor a readable image{why}: "
        "hand over what Grand Challenge does, or a folder of images"
    )
