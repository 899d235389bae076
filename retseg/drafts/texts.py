"""The text of a challenge's file and of its recipe."""

import json
from collections.abc import Iterator

from retseg.drafts.draft import Draft
from retseg.drafts.sockets import SocketDraft


def write_challenge(draft: Draft) -> str:
    """The TOML file of the challenge, with a comment where something must be looked up."""
    words = {"title": draft.title, "modality": draft.modality, "field_of_view": draft.field_of_view}
    lines = [f"{key} = {json.dumps(text, ensure_ascii=False)}" for key, text in words.items()]
    lines += ['source = "write here where the rules and the data are published"', f'default_protocol = "{draft.name}"']
    lines += ['case_suffixes = ["_mask", "_probability"]', ""]
    for task in draft.tasks:
        lines += ["[[task]]", f'name = "{task}"', f'model = "{draft.name}"', ""]
    for socket in draft.sockets:
        lines += [*_write_socket(socket), ""]
    inputs = [socket.slug for socket in draft.sockets if not socket.is_output]
    outputs = [socket.slug for socket in draft.sockets if socket.is_output]
    lines += ["[[interface]]", f"inputs = {json.dumps(inputs)}", f"outputs = {json.dumps(outputs)}", ""]
    lines += [*_write_protocol(draft)]
    return "\n".join(lines) + "\n"


def _write_socket(socket: SocketDraft) -> Iterator[str]:
    yield "[[socket]]"
    yield f"slug = {json.dumps(socket.slug)}"
    yield f"path = {json.dumps(socket.path)}"
    yield f'kind = "{socket.kind}"'
    if socket.kind == "label_map":
        inside = ", ".join(f"{task} = [{value}]" for task, value in socket.labels.items())
        yield f"labels = {{ {inside} }}"
        yield f"background = {0 if 0 not in socket.labels.values() else max(socket.labels.values()) + 1}"
    elif socket.kind == "stack":
        yield f"tasks = {json.dumps(list(socket.labels))}"
    elif socket.kind in ("segmentation", "heatmap"):
        ((task, value),) = socket.labels.items()
        yield f'task = "{task}"'
        if socket.kind == "segmentation":
            yield f"values = [0, {value}]"
    elif socket.choices:
        yield f"choices = {json.dumps(list(socket.choices), ensure_ascii=False)}"
    elif socket.function:
        yield f'compute = {{ function = "{socket.function}", tasks = {json.dumps(list(socket.tasks))} }}'


def _write_protocol(draft: Draft) -> Iterator[str]:
    region = "frame" if draft.field_of_view == "frame" else "field_of_view"
    yield "# How the leaderboard scores: look up region, pooling, the rule for an empty truth, and what ranks."
    yield f"[protocol.{draft.name}]"
    yield 'title = "Mean Dice over images"'
    yield 'source = "write here where the rules are published"'
    yield f'region = "{region}"'
    yield 'pooling = "per_image"'
    yield 'empty_truth = "one"'
    yield 'headline = "dice"'
    yield 'metrics = ["dice", "iou", "sensitivity", "precision", "empty_truth_false_alarm"]'


def write_recipe(draft: Draft, challenge: str, data: str) -> str:
    """A recipe for a small U-Net.

    Args:
        draft: of the challenge.
        challenge: its file, as seen from the folder of the data sets.
        data: the folder of the images, in that folder.
    """
    tasks = json.dumps(list(draft.tasks))
    return f"""title = {json.dumps(f"{draft.title}: a small U-Net", ensure_ascii=False)}
modality = "{draft.modality}"
field_of_view = "{draft.field_of_view}"
tasks = {tasks}
data = "write here which images these are"
terms = "write here the terms of use of the images"
folds = 2
refit = 1.0
round = 100

# images/ and masks/<task>/ lie in this folder of --data; `patient` is a regular expression for the patient in a name.
[[source]]
folder = "{data}"
challenge = "{challenge}"

[network]
architecture = "unet"
arguments = {{ tasks = {len(draft.tasks)}, widths = [16, 32, 64] }}

[sampling]
patch = 128
batch = 4
positive_share = 0.5

[[augmentation]]
name = "D4"

[[augmentation]]
name = "RandomBrightnessContrast"
arguments = {{ brightness_limit = 0.0, contrast_limit = [-0.1, 0.1], p = 0.5 }}

[[stage]]
steps = 1600
learning_rate = 3e-3
optimiser = "adamw"
weight_decay = 1e-4
schedule = "cosine"
warmup_fraction = 0.03
clip = 1.0
ema_decay = 0.99
loss = {{ name = "bce_dice", arguments = {{ bce = 1.0, dice = 0.3, pooled = true }} }}

[selection]
protocol = "held-out-pooled"

# Some minutes of two cores, to see that everything fits together: --set width=quick
[variants.quick]
"network.arguments.widths" = [8, 16, 32]
"sampling.patch" = 96
"stage.0.steps" = 120
"""
