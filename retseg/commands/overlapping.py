"""Work on several items at the same time, and give the results in the order of the items."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def work_in_order(work: Callable[[Item], Result], items: Iterable[Item], at_once: int) -> Iterator[Result]:
    """The result of each item, in their order; `at_once` items are worked on, each in a thread, and no more are begun.

    One at a time is done in this thread. An error of an item comes where its result would; then no other item begins.
    """
    if at_once == 1:
        yield from map(work, items)
        return
    waiting = iter(items)
    running: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while True:
                running.extend(pool.submit(work, item) for item in islice(waiting, at_once - len(running)))
                if not running:
                    return
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()
