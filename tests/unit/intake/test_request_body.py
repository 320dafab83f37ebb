"""A body is read whole or refused, whatever the server underneath hands over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.types import Message

from services.intake.channels.http.request_body import JSON_TYPES, BodyRefused, read_body
from services.intake.domain.refusal import RefusalReason


def read(pieces: Sequence[bytes], headers: dict[str, str]) -> bytes:
    left = [*pieces]

    async def receive() -> Message:
        piece = left.pop(0) if left else b""
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    return asyncio.run(read_body(receive, Headers(headers), media_types=JSON_TYPES, max_bytes=100, timeout_seconds=10))


@given(pieces=st.lists(st.binary(max_size=9), max_size=9), declared=st.integers(0, 100))
def test_what_is_not_as_long_as_declared_is_refused(pieces: list[bytes], declared: int) -> None:
    whole = b"".join(pieces)
    if len(whole) == declared:
        assert read(pieces, {"content-length": str(declared)}) == whole
        return
    with pytest.raises(BodyRefused) as caught:
        read(pieces, {"content-length": str(declared)})
    assert caught.value.refusal.reason is RefusalReason.BODY_INCOMPLETE


@given(pieces=st.lists(st.binary(max_size=9), max_size=9))
def test_without_a_declared_length_what_comes_is_the_body(pieces: list[bytes]) -> None:
    assert read(pieces, {}) == b"".join(pieces)
