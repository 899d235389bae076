"""The table of a recipe that says how thresholds are chosen."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class SelectionRule:
    """How the threshold and the minimum component size of a task are chosen on out-of-fold predictions.

    Attributes:
        rule: by the Dice of pooled pixels; by the mean over data sets of their pooled Dice; or by the mean over images,
            where finding nothing in an image without the lesion counts 1 and finding anything 0.
        minimum_component_sizes: to choose from, in pixels of the working scale: smaller connected parts are dropped
            from a mask.
        false_lesions: the most lesions that a healthy eye may show on average; among the thresholds and sizes that keep
            to it, the rule chooses. Needs a healthy source. None for no limit.
    """

    rule: Literal["pooled_dice", "data_set_dice", "mean_dice"] = "mean_dice"
    minimum_component_sizes: tuple[int, ...] = (0,)
    false_lesions: float | None = None
