"""Batches answer line by line in order; later messages need the query code and land beside their complaint."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from shared.events import registry
from shared.events.base import Event
from shared.streaming.memory import MemoryBroker
from tests.support.intake_server import RunningIntake, running_intake
from tests.support.scripted_broker import ScriptedBroker

RECEIVED = "complaints.received.v1"


@pytest.fixture(scope="module")
def broker() -> MemoryBroker:
    return MemoryBroker({RECEIVED: 12})


@pytest.fixture(scope="module")
def intake(broker: MemoryBroker, redis_url: str) -> Iterator[RunningIntake]:
    with running_intake(
        broker, redis_url, http__max_body_bytes=2048, http__max_batch_bytes=3_000_000, http__max_batch_lines=5000
    ) as running:
        yield running


def send_batch(intake: RunningIntake, content: bytes | Iterator[bytes]) -> httpx.Response:
    headers = {"Content-Type": "application/x-ndjson"}
    return httpx.post(f"{intake.url}/v1/complaints:batch", content=content, headers=headers, timeout=60)


def results_of(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def line(**fields: Any) -> bytes:
    own_id = {"channel": "file", "channel_message_id": uuid.uuid4().hex}
    return json.dumps(own_id | {"narrative": "坏了"} | fields, ensure_ascii=False).encode() + b"\n"


def events_about(broker: MemoryBroker, complaint_id: str) -> list[Event]:
    records = [record for record in broker.records(RECEIVED) if record.key == complaint_id.encode()]
    return [registry.decode(record.headers, record.value)[1] for record in records]


def test_each_line_of_a_batch_has_its_own_result_in_order(intake: RunningIntake) -> None:
    body = line() + b"\n" + line(narrative=" ") + b"oops\n" + line(place="x" * 3000) + line(channel_message_id=None)
    results = results_of(send_batch(intake, body + line().rstrip()))
    assert [(result["line"], result["status"]) for result in results] == [
        (1, 202), (3, 422), (4, 400), (5, 413), (6, 422), (7, 202),
    ]  # fmt: skip
    assert results[1]["problem"]["errors"][0]["field"] == "narrative"
    assert results[4]["problem"]["errors"][0]["field"] == "channel_message_id"


def test_a_large_batch_is_durable_line_by_line(intake: RunningIntake, broker: MemoryBroker) -> None:
    results = results_of(send_batch(intake, (line(order_reference=str(number)) for number in range(3000))))
    assert [result["line"] for result in results] == list(range(1, 3001))
    assert {result["status"] for result in results} == {202}
    keys = {record.key for record in broker.records(RECEIVED)}
    assert all(result["complaint_id"].encode() in keys for result in results)


def test_a_batch_sent_twice_gets_the_same_tickets(intake: RunningIntake) -> None:
    body = b"".join(line() for _ in range(50))
    assert send_batch(intake, body).text == send_batch(intake, body).text


@pytest.mark.parametrize("pieces", [3_000_001, 10_000])
def test_a_batch_over_the_limit_is_413(intake: RunningIntake, pieces: int) -> None:
    body = b" " * 3_000_001
    answer = send_batch(intake, (body[start : start + pieces] for start in range(0, len(body), pieces)))
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_a_batch_of_too_many_lines_is_413(intake: RunningIntake) -> None:
    assert send_batch(intake, b"\n" * 5001).status_code == 413


def test_lines_of_a_batch_tell_that_kafka_is_away(redis_url: str) -> None:
    with running_intake(ScriptedBroker("refuse", uuid.uuid4().hex), redis_url) as intake:
        results = results_of(send_batch(intake, line() + line()))
    assert [(result["status"], result["retry_after_seconds"]) for result in results] == [(503, 2), (503, 2)]


@pytest.fixture(scope="module")
def receipt(intake: RunningIntake) -> dict[str, str]:
    receipt: dict[str, str] = intake.post({"narrative": "坏了"}).json()
    return receipt


def send_message(
    intake: RunningIntake, receipt: dict[str, str], kind: str, body: Any = None, **headers: str
) -> httpx.Response:
    url = f"{intake.url}/v1/complaints/{receipt['complaint_id']}/{kind}"
    return httpx.post(url, json=body, headers={"Query-Code": receipt["query_code"]} | headers)


@pytest.mark.parametrize(
    ("kind", "body", "event_type"),
    [
        ("supplements", {"narrative": "还漏水"}, "complaint.supplemented.v1"),
        ("withdrawals", None, "complaint.withdrawn.v1"),
        ("withdrawals", {"reason": "solved_otherwise"}, "complaint.withdrawn.v1"),
        ("urges", None, "complaint.urged.v1"),
        ("survey-answers", {"cycle": 1, "solved": False, "score": 2}, "complaint.survey_answered.v1"),
    ],
)
def test_a_later_message_is_written_under_its_complaint(
    intake: RunningIntake, broker: MemoryBroker, receipt: dict[str, str], kind: str, body: Any, event_type: str
) -> None:
    answer = send_message(intake, receipt, kind, body)
    assert answer.status_code == 202
    assert events_about(broker, receipt["complaint_id"])[-1].event_type == event_type


def test_a_message_repeated_under_its_key_is_one_message(
    intake: RunningIntake, broker: MemoryBroker, receipt: dict[str, str]
) -> None:
    before = len(events_about(broker, receipt["complaint_id"]))
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    answers = [send_message(intake, receipt, "urges", **headers).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(events_about(broker, receipt["complaint_id"])) == before + 1


def test_messages_without_a_key_are_messages_each(intake: RunningIntake, receipt: dict[str, str]) -> None:
    ids = {send_message(intake, receipt, "urges").json()["event_id"] for _ in range(3)}
    assert len(ids) == 3


def test_a_wrong_code_and_an_unknown_complaint_look_alike(intake: RunningIntake, receipt: dict[str, str]) -> None:
    other = intake.post({"narrative": "坏了"}).json()
    answers = [
        send_message(intake, receipt | {"query_code": "AAAA-BBBB-CCCC-DDDD"}, "urges"),
        send_message(intake, receipt | {"query_code": other["query_code"]}, "urges"),
        send_message(intake, receipt | {"query_code": "\\u4ee3\\u7801"}, "urges"),
        send_message(intake, receipt | {"query_code": ""}, "urges"),
        send_message(intake, {"complaint_id": str(uuid.uuid4()), "query_code": receipt["query_code"]}, "urges"),
        send_message(intake, {"complaint_id": "nonsense", "query_code": receipt["query_code"]}, "urges"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


def test_the_code_may_be_typed_as_people_type(intake: RunningIntake, receipt: dict[str, str]) -> None:
    typed = receipt | {"query_code": receipt["query_code"].lower().replace("-", "")}
    assert send_message(intake, typed, "urges").status_code == 202


def test_the_code_is_asked_before_the_message_is_read(intake: RunningIntake, receipt: dict[str, str]) -> None:
    answer = send_message(intake, receipt | {"query_code": "x"}, "survey-answers", {"nonsense": 1})
    assert answer.status_code == 404


def test_an_unknown_kind_of_message_is_not_found(intake: RunningIntake, receipt: dict[str, str]) -> None:
    assert send_message(intake, receipt, "threats").status_code == 404
