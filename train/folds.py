"""Cross-validation by patient: images of one group are never parted."""

from collections.abc import Sequence

import numpy as np

from retseg.data_sets import Case
from retseg.declaration import DeclarationError


def split_folds(cases: Sequence[Case], folds: int, seed: int) -> tuple[tuple[int, ...], ...]:
    """Deal the groups of the cases onto folds, at random but the same for the same seed.

    Each fold gets nearly the same number of images of every data set: groups are dealt data set by data set.

    Returns:
        For each fold the numbers of the cases that it holds out; one empty fold when `folds` is 1, which means that
        nothing is held out.

    Raises:
        DeclarationError: there are fewer groups than folds.
    """
    if folds == 1:
        return ((),)
    random = np.random.default_rng(seed)
    groups: dict[tuple[str, str], list[int]] = {}
    for number, case in enumerate(cases):
        groups.setdefault((str(case.image.parent), case.group), []).append(number)
    if len(groups) < folds:
        raise DeclarationError(f"{len(groups)} patients cannot be split into {folds} folds: ask for fewer")
    order = [key for place in sorted({place for place, _ in groups}) for key in shuffle(groups, place, random)]
    held: list[list[int]] = [[] for _ in range(folds)]
    for turn, key in enumerate(order):
        held[turn % folds] += groups[key]
    return tuple(tuple(sorted(fold)) for fold in held)


def shuffle(groups: dict[tuple[str, str], list[int]], place: str, random: np.random.Generator) -> list[tuple[str, str]]:
    """The groups of one data set in random order."""
    here = sorted(key for key in groups if key[0] == place)
    return [here[i] for i in random.permutation(len(here))]
