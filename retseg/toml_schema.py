"""Read a TOML file into a frozen dataclass, strictly; cards, challenges and recipes are read by it.

These files are written by hand, so a misspelt key is the most likely error. It is refused, and the message names the
nearest known key.
"""

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from retseg.errors import RetsegError

T = TypeVar("T")


class SchemaError(RetsegError):
    """A TOML file does not fit its schema; the message names the file, the key and the remedy."""


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file.

    Raises:
        SchemaError: the file is missing, unreadable or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SchemaError(f"{path} does not exist") from error
    except (OSError, ValueError, RecursionError) as error:
        raise SchemaError(f"{path} is not a readable TOML file: {error}") from error


def declare(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build the dataclass `kind` from parsed TOML, nested dataclasses, tuples and mappings included.

    Args:
        kind: a dataclass; a field without default is a required key.
        values: the parsed table.
        where: what to call the table in an error, such as "card.toml [threshold]".

    Raises:
        SchemaError: a key is unknown, missing or of the wrong type.
    """
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            raise SchemaError(f"{where}: unknown key '{key}'{nearest(key, fields)}")
    built = {}
    for name, field in fields.items():
        if name in values:
            built[name] = _convert(hints[name], values[name], f"{where}, key '{name}'")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise SchemaError(f"{where}: the key '{name}' is missing")
    try:
        return kind(**built)
    except SchemaError:
        raise
    except ValueError as error:
        raise SchemaError(f"{where}: {error}") from error


def nearest(word: str, known: typing.Iterable[str]) -> str:
    """A half sentence that names the known word nearest to `word`, or all of them."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(words)}"


def _convert(kind: Any, value: Any, where: str) -> Any:
    if kind is Any:
        return value
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _convert_union(arguments, value, where)
    if origin is Literal:
        if value not in arguments:
            raise SchemaError(f"{where}: '{value}' is not one of {', '.join(map(str, arguments))}")
        return value
    if dataclasses.is_dataclass(kind):
        _expect(isinstance(value, Mapping), "a table", value, where)
        return declare(typing.cast(type[Any], kind), value, where)
    if origin in (dict, Mapping, typing.get_origin(Mapping[str, int])):
        _expect(isinstance(value, Mapping), "a table", value, where)
        return {key: _convert(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if origin is tuple:
        return _convert_tuple(arguments, value, where)
    if kind is float:
        _expect(isinstance(value, int | float) and not isinstance(value, bool), "a number", value, where)
        return float(value)
    if kind is Path:
        return Path(value)
    if kind in (int, str, bool):
        right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        _expect(right, {int: "a whole number", str: "a text", bool: "true or false"}[kind], value, where)
        return value
    raise TypeError(f"{where}: a schema cannot hold {kind}")


def _convert_union(arguments: Sequence[Any], value: Any, where: str) -> Any:
    if value is None:
        return None
    choices = [argument for argument in arguments if argument is not type(None)]
    errors = []
    for choice in choices:
        try:
            return _convert(choice, value, where)
        except SchemaError as error:
            errors.append(error)
    raise errors[0]


def _convert_tuple(arguments: Sequence[Any], value: Any, where: str) -> tuple[Any, ...]:
    _expect(isinstance(value, Sequence) and not isinstance(value, str), "a list", value, where)
    if arguments[-1] is Ellipsis:
        return tuple(_convert(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    _expect(len(value) == len(arguments), f"a list of {len(arguments)}", value, where)
    pairs = zip(arguments, value, strict=True)
    return tuple(_convert(argument, item, f"{where}[{i}]") for i, (argument, item) in enumerate(pairs))


def _expect(right: bool, wanted: str, value: Any, where: str) -> None:
    if not right:
        raise SchemaError(f"{where}: wanted {wanted}, found {value!r}")
