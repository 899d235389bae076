"""The table of a recipe that says how thresholds are chosen."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SelectionRule:
    """How the threshold and the minimum component size of a task are chosen on out-of-fold predictions.

    Attributes:
        protocol: the name of a protocol; its headline is made as large as possible. `held-out-mean` and
            `held-out-pooled` are in `train/config/protocols.toml`; one of a challenge will do, too.
        each_data_set: take the headline of each data set, then their mean, so that each data set counts the same.
        minimum_component_sizes: to choose from, in pixels of the working scale: smaller connected parts are dropped
            from a mask.
        false_lesions: the most lesions that a healthy eye may show on average; the choice is among the thresholds and
            sizes that keep to it. Needs a healthy source. None for no limit.
    """

    protocol: str = "held-out-mean"
    each_data_set: bool = False
    minimum_component_sizes: tuple[int, ...] = (0,)
    false_lesions: float | None = None
