"""What nobody foresaw becomes a plain 500 and one log line: the class and place of the error, never its message,
which may repeat what a person wrote."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.intake.channels.http.problems import problem_response
from services.intake.domain.refusal import DoorRefusal, RefusalReason
from shared.observability.logging import get_logger

_log = get_logger()


class FailureGuard:
    """ASGI middleware around the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer for whatever raises."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = False

        async def note_and_send(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, note_and_send)
        except Exception as error:
            _log.error("request_failed", method=scope["method"], error=error)
            if answered:
                raise ConnectionAbortedError("the answer was cut off") from None
            response = problem_response(DoorRefusal(RefusalReason.FAILED), Headers(scope=scope).get("accept-language"))
            await response(scope, receive, send)
