"""A request is read to its end before its connection is used again, and says in one way how long it is.

Whatever is left of a body when the answer begins would otherwise be taken for the next request. And where two readers
could differ about where a body ends (RFC 9112 §6.3, §11.2), nothing is read at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.intake.channels.http.problems import problem_response
from services.intake.channels.http.protocol import connection_of
from services.intake.domain.refusal import DoorRefusal, RefusalReason

_LINGER_BYTES: Final = 4_194_304
_LINGER_SECONDS: Final = 1.0


class WholeRequests:
    """ASGI middleware around everything that answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it unread."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection = connection_of(scope)
        number = 0 if connection is None else connection.begin_request()

        def end() -> None:
            if connection is not None:
                connection.end_request(number)

        try:
            await self._answer(scope, _Request(scope, receive, send, end))
        finally:
            end()

    async def _answer(self, scope: Scope, request: _Request) -> None:
        reason = _doubtful_length(scope)
        if reason is None:
            await self._app(scope, request.receive, request.send)
            return
        request.close_with_answer()
        response = problem_response(DoorRefusal(reason), Headers(scope=scope).get("accept-language"))
        await response(scope, request.receive, request.send)


class _Request:
    """One request: what is still to come of it, and the answer that must not overtake it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, on_answered: Callable[[], None]) -> None:
        self._receive = receive
        self._send = send
        self._on_answered = on_answered
        self._is_read = False
        self._closes = False
        # who asks before sending, and was not told to, has sent nothing that must be read
        self._is_held_back = b"expect" in _header_names(scope)

    async def receive(self) -> Message:
        """The next piece."""
        self._is_held_back = False
        message = await self._receive()
        self._is_read = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass it on; if the body is not read to its end then, the connection closes with the answer."""
        if message["type"] == "http.response.start":
            await self._linger()
            if self._closes or not self._is_read:
                MutableHeaders(scope=message)["connection"] = "close"
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._on_answered()  # now: what made the answer may take a while to return

    def close_with_answer(self) -> None:
        """It cannot be told where it ends, so neither where the next begins."""
        self._closes = True

    async def _linger(self) -> None:
        """Read and drop some of what is still coming: closing at once could lose our answer in a connection reset."""
        if self._is_read or self._is_held_back:
            return
        dropped = 0
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                while not self._is_read and dropped < _LINGER_BYTES:
                    dropped += len((await self.receive()).get("body", b""))
        except TimeoutError:
            return


def _doubtful_length(scope: Scope) -> RefusalReason | None:
    """Why it cannot be told where the body ends, if so."""
    names, is_old = _header_names(scope), scope["http_version"] == "1.0"
    has_length, is_chunked = b"content-length" in names, b"transfer-encoding" in names
    if is_chunked and (has_length or is_old):
        return RefusalReason.DOUBTFUL_LENGTH
    announced = is_old or b"content-type" in names
    if scope["method"] == "POST" and announced and not has_length and not is_chunked:
        return RefusalReason.LENGTH_REQUIRED
    return None


def _header_names(scope: Scope) -> set[bytes]:
    return {name for name, _ in scope["headers"]}
