"""The rule for an output value: the file is there, is JSON, and has the form that its function gives."""

import json
from pathlib import Path
from typing import Any

from retseg.challenge import Socket
from retseg.container.check.finding import Finding, passed
from retseg.measures import is_number, read_points

FORMS = {
    "present": "true or false",
    "count": "a whole number from 0 up",
    "area": "a whole number from 0 up",
    "share": "a number from 0 to 1",
    "score": "a number from 0 to 1",
    "height_ratio": "a number from 0 up",
    "points": "an object of the type `Multiple points` with a list of points of three numbers",
}
"""What each function of `retseg.measures` gives."""


def judge_value(path: Path, socket: Socket) -> Finding:
    """Apply the rule to one file; a missing one fails.

    Args:
        path: of the file.
        socket: that it belongs to.
    """
    name = f"the output '{socket.slug}'"
    if not path.is_file():
        remedy = f"write its JSON value to /output/{socket.path}"
        return Finding("output.present", "fail", f"{name} was not produced: {socket.path} does not exist", remedy)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        return Finding("output.json", "fail", f"{name} is not valid JSON ({error})", "write it with json.dumps")
    wanted = describe_form(socket)
    if not has_form(value, socket):
        shown = json.dumps(value)[:60]
        return Finding("output.value", "fail", f"{name} is {shown}", f"write {wanted}")
    return passed("output.value", f"{name} is {wanted}")


def describe_form(socket: Socket) -> str:
    """What a value of this socket looks like."""
    if socket.compute is None:
        return "JSON"
    if socket.compute.limits:
        return f"a grade from 0 to {len(socket.compute.limits)}"
    return FORMS.get(socket.compute.function, "JSON")


def has_form(value: Any, socket: Socket) -> bool:
    """Whether a value has the form that its socket says; every value has that of a function of the challenge's own."""
    how = socket.compute
    if how is None:
        return True
    whole = is_number(value) and isinstance(value, int)
    if how.limits:
        return whole and 0 <= value <= len(how.limits)
    checks = {
        "present": isinstance(value, bool),
        "count": whole and value >= 0,
        "area": whole and value >= 0,
        "share": is_number(value) and 0 <= value <= 1,
        "score": is_number(value) and 0 <= value <= 1,
        "height_ratio": is_number(value) and value >= 0,
        "points": is_multiple_points(value),
    }
    return checks.get(how.function, True)


def is_multiple_points(value: Any) -> bool:
    """Whether a value is what the platform calls `Multiple points`."""
    if not isinstance(value, dict) or value.get("type") != "Multiple points" or read_points(value) is None:
        return False
    return all(len(point["point"]) == 3 for point in value["points"])
