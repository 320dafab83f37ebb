"""Request bodies with limits kept while they arrive: size, time, media type. Nothing is buffered beyond its limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection

from starlette.datastructures import Headers
from starlette.types import Receive

from services.intake.domain.refusal import DoorRefusal, RefusalReason

JSON_TYPES = frozenset({"application/json"})
JSON_LINES_TYPES = frozenset(
    {"application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/json"}
)


class BodyRefused(Exception):
    """The body is not read any further; ``refusal`` says why."""

    def __init__(self, refusal: DoorRefusal) -> None:
        super().__init__(refusal.reason.value)
        self.refusal = refusal


async def read_body(
    receive: Receive, headers: Headers, *, media_types: Collection[str], max_bytes: int, timeout_seconds: float
) -> bytes:
    """The whole body, or BodyRefused."""
    chunks = stream_body(
        receive, headers, media_types=media_types, max_bytes=max_bytes, timeout_seconds=timeout_seconds
    )
    return b"".join([chunk async for chunk in chunks])


async def stream_body(
    receive: Receive, headers: Headers, *, media_types: Collection[str], max_bytes: int, timeout_seconds: float
) -> AsyncIterator[bytes]:
    """The body in pieces; raises BodyRefused as soon as it is too large, too slow or of another type.

    Also at its end, if that is not where its head said: it was not read whole, and nothing may be made of it.
    """
    if not _is_supported(headers, media_types):
        raise BodyRefused(DoorRefusal(RefusalReason.UNSUPPORTED_MEDIA_TYPE))
    declared = _declared_length(headers)
    if declared is not None and declared > max_bytes:
        raise BodyRefused(DoorRefusal(RefusalReason.TOO_LARGE))
    deadline = asyncio.get_running_loop().time() + timeout_seconds
    received, more = 0, True
    while more:
        chunk, more = await _receive_by(receive, deadline)
        received += len(chunk)
        if received > max_bytes:
            raise BodyRefused(DoorRefusal(RefusalReason.TOO_LARGE))
        yield chunk
    if declared is not None and received != declared:
        raise BodyRefused(DoorRefusal(RefusalReason.BODY_INCOMPLETE))


def _is_supported(headers: Headers, media_types: Collection[str]) -> bool:
    """A missing type is taken for the right one; a content encoding is not, since it hides the true size."""
    content_type = headers.get("content-type")
    media_type = (content_type or "").partition(";")[0].strip().lower()
    fits = content_type is None or media_type in media_types or media_type.endswith("+json")
    return fits and headers.get("content-encoding", "identity").lower() == "identity"


def _declared_length(headers: Headers) -> int | None:
    declared = headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdecimal() else None


async def _receive_by(receive: Receive, deadline: float) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout_at(deadline):
            message = await receive()
    except TimeoutError:
        raise BodyRefused(DoorRefusal(RefusalReason.TOO_SLOW)) from None
    if message["type"] == "http.disconnect":
        raise BodyRefused(DoorRefusal(RefusalReason.TOO_SLOW))
    return message.get("body", b""), message.get("more_body", False)
