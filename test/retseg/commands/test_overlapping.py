"""Several items at a time: the order of the results, what is begun, and what an error does."""

import threading

import pytest

from retseg.commands.overlapping import work_in_order


def test_two_items_are_worked_on_at_the_same_time_and_come_in_their_order() -> None:
    """Each of a pair waits until the other has begun; alone it would wait in vain."""
    pair = threading.Barrier(2, timeout=20)

    def meet(item: int) -> int:
        pair.wait()
        return -item

    assert list(work_in_order(meet, range(6), 2)) == [0, -1, -2, -3, -4, -5]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_no_more_items_are_begun_than_may_be_in_memory(at_once: int) -> None:
    begun: list[int] = []
    results = work_in_order(lambda item: begun.append(item) or item, range(10), at_once)
    for number, result in enumerate(results):
        assert result == number
        assert len(begun) <= number + at_once


@pytest.mark.parametrize("at_once", [1, 2])
def test_an_error_comes_where_the_result_would_and_ends_the_work(at_once: int) -> None:
    begun: list[int] = []

    def divide(item: int) -> float:
        begun.append(item)
        return 1 / (2 - item)

    results = work_in_order(divide, range(20), at_once)
    assert [next(results), next(results)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(begun) <= 2 + at_once + 1
