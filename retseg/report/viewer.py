"""The frame of the viewer: its controls and settings. `viewer.js` draws the pictures that come with each case."""

from collections.abc import Sequence

from retseg.challenge.looks import USUAL, Looks
from retseg.colours import AGREEMENT_STYLES, PREDICTION, TRUTH, find_casing, to_hex
from retseg.report.labels import embed_json

TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE = (to_hex(style.colour) for style in AGREEMENT_STYLES.values())
LAYERS = (
    ("tp", "True positive", TRUE_POSITIVE),
    ("fp", "False positive", FALSE_POSITIVE),
    ("fn", "False negative", FALSE_NEGATIVE),
    ("truth", "Truth", to_hex(TRUTH)),
    ("prediction", "Prediction", to_hex(PREDICTION)),
)
OUTLINES = ("truth", "prediction")
ZOOM = (
    '<div class="zoom" role="group" aria-label="Zoom">'
    '<button type="button" data-zoom="out" aria-label="Zoom out">−</button><output aria-live="off"></output>'
    '<button type="button" data-zoom="in" aria-label="Zoom in">+</button>'
    '<button type="button" data-zoom="fit">Fit</button>'
    '<button type="button" data-zoom="full" aria-label="One image pixel per screen pixel">1:1</button></div>'
)
HINT = (
    "Wheel or + and − to zoom, drag or arrow keys to move, 0 to fit, 1 to 5 for the layers, "
    "hold the space bar to see the bare image, [ and ] for the case before and after."
)


def write_viewer(tasks: Sequence[str], looks: Looks = USUAL) -> str:
    """The viewer for these tasks, hidden until a script opens a case in it."""
    boxes = "".join(_write_box(number, *layer) for number, layer in enumerate(LAYERS, start=1))
    styles = {
        task: {
            "label": looks.title(task),
            "colour": to_hex(style.colour),
            "casing": to_hex(find_casing(style.colour)),
            "pattern": style.pattern,
            "outside": style.outside,
        }
        for task, style in looks.choose_styles(tasks).items()
    }
    settings = {"tasks": styles, "layers": {key: colour for key, _, colour in LAYERS}}
    return (
        '<div class="viewer" id="viewer" role="region" aria-labelledby="viewer-title" hidden>'
        f'<script type="application/json" id="viewer-settings">{embed_json(settings)}</script>'
        '<header><h3 id="viewer-title" aria-live="polite"></h3>'
        '<label class="fader">Opacity <input type="range" min="10" max="100" value="80" step="5" data-fader></label>'
        '<button type="button" class="quiet" data-step="-1" aria-label="Previous case in the table">Previous</button>'
        '<button type="button" class="quiet" data-step="1" aria-label="Next case in the table">Next</button></header>'
        f'<div class="stage"><canvas tabindex="0" role="img" aria-describedby="viewer-hint"></canvas>{ZOOM}</div>'
        f'<fieldset class="layers"><legend>Layers</legend>{boxes}</fieldset>'
        '<ul class="lesions" hidden></ul><dl class="readout"></dl>'
        f'<p class="hint" id="viewer-hint">{HINT}</p></div>'
    )


def _write_box(number: int, key: str, name: str, colour: str) -> str:
    drawn, paint = ("swatch line", "border-color") if key in OUTLINES else ("swatch", "background")
    return (
        f'<label title="Key {number}"><input type="checkbox" data-layer="{key}">'
        f'<span class="{drawn}" style="{paint}:{colour}"></span>{name}</label>'
    )
