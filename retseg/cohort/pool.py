"""Examine images in processes of this machine; one that ends or hangs on an image costs no other image.

Every process has its own models. It takes one image, sends its result, and takes the next. When the program that
started it ends, however that happens, it meets the end of its pipe and ends too.
"""

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from retseg.cohort.examiner import Work
from retseg.cohort.item import CohortError, Item, Result
from retseg.errors import explain

TRIES = 3
"""Processes that may end on an image before it is given up."""

GRACE = 5.0
"""Seconds that a process has to end."""


@dataclass(frozen=True)
class Hands:
    """How many processes work, and how long one may take.

    Attributes:
        count: of processes.
        timeout: seconds for one image.
    """

    count: int
    timeout: float = 600.0


class Worker:
    """One process and what it is doing."""

    def __init__(self, work: Work, cores: Sequence[int]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, inner = context.Pipe()
        self.process = context.Process(target=serve_images, args=(inner, work, tuple(cores)), daemon=True)
        self.process.start()
        inner.close()
        self.cores = cores
        self.ready = False
        self.item: Item | None = None
        self.started = time.monotonic()

    def give(self, item: Item) -> None:
        """Let it examine an image."""
        self.item, self.started = item, time.monotonic()
        with suppress(OSError):  # it has ended: `receive` meets the end of the pipe
            self.connection.send(item)

    def receive(self) -> Any:
        """What it sent; EOFError where it has ended."""
        try:
            return self.connection.recv()
        except (OSError, EOFError) as error:
            raise EOFError from error

    def end(self, patience: float = 0.0) -> int:
        """Kill it if it has not ended after some seconds; the signal, negative, or the status that it ended with."""
        self.connection.close()
        self.process.join(patience)
        if self.process.is_alive():
            self.process.kill()
        self.process.join(GRACE)
        return self.process.exitcode or 0


def serve_images(connection: Connection, work: Work, cores: tuple[int, ...]) -> None:
    """What a process does: loads the models, then examines each image that it is given."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program that started it ends it
    if cores:
        os.sched_setaffinity(0, cores)  # the engine takes as many threads
    try:
        examiner = work.open()
    except Exception as error:
        connection.send(explain(error))
        return
    with suppress(EOFError, OSError):
        connection.send("")
        while True:
            connection.send(examiner.examine(connection.recv()))


def share_cores(count: int) -> list[list[int]]:
    """The cores of each of `count` processes; none is named where there are more processes than cores."""
    cores = sorted(os.sched_getaffinity(0))
    return [cores[number::count] if 1 < count <= len(cores) else [] for number in range(count)]


def run_pool(items: Iterable[Item], work: Work, hands: Hands) -> Generator[Result, None, None]:
    """The result of every image, as they are done.

    Raises:
        CohortError: the models cannot be loaded.
    """
    pool = Pool(items, work, hands)
    try:
        yield from pool.run()
    finally:
        pool.close()


class Pool:
    """The processes, the images that wait, and how many processes ended on an image."""

    def __init__(self, items: Iterable[Item], work: Work, hands: Hands) -> None:
        self.items, self.work, self.hands = iter(items), work, hands
        self.again: deque[Item] = deque()
        self.deaths: dict[str, int] = {}
        self.starts = 0
        self.crew: list[Worker] = []

    def run(self) -> Iterator[Result]:
        """Give images to idle processes and take results until none is left."""
        self.crew += [Worker(self.work, cores) for cores in share_cores(self.hands.count)]
        while True:
            idle = [worker for worker in self.crew if worker.ready and worker.item is None]
            for worker in idle:
                item = self.again.popleft() if self.again else next(self.items, None)
                if item is None:
                    break
                worker.give(item)
            if idle and not any(worker.item for worker in self.crew):
                return
            waited = wait([worker.connection for worker in self.crew if worker.item or not worker.ready], timeout=1.0)
            for number, worker in enumerate(self.crew):
                if worker.connection in waited:
                    yield from self._take(number)
                elif worker.item and time.monotonic() - worker.started > self.hands.timeout:
                    yield self._give_up(number)

    def close(self) -> None:
        """End all processes."""
        for worker in self.crew:
            worker.end()

    def _take(self, number: int) -> Iterator[Result]:
        worker = self.crew[number]
        try:
            sent = worker.receive()
        except EOFError:
            yield from self._bury(number)
            return
        if worker.item is None:
            if sent:
                raise CohortError(sent)
            worker.ready, self.starts = True, 0
            return
        worker.item = None
        yield sent

    def _bury(self, number: int) -> Iterator[Result]:
        """Replace a process that has ended; its image is tried again, but not for ever."""
        item, status = self.crew[number].item, self._replace(number, GRACE)
        how = f"signal {-status}" if status < 0 else f"status {status}"
        if item is None:
            self.starts += 1
            if self.starts >= TRIES:
                raise CohortError(f"the processes end before their first image ({how}): see what the system logged")
            return
        self.deaths[item.id] = self.deaths.get(item.id, 0) + 1
        if self.deaths[item.id] < TRIES:
            self.again.append(item)
            return
        yield Result(item, failure=f"{TRIES} processes ended on this image ({how}): see if it is damaged", passing=True)

    def _give_up(self, number: int) -> Result:
        item, seconds = self.crew[number].item, self.hands.timeout
        assert item is not None
        self._replace(number)
        reason = f"was not done after {seconds:g} s: raise --timeout, or see if it is damaged"
        return Result(item, {}, seconds, reason, passing=True)

    def _replace(self, number: int, patience: float = 0.0) -> int:
        status = self.crew[number].end(patience)
        self.crew[number] = Worker(self.work, self.crew[number].cores)
        return status
