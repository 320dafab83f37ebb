"""The sinks of text messages and webhooks: on record when it is answered, under its stable id, without its text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.torture.nemesis.message_sink import SMS, WEBHOOK, MessageSink


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[MessageSink]:
    with MessageSink(tmp_path) as running:
        yield running


def on_record(sink: MessageSink, medium: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in sink.truth_logs[medium].read_text(encoding="utf-8").splitlines()]


def test_a_text_is_on_record_when_it_is_answered(sink: MessageSink) -> None:
    text = {"to": "+86 10 5550 0100", "out_id": "id-1", "text": "Your complaint was received."}
    for copy in (1, 2):
        assert httpx.post(sink.urls[SMS], json=text).status_code == 204
        said = on_record(sink, SMS)
        assert [(line["notification_id"], line["recipient"]) for line in said] == [("id-1", text["to"])] * copy
    assert set(said[0]) == {"received_at", "notification_id", "recipient"}, "whose text it is, not what it says"
    assert on_record(sink, WEBHOOK) == []


def test_a_webhook_is_known_by_its_id_and_its_path(sink: MessageSink) -> None:
    answer = httpx.post(f"{sink.urls[WEBHOOK]}/legal/cases", content=b"{}", headers={"webhook-id": "id-2"})
    assert answer.status_code == 204
    (line,) = on_record(sink, WEBHOOK)
    assert (line["notification_id"], line["recipient"]) == ("id-2", "legal/cases")


@pytest.mark.parametrize(
    ("medium", "body"), [(WEBHOOK, b"{}"), (SMS, b"{}"), (SMS, b"not json"), (SMS, b"[]"), (SMS, b'{"to": "1"}')]
)
def test_a_message_that_does_not_say_which_it_is_is_refused(sink: MessageSink, medium: str, body: bytes) -> None:
    assert httpx.post(f"{sink.urls[medium]}/x", content=body).status_code == 400
    assert on_record(sink, medium) == []


def test_another_path_is_not_found(sink: MessageSink) -> None:
    assert httpx.post(sink.urls[SMS].replace(SMS, "fax"), content=b"{}").status_code == 404
