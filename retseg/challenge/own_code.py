"""Functions that a challenge brings itself: a dotted path to a function in a file beside the challenge's TOML file.

They are Python code and run as such. So they are loaded only for a challenge that the user names, and only when a value
or a metric of them is wanted.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from retseg.errors import RetsegError


class OwnCodeError(RetsegError):
    """A function of a challenge's own cannot be loaded, or fails; the message names it and the reason."""


def load_function(dotted: str, folder: Path) -> Callable[..., Any]:
    """The function of a dotted path such as `mine.grade`.

    Args:
        dotted: the module and the function. The module is `mine.py` in the folder or, where there is none, one that
            Python can import.
        folder: of the challenge's TOML file.

    Raises:
        OwnCodeError: the module is not there, cannot be imported, or has no such function.
    """
    name, _, attribute = dotted.rpartition(".")
    file = folder / f"{name}.py"
    try:
        module = _import_file(name, file) if file.is_file() else importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise OwnCodeError(f"'{dotted}' cannot be imported ({error}): install what it needs") from error
        raise OwnCodeError(f"there is no module for '{dotted}': put {file.name} beside the challenge's file") from error
    except Exception as error:
        raise OwnCodeError(f"'{dotted}' cannot be imported ({type(error).__name__}: {error}): mend {name}") from error
    found = getattr(module, attribute, None)
    if not callable(found):
        raise OwnCodeError(f"the module '{name}' has no function '{attribute}': write it, or correct '{dotted}'")
    return call_guarded(dotted, found)


def call_guarded(dotted: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with one sentence as its error: an exception that it raises becomes an `OwnCodeError`."""

    def call(*given: Any) -> Any:
        try:
            return function(*given)
        except Exception as error:
            raise OwnCodeError(f"the function '{dotted}' failed: {type(error).__name__}: {error}") from error

    return call


def _import_file(name: str, path: Path) -> ModuleType:
    """The module of a file, imported once for each path, under a name that no installed module has."""
    known = f"retseg_challenge_code:{path.resolve()}"
    if known in sys.modules:
        return sys.modules[known]
    spec = importlib.util.spec_from_file_location(known, path)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module {name}", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[known] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[known]
        raise
    return module
