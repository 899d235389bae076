"""The table of a recipe about the choice of thresholds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SelectionRule:
    """How the threshold and the minimum component size of a task are chosen on out-of-fold predictions.

    Attributes:
        protocol: the name of a protocol, whose headline is maximised: `held-out-mean` or `held-out-pooled` of
            `train/config/protocols.toml`, or a protocol of a challenge.
        each_data_set: maximise the mean of the headlines of all data sets, so that each data set has the same weight.
        minimum_component_sizes: the candidates, in pixels of the working scale; smaller components are dropped from a
            mask.
        false_lesions: the highest mean number of lesions in a healthy eye; only thresholds and sizes within this limit
            are chosen. Needs a healthy source. None for no limit.
    """

    protocol: str = "held-out-mean"
    each_data_set: bool = False
    minimum_component_sizes: tuple[int, ...] = (0,)
    false_lesions: float | None = None
