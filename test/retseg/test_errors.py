"""One base class for every error that the package raises on purpose."""

import importlib
import inspect
import pkgutil

import retseg
from retseg.errors import RetsegError, explain, is_expected

OPTIONAL = (
    "retseg.engine.torch",
    "retseg.networks",
    "retseg.container.server",
    "retseg.view.server",
    "retseg.report.figures",
)
"""Modules that need packages of an extra; none of them defines an error, `retseg.networks` itself apart."""


def test_every_error_class_of_the_package_is_a_retseg_error() -> None:
    names = [module.name for module in pkgutil.walk_packages(retseg.__path__, "retseg.")]
    modules = [importlib.import_module(name) for name in names if not name.startswith(OPTIONAL)]
    modules.append(importlib.import_module("retseg.networks"))
    classes = {kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)}
    errors = {kind for kind in classes if issubclass(kind, Exception) and kind.__module__.startswith("retseg.")}
    assert len(errors) > 15
    assert [kind for kind in errors if not issubclass(kind, RetsegError)] == []


def test_an_error_is_expected_by_its_class_and_not_by_the_module_it_comes_from() -> None:
    class ForeignError(RetsegError):
        __module__ = "elsewhere"

    class StrayError(ValueError):
        __module__ = "retseg.somewhere"

    assert is_expected(ForeignError("the card is missing"))
    assert explain(ForeignError("the card\n is missing")) == "the card is missing"
    assert not is_expected(StrayError("operands could not be broadcast"))
    assert explain(StrayError("operands")).startswith("an internal error")


def test_control_characters_of_strangers_are_escaped() -> None:
    """Escape codes in the name of a file reached the terminal, and a name that is not UTF-8 ended in an error."""
    error = RetsegError("\x1b[2Jred\u202e.png \udcff is no image, größer")
    assert explain(error) == r"\x1b[2Jred\u202e.png \udcff is no image, größer"
