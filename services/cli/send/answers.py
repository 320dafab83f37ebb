"""What an answer of intake's HTTP door means to whoever sent a submission, by whatever client."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from services.cli.send.row import RowProblem

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
class NotYet:
    """This try brought no clear answer; another one may."""

    reason: str
    wait_seconds: float | None = None


def read_answer(status: int, body: bytes, retry_after: str = "") -> DoorAnswer | NotYet:
    """What came of a submission, from status and body of the answer; ``retry_after`` is the header of that name."""
    content = _object(body)
    if status == HTTPStatus.ACCEPTED:
        return _receipt(content)
    if status in _TRY_AGAIN:
        return NotYet(f"the door answered {_title(status, content)}", _seconds(retry_after))
    return _rejected(status, content)


def _receipt(receipt: dict[str, Any]) -> Accepted | Failed:
    if "ticket_number" not in receipt:
        return Failed("202 without a ticket number: is this intake's address?")
    return Accepted({name: value for name, value in receipt.items() if name != "query_code"})


def _rejected(status: int, problem: dict[str, Any]) -> Rejected | Failed:
    if "type" not in problem or status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return Failed(f"unexpected answer {status}: is this intake's address?")
    errors = problem.get("errors") or [{"field": "", "reason": f"{problem.get('title')}. {problem.get('detail')}"}]
    return Rejected(tuple(RowProblem(error["field"], error["reason"]) for error in errors))


def _title(status: int, problem: dict[str, Any]) -> str:
    title = problem.get("title")
    return f"{status} ({title})" if title else str(status)


def _seconds(retry_after: str) -> float | None:
    """The date form is not used by intake and is left to the growing pause."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdecimal() else None


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
