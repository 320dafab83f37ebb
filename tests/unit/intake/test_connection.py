"""Bytes declared are bytes read: however they are cut, and whatever a client offers, asks, or leaves unsaid."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from services.intake.channels.http.routes import create_app
from services.intake.channels.http.server import server_config
from services.intake.complaint_door import ComplaintDoor
from services.intake.delivery import Delivered, Delivery
from services.intake.message_door import MessageDoor
from services.intake.settings import HttpSettings
from shared.clock import ManualClock
from shared.events import ids, registry
from shared.events.received import ComplaintSubmitted, ComplaintWithdrawn
from shared.streaming.records import ProducerRecord

SECRET = b"a secret for tests alone"
HEAD_LIMIT = 2048
LIMITS = HttpSettings(max_head_bytes=HEAD_LIMIT, head_timeout_seconds=30)
CASE = ids.complaint_id("web", "the case")
QUERY_CODE = ids.query_code(SECRET, CASE).encode()


class Records:
    """A log that acknowledges at once."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def append(self, record: ProducerRecord) -> None:
        _, event = registry.decode(record.headers, record.value or b"")
        if isinstance(event, ComplaintSubmitted):
            self.said.append(event.complaint.narrative.text or "")
        else:
            assert isinstance(event, ComplaintWithdrawn)
            self.said.append(str(event.reason))


class Forgetful:
    """A memory of nothing."""

    async def recall(self, identity: str) -> Delivered | None:
        return None

    async def remember(self, identity: str, delivered: Delivered) -> None:
        return None


class Wire(asyncio.Transport):
    """The other end of a connection: what was written to it, and whether it listens."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False
        self.paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    @property
    def statuses(self) -> list[int]:
        """Of all answers so far; being told to go on is none."""
        found = re.findall(rb"HTTP/1\.1 (\d{3}) ", self.written)
        return [int(each) for each in found if each != b"100"]


RECORDS = Records()
"""Of the conversation that is held now."""


@cache
def door() -> uvicorn.Config:
    """A server before the real routes; made once, for that takes its time."""
    clock = ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    delivery = Delivery(RECORDS, Forgetful())
    complaints = ComplaintDoor(delivery, query_code_secret=SECRET, clock=clock)
    messages = MessageDoor(delivery, query_code_secret=SECRET, clock=clock)
    config = server_config(create_app(complaints, messages, LIMITS), LIMITS)
    config.load()
    return config


class Talk:
    """One connection."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.said = RECORDS.said = []
        made: Any = door().http_protocol_class
        self.protocol: asyncio.Protocol = made(config=door(), server_state=ServerState(), app_state={})
        self.protocol.connection_made(self.wire)

    async def say(self, piece: bytes) -> None:
        """As a socket would: nothing while nobody listens."""
        await until(lambda: not self.wire.paused or self.wire.closed)
        self.protocol.data_received(piece)

    async def hang_up(self) -> None:
        self.protocol.eof_received()
        self.wire.closed = True
        self.protocol.connection_lost(None)
        await turns(50)


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0)


def talk(conversation: Callable[[Talk], Awaitable[None]]) -> Talk:
    async def run() -> Talk:
        talk = Talk()
        await conversation(talk)
        await turns(50)
        return talk

    return asyncio.run(run())


@dataclass(frozen=True)
class Request:
    """What is sent, how it must be answered, and what must be on the log then."""

    sent: bytes
    status: int
    said: tuple[str, ...] = ()


def head(line: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([line + b" HTTP/1.1", b"Host: evil.example", *headers, b"", b""])


def sized(line: bytes, body: bytes, *headers: bytes) -> bytes:
    return head(line, b"Content-Length: %d" % len(body), *headers) + body


def chunked(line: bytes, body: bytes, *headers: bytes) -> bytes:
    half = len(body) // 2
    chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(each), each) for each in (body[:half], body[half:]) if each)
    return head(line, b"Transfer-Encoding: chunked", *headers) + chunks + b"0\r\nX-Sum: 1\r\n\r\n"


COMPLAINTS = b"POST /v1/complaints"
BATCH = b"POST /v1/complaints:batch"
WITHDRAWALS = b"POST /v1/complaints/" + CASE.encode() + b"/withdrawals"
H2C = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk")
WEBSOCKET = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: eA==")
EXPECT = (b"Expect: 100-continue",)
OFFERS: list[tuple[bytes, ...]] = [(), (b"Content-Type: application/json",), H2C, WEBSOCKET, EXPECT]
"""What a request may say beside its length."""

FRAMINGS = [sized, chunked]


def complaint(text: str, **more: str) -> bytes:
    return json.dumps({"narrative": text, **more}).encode()


@st.composite
def requests(draw: st.DrawFn) -> Request:
    framing, offer = draw(st.sampled_from(FRAMINGS)), draw(st.sampled_from(OFFERS))
    unread = () if offer is EXPECT else offer
    text = draw(st.sampled_from(["a", "b" * 700, "c" * (2 * HEAD_LIMIT)]))
    match draw(st.sampled_from(["complaint", "batch", "withdrawal", "elsewhere", "HEAD", "OPTIONS", "GET"])):
        case "complaint":
            return Request(framing(COMPLAINTS, complaint(text), *offer), 202, (text,))
        case "batch":
            lines = [complaint(each, channel_message_id=each[:9] or "-") for each in (text, "second")]
            return Request(framing(BATCH, b"\n".join(lines), *offer), 200, (text, "second"))
        case "withdrawal":
            body, code = json.dumps({"reason": "solved_otherwise"}).encode(), b"Query-Code: " + QUERY_CODE
            return Request(framing(WITHDRAWALS, body, code, *offer), 202, ("solved_otherwise",))
        case "elsewhere":
            return Request(framing(COMPLAINTS + b"/", complaint(text), *unread), 404)
        case "GET":
            return Request(framing(b"GET /v1/nothing", complaint(text), *unread), 404)
        case method:
            return Request(framing(method.encode() + b" /v1/complaints", complaint(text), *unread), 405)


@given(asked=st.lists(requests(), min_size=1, max_size=4), data=st.data())
def test_requests_in_a_row_are_read_whole_wherever_the_bytes_are_cut(asked: list[Request], data: st.DataObject) -> None:
    sent = b"".join(request.sent for request in asked)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=8)))
    pauses = data.draw(st.lists(st.sampled_from([0, 1, 30]), min_size=len(cuts) + 1, max_size=len(cuts) + 1))

    async def in_pieces(talk: Talk) -> None:
        for begin, end, pause in zip([0, *cuts], [*cuts, len(sent)], pauses, strict=True):
            await talk.say(sent[begin:end])
            await turns(pause)
        await until(lambda: len(talk.wire.statuses) == len(asked) or talk.wire.closed)

    talked = talk(in_pieces)
    assert talked.wire.statuses == [request.status for request in asked]
    assert sorted(talked.said) == sorted(text for request in asked for text in request.said)
    assert not talked.wire.closed


REASON = b'{"reason":"solved_otherwise"}'
CODE = b"Query-Code: " + QUERY_CODE
JSON = b"Content-Type: application/json"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (head(WITHDRAWALS, CODE, b"Content-Length: 29", b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + REASON, 400),
        (head(WITHDRAWALS, CODE, b"Transfer-Encoding: chunked", b"Content-Length: 0") + b"1d\r\n" + REASON, 400),
        (head(WITHDRAWALS, CODE, b"Content-Length: 0", b"Content-Length: 29") + REASON, 400),
        (head(WITHDRAWALS, CODE, b"Content-Length: +0") + REASON, 400),
        (head(WITHDRAWALS, CODE, b"Content-Length: 0x1d") + REASON, 400),
        (head(WITHDRAWALS, CODE, b"Transfer-Encoding: gzip, chunked") + REASON, 400),
        (head(WITHDRAWALS, CODE, b"Transfer-Encoding: identity") + REASON, 400),
        (head(WITHDRAWALS, CODE, b"Transfer-Encoding: chunked") + b"-1\r\n" + REASON, 400),
        (head(WITHDRAWALS, CODE, JSON) + REASON, 411),
        (head(WITHDRAWALS, CODE, JSON, *H2C) + REASON, 411),
        (head(WITHDRAWALS, CODE).replace(b"HTTP/1.1", b"HTTP/1.0") + REASON, 411),
        (head(BATCH).replace(b"HTTP/1.1", b"HTTP/1.0") + complaint("a", channel_message_id="a"), 411),
        (chunked(WITHDRAWALS, REASON, CODE).replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
        (head(b"GET /v1/nothing", b"Content-Length: 29", b"Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
    ],
)
def test_a_body_of_doubtful_length_is_refused_and_the_connection_closed(sent: bytes, status: int) -> None:
    async def at_once(talk: Talk) -> None:
        await talk.say(sent)
        await until(lambda: talk.wire.closed)

    talked = talk(at_once)
    assert talked.wire.statuses == [status]
    assert talked.said == []


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("offer", OFFERS)
def test_a_body_that_breaks_off_is_never_said_yes_to(framing: Callable[..., bytes], offer: Sequence[bytes]) -> None:
    whole = framing(WITHDRAWALS, REASON, CODE, *offer)
    begun = whole.index(b"\r\n\r\n") + 4

    async def up_to(talk: Talk, end: int) -> None:
        await talk.say(whole[:end])
        await turns(30)
        await talk.hang_up()

    for end in range(begun, len(whole)):
        talked = talk(lambda talk, end=end: up_to(talk, end))  # type: ignore[misc]
        assert talked.wire.statuses == []
        assert talked.said == []


def test_who_asks_before_sending_is_refused_without_being_told_to_send() -> None:
    """Nobody knows whether the body follows all the same, so the connection cannot be used again."""
    talked = talk(lambda talk: talk.say(head(COMPLAINTS + b"/", b"Content-Length: 50", *EXPECT)))
    assert talked.wire.statuses == [404]
    assert b"100 Continue" not in talked.wire.written
    assert talked.wire.closed


def test_a_body_behind_its_refusal_is_not_taken_for_a_head() -> None:
    async def late(talk: Talk) -> None:
        await talk.say(head(b"POST /v1/nothing", b"Content-Length: %d" % (3 * HEAD_LIMIT)))
        await turns(30)
        for _ in range(3):
            await talk.say(b"x" * HEAD_LIMIT)
            await turns(30)
        await talk.say(sized(COMPLAINTS, complaint("a")))
        await until(lambda: len(talk.wire.statuses) == 2 or talk.wire.closed)

    talked = talk(late)
    assert talked.wire.statuses == [404, 202]
    assert talked.said == ["a"]


@pytest.mark.parametrize("body", [b"", b"\n", b" \r\n\r\n\n"])
@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_batch_without_lines_is_refused(framing: Callable[..., bytes], body: bytes) -> None:
    talked = talk(lambda talk: talk.say(framing(BATCH, body)))
    assert talked.wire.statuses == [400]
    assert b"urn:complaintbus:problem:empty-batch" in talked.wire.written


@pytest.mark.parametrize(
    "sent", [sized(WITHDRAWALS, b"", CODE), sized(WITHDRAWALS, b"", CODE, JSON), head(WITHDRAWALS, CODE)]
)
def test_who_has_nothing_to_add_need_not(sent: bytes) -> None:
    talked = talk(lambda talk: talk.say(sent))
    assert talked.wire.statuses == [202]
    assert talked.said == ["None"]


@pytest.mark.parametrize("host", [b"evil.example", b"evil.example:1@x", b""])
@pytest.mark.parametrize("path", [b"/v1/complaints/", b"/v1/complaints:batch/", b"/docs/", b"//evil.example/"])
def test_no_answer_is_made_of_the_host_header(path: bytes, host: bytes) -> None:
    sent = sized(b"POST " + path, complaint("a")).replace(b"Host: evil.example", b"Host: " + host)
    talked = talk(lambda talk: talk.say(sent))
    assert talked.wire.statuses[0] in (404, 405)
    assert b"location:" not in talked.wire.written.lower()
    assert b"evil.example" not in talked.wire.written
