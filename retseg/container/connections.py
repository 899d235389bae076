"""HTTP connections that are dropped when a client sends its request too slowly, or not at all."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS_TO_SEND = 10.0
"""The longest from the first byte of a request, or from the connection, to its last header; the platform needs none."""


class DeadlineProtocol(H11Protocol):
    """The protocol of uvicorn with a deadline; without one, it waits for ever for the rest of a request."""

    seconds_to_send = SECONDS_TO_SEND

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._start_waiting()

    def data_received(self, data: bytes) -> None:
        """Wait for more, or stop waiting when the headers are complete and the request is being answered."""
        if self._deadline is None and not self._is_answering():
            self._start_waiting()
        super().data_received(data)
        if self._is_answering():
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_waiting(self) -> None:
        self._deadline = self.loop.call_later(self.seconds_to_send, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self._is_answering():
            self.transport.abort()
