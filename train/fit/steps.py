"""The order in which patches are drawn: by their numbers, which follow from the step."""

from collections.abc import Iterator

from torch.utils.data import Sampler


class Steps(Sampler[int]):
    """The numbers of the patches of a range of steps; each of several processes gets its own."""

    def __init__(self, first: int, last: int, patches_per_step: int, rank: int, processes: int) -> None:
        self._range = range(first, last)
        self._patches = patches_per_step
        self._rank, self._processes = rank, processes

    def __iter__(self) -> Iterator[int]:
        for step in self._range:
            begin = (step * self._processes + self._rank) * self._patches
            yield from range(begin, begin + self._patches)

    def __len__(self) -> int:
        return len(self._range) * self._patches
