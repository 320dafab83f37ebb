"""Posts submissions to intake's HTTP door as an honest sender: the same key on every try, no faster than asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from services.cli.send.row import RowProblem
from shared.backoff import wait_after

_TRY_AGAIN = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.25, 5.0
_REQUEST_TIMEOUT = httpx.Timeout(15.0, connect=3.0)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Durable; ``receipt`` is the door's answer without the query code, which is the complainant's alone."""

    receipt: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Refused for what it says; sending it again changes nothing."""

    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """No clear answer in the time given; it may or may not be durable, and may be sent again."""

    reason: str


DoorAnswer = Accepted | Rejected | Failed


@dataclass(frozen=True, slots=True)
class _NotYet:
    """This try brought no clear answer; another one may."""

    reason: str
    wait_seconds: float | None = None


class IntakeClient:
    """Keeps ``connections`` open to the door at ``url``. ``stop`` ends waiting between tries."""

    def __init__(
        self,
        url: str,
        *,
        connections: int,
        give_up_after_seconds: float,
        language: str,
        stop: asyncio.Event,
        jitter: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._give_up_after_seconds = give_up_after_seconds
        self._stop = stop
        self._jitter = jitter
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=_REQUEST_TIMEOUT,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"Accept-Language": language, "Content-Type": "application/json"},
            transport=transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def submit(self, document: dict[str, Any], key: str | None) -> DoorAnswer:
        """Post until there is a clear answer, the time is over, or ``stop`` is set."""
        body = json.dumps(document, ensure_ascii=True).encode()  # ASCII: what is not Unicode text is the door's to name
        headers = {} if key is None else {"Idempotency-Key": key}
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + self._give_up_after_seconds
        failures = 0
        while True:
            answer = await self._try(body, headers)
            if not isinstance(answer, _NotYet):
                return answer
            failures += 1
            pause = wait_after(failures, _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
            wait = (answer.wait_seconds or pause) * (1 + self._jitter() / 2)
            if clock() + wait > give_up_at or await self._stopped_within(wait):
                return Failed(answer.reason)

    async def _try(self, body: bytes, headers: dict[str, str]) -> DoorAnswer | _NotYet:
        try:
            answer = await self._http.post("/v1/complaints", content=body, headers=headers)
        except httpx.TransportError as error:
            return _NotYet(f"no answer from {self._http.base_url} ({type(error).__name__})")
        if answer.status_code == HTTPStatus.ACCEPTED:
            return _receipt(answer)
        if answer.status_code in _TRY_AGAIN:
            return _NotYet(f"the door answered {_title(answer)}", _retry_after(answer))
        return _rejected(answer)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True


def _receipt(answer: httpx.Response) -> Accepted | Failed:
    receipt = _json(answer)
    if "ticket_number" not in receipt:
        return Failed("202 without a ticket number: is this intake's address?")
    return Accepted({name: value for name, value in receipt.items() if name != "query_code"})


def _rejected(answer: httpx.Response) -> Rejected | Failed:
    problem = _json(answer)
    if "type" not in problem or answer.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return Failed(f"unexpected answer {answer.status_code}: is this intake's address?")
    errors = problem.get("errors") or [{"field": "", "reason": f"{problem.get('title')}. {problem.get('detail')}"}]
    return Rejected(tuple(RowProblem(error["field"], error["reason"]) for error in errors))


def _title(answer: httpx.Response) -> str:
    title = _json(answer).get("title")
    return f"{answer.status_code} ({title})" if title else str(answer.status_code)


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds; the date form is not used by intake and is left to the growing pause."""
    value = answer.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdecimal() else None


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
