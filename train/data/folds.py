"""Divide images into folds by patient or by data set: all images of one patient are in one fold."""

from collections.abc import Sequence

import numpy as np

from retseg.toml_schema import SchemaError
from train.data.cases import Case


def hold_out_data_sets(cases: Sequence[Case]) -> tuple[tuple[int, ...], ...]:
    """A fold for each data set, in the order of the cases; images of a supplement are never held out.

    Returns:
        For each data set the numbers of its cases.
    """
    held: dict[str, list[int]] = {}
    for number, case in enumerate(cases):
        if not case.supplement:
            held.setdefault(case.data_set, []).append(number)
    return tuple(tuple(numbers) for numbers in held.values())


def split_folds(cases: Sequence[Case], folds: int, seed: int) -> tuple[tuple[int, ...], ...]:
    """Divide the patients into folds at random; the same seed gives the same folds.

    They are divided data set by data set, so that each fold gets nearly the same number of images of every data set.
    Images of a supplement are never held out.

    Returns:
        For each fold the numbers of the cases that it holds out; one empty fold when `folds` is 1.

    Raises:
        SchemaError: there are fewer patients than folds.
    """
    if folds == 1:
        return ((),)
    random = np.random.default_rng(seed)
    patients: dict[tuple[str, str], list[int]] = {}
    for number, case in enumerate(cases):
        if case.supplement:
            continue
        patients.setdefault((case.data_set, case.patient), []).append(number)
    if len(patients) < folds:
        raise SchemaError(f"{len(patients)} patients cannot be split into {folds} folds: ask for fewer")
    data_sets = sorted({data_set for data_set, _ in patients})
    order = [key for data_set in data_sets for key in shuffle(patients, data_set, random)]
    held: list[list[int]] = [[] for _ in range(folds)]
    for turn, key in enumerate(order):
        held[turn % folds] += patients[key]
    return tuple(tuple(sorted(fold)) for fold in held)


def shuffle(
    patients: dict[tuple[str, str], list[int]], data_set: str, random: np.random.Generator
) -> list[tuple[str, str]]:
    """The patients of one data set in random order."""
    here = sorted(key for key in patients if key[0] == data_set)
    return [here[i] for i in random.permutation(len(here))]


def list_training(cases: Sequence[Case], held_out: Sequence[int]) -> tuple[int, ...]:
    """The numbers of the cases to train on: those that show none of the held-out eyes."""
    eyes = {cases[number].eye for number in held_out}
    return tuple(number for number, case in enumerate(cases) if number not in held_out and case.eye not in eyes)
