"""Find the case that a file belongs to: by its name without the usual endings, and by the patterns of layouts."""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from retseg.files import find_stem, split_suffix


def find_case_name(file: str, endings: Iterable[str]) -> str:
    """The name of the case that a file belongs to: its stem without these endings, which say what the file shows.

    `21_training_mask.gif` and `21_manual1.gif` both belong to the case `21` where `_training_mask` and `_manual1` are
    endings.
    """
    stem = find_stem(PurePosixPath(file))
    longest_first = sorted(endings, key=len, reverse=True)
    while True:
        ending = next((e for e in longest_first if stem.endswith(e) and stem != e), None)
        if ending is None:
            return stem
        stem = stem.removesuffix(ending)


def order_naturally(name: str) -> tuple[tuple[int, str], ...]:
    """A sort key that reads numbers as numbers: 86 before 285 before 1299. Numbers come before other text."""
    parts = [part for part in re.split(r"([0-9]+)", name) if part]
    numbers = {part: part.lstrip("0") for part in parts if part[0] in "0123456789"}
    return tuple((len(numbers[part]), numbers[part]) if part in numbers else (sys.maxsize, part) for part in parts)


@dataclass(frozen=True)
class Match:
    """The parts of a path that fits a pattern.

    Attributes:
        root: the folder that the pattern starts in.
        split: of the data set; empty where the pattern has none.
        case: its name, with its endings.
    """

    root: str
    split: str
    case: str


@dataclass(frozen=True)
class Pattern:
    """A layout's pattern (see `retseg.challenge.layout`), compiled."""

    text: str

    @property
    def _suffix(self) -> str:
        return split_suffix(self.text)[1]

    def match(self, path: str) -> Match | None:
        """Compare the pattern with the end of an absolute posix path; None where it does not fit."""
        stem, suffix = split_suffix(path)
        if not suffix or (self._suffix and suffix != self._suffix):
            return None
        found = re.fullmatch(r"(?P<root>.*)/" + self._expression(), stem)
        if found is None:
            return None
        groups = found.groupdict()
        return Match(groups["root"], groups.get("split") or "", groups["case"])

    def _expression(self) -> str:
        special = {"{case}": "(?P<case>[^/]+?)", "{split}": "(?P<split>[^/]+)", "*": "[^/]*"}
        parts = re.split(r"(\{case\}|\{split\}|\*)", split_suffix(self.text)[0])
        return "".join(special.get(part, re.escape(part)) for part in parts)

    def as_glob(self, split: str) -> str:
        """The pattern as `Path.glob` takes it, with the split filled in."""
        escaped = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in split)
        stem = split_suffix(self.text)[0].replace("{case}", "*").replace("{split}", escaped)
        return stem + (self._suffix or ".*")
