"""The report: one HTML file that needs no other file, written case by case."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from retseg import __version__
from retseg.errors import RetsegError
from retseg.evaluation.scoring.comparison import Differences
from retseg.evaluation.scoring.result import Evaluation
from retseg.files import replacing
from retseg.report.cases import Ledger, keep_ledger, write_case_data, write_cases
from retseg.report.curves import gather_curves, gather_frocs
from retseg.report.layers import CaseLayers, encode_case
from retseg.report.others import write_beside, write_comparison
from retseg.report.sections import (
    write_aggregates,
    write_curves,
    write_headline,
    write_protocol,
    write_standing,
    write_warnings,
)
from retseg.report.values import write_values

OpenLayers = Callable[[str], CaseLayers]
"""Gives the layers of a case by its name."""

STYLES = ("page.css", "cases.css")
SCRIPTS = ("page.js", "viewer.js")


class ReportError(RetsegError):
    """The report that was asked for cannot be written; the message says why."""


@dataclass(frozen=True)
class Reported:
    """What a report shows.

    Attributes:
        evaluation: by the protocol that was asked for.
        beside: of the same predictions by other protocols.
        differences: from another set of predictions.
    """

    evaluation: Evaluation
    beside: tuple[Evaluation, ...] = ()
    differences: Differences | None = None


def write_report(reported: Reported | Evaluation, open_layers: OpenLayers, path: Path, size: int | None = None) -> None:
    """Write the report.

    Args:
        reported: what to report; an evaluation alone has nothing beside it.
        open_layers: called once for each case name; its arrays are freed before the next call.
        path: of the HTML file.
        size: the longest side of a stored image in pixels; None keeps the size of the images.

    Raises:
        ReportError: `size` is no positive number.
        ValueError: the masks of a case differ in size.
        OutputError: the file cannot be written.
    """
    if size is not None and size < 1:
        raise ReportError(f"the report's image size is {size}; give a positive number of pixels, such as 640")
    content = Reported(reported) if isinstance(reported, Evaluation) else reported
    ledger = keep_ledger(content.evaluation)
    before, after = fill_page(content, ledger).split("<!--case data-->")
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as page:
        page.write(before)
        page.writelines(_encode_cases(ledger, open_layers, size))
        page.write(after)


def fill_page(reported: Reported, ledger: Ledger) -> str:
    """The whole page except the pictures, which belong in the place of `<!--case data-->`."""
    evaluation = reported.evaluation
    script = "".join(f"(() => {{\n{_read(name)}}})();\n" for name in SCRIPTS)
    sections = (
        ("", write_warnings(evaluation.warnings)),
        ("", write_headline(evaluation)),
        ("Scores", write_aggregates(evaluation)),
        ("Values", write_values(evaluation)),
        ("Comparison", write_comparison(reported.differences, evaluation)),
        ("Cases", write_cases(evaluation, ledger)),
        ("Curves", write_curves(gather_curves(evaluation), gather_frocs(evaluation))),
        ("Standing", write_standing(evaluation)),
        ("Others", write_beside(reported.beside)),
        ("Protocol", write_protocol(evaluation)),
    )
    anchors = {"Scores": "aggregates"}
    navigation = "".join(
        f'<a href="#{anchors.get(name, name.lower())}">{name}</a>' for name, content in sections if name and content
    )
    return Template(_read("page.html")).substitute(
        title=escape(f"{evaluation.challenge}: {evaluation.protocol.title}"),
        style="".join(map(_read, STYLES)),
        script=script,
        script_hash=_hash_script(f"\n{script}\n"),
        navigation=navigation,
        content="\n".join(content for _, content in sections if content),
        cases="<!--case data-->",
        version=__version__,
    )


def _encode_cases(ledger: Ledger, open_layers: OpenLayers, size: int | None) -> Iterator[str]:
    for number, name in enumerate(ledger.names):
        yield write_case_data(number, ledger, encode_case(open_layers(name), size, ledger.looks))


def _hash_script(script: str) -> str:
    """The hash of the only script that the security policy of the page allows (CSP level 2, section 4.2.5)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _read(name: str) -> str:
    return resources.files("retseg.report").joinpath(name).read_text(encoding="utf-8")
