"""A connection that nobody can hold open, or fill, without ever asking anything (OWASP API4).

What is read of a body is bounded where it is read (``request_body``); this bounds what comes before: how long a head
may take, how large it may grow, and how many connections there may be. uvicorn reads and answers the requests, by h11:
what it needs to hear passes through here untouched, and nothing of it is looked into. That a head has ended is told by
``whole_requests``, which finds its connection in the state of the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.intake.settings import HttpSettings

_STATE_KEY: Final = "connection"
_FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class GuardedConnection(asyncio.Protocol):
    """One connection. Between two requests uvicorn's own keep-alive time counts."""

    def __init__(
        self,
        limits: HttpSettings,
        connections: set[GuardedConnection],
        *,
        app_state: dict[str, Any],
        **named: Any,
    ) -> None:
        """``connections``: all that are open now. The rest is what uvicorn makes a protocol with."""
        self._limits = limits
        self._connections = connections
        self._reader = H11Protocol(app_state={**app_state, _STATE_KEY: self}, **named)
        self._loop = asyncio.get_running_loop()
        self._is_asked = False
        self._heads = 0
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Serve it, unless there are too many."""
        self._transport = transport
        self._connections.add(self)
        self._reader.connection_made(transport)
        if len(self._connections) > self._limits.max_connections:
            self._hang_up(_FULL)
        else:
            self._time_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._connections.discard(self)
        self._end_head()
        self._reader.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass it on. What comes while nobody is being answered is part of a head, until a request begins."""
        if self._transport.is_closing():
            return
        self._reader.data_received(data)
        if self._is_asked:
            return
        self._head_bytes += len(data)
        if self._head_timer is None:
            self._time_head()
        if self._head_bytes > self._limits.max_head_bytes:  # a request that this data completed begins before
            self._loop.call_soon(self._refuse_head, self._heads)

    def eof_received(self) -> None:
        """Pass it on."""
        self._reader.eof_received()

    def pause_writing(self) -> None:
        """Pass it on."""
        self._reader.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._reader.resume_writing()

    def begin_request(self) -> int:
        """A head has ended: what comes now is the body, or waits its turn. Which one of this connection it was."""
        self._is_asked = True
        self._heads += 1
        self._end_head()
        return self._heads

    def end_request(self, number: int) -> None:
        """It is answered, and read to its end; the next one may have begun already."""
        if number == self._heads:
            self._is_asked = False

    def _time_head(self) -> None:
        self._head_timer = self._loop.call_later(self._limits.head_timeout_seconds, self._hang_up, _SLOW)

    def _end_head(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse_head(self, heads: int) -> None:
        if heads == self._heads:  # none has ended since
            self._hang_up(_LARGE)

    def _hang_up(self, answer: bytes) -> None:
        self._end_head()
        if not self._transport.is_closing():
            self._transport.write(answer)
            self._transport.close()


def connection_of(scope: Scope) -> GuardedConnection | None:
    """The connection a request came on; None where another server serves the application."""
    connection = scope.get("state", {}).get(_STATE_KEY)
    return connection if isinstance(connection, GuardedConnection) else None


def protocol_with(limits: HttpSettings) -> Callable[..., asyncio.Protocol]:
    """What makes one ``GuardedConnection`` per connection."""
    return partial(GuardedConnection, limits, set())
