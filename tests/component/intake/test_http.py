"""The door over real HTTP and a real Redis: what it answers, when, and what it lets nobody see."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from deploy.local.polling import wait_until
from services.intake.memory.receipts import Receipts
from shared.clock import ManualClock
from shared.errors import BrokerUnavailable
from shared.events import ids, registry
from shared.events.received import ComplaintSubmitted
from shared.streaming.broker import Offsets
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import TopicPartition
from tests.support.intake_server import SECRET, RunningIntake, running_intake
from tests.support.scripted_broker import Manner, ScriptedBroker

RECEIVED = "complaints.received.v1"
COMPLAINT = {"narrative": "冰箱坏了，三次没来修。"}
BODY_LIMIT = 4096
NOW = datetime(2024, 5, 1, 15, 59, tzinfo=UTC)  # one minute to midnight in China


@pytest.fixture(scope="module")
def broker() -> MemoryBroker:
    return MemoryBroker({RECEIVED: 12})


@pytest.fixture(scope="module")
def intake(broker: MemoryBroker, redis_url: str) -> Iterator[RunningIntake]:
    with running_intake(broker, redis_url, http__max_body_bytes=BODY_LIMIT, http__max_batch_bytes=65_536) as running:
        yield running


@pytest.fixture
def scripted(unique_name: Callable[[str], str]) -> ScriptedBroker:
    return ScriptedBroker("acknowledge", unique_name("cluster"))


def key() -> str:
    return uuid.uuid4().hex


def written(broker: MemoryBroker, complaint_id: str) -> list[ComplaintSubmitted]:
    """What is on the topic about one complaint."""
    records = [record for record in broker.records(RECEIVED) if record.key == complaint_id.encode()]
    events = [registry.decode(record.headers, record.value)[1] for record in records]
    assert all(isinstance(event, ComplaintSubmitted) for event in events)
    return [event for event in events if isinstance(event, ComplaintSubmitted)]


def test_202_carries_a_ticket_and_a_query_code_for_a_record_that_is_there(
    intake: RunningIntake, broker: MemoryBroker
) -> None:
    answer = intake.post({**COMPLAINT, "channel": "shop", "order_reference": "A-1"}, key="k 1")
    receipt = answer.json()
    assert answer.status_code == 202
    assert answer.headers["cache-control"] == "no-store"
    assert receipt["complaint_id"] == ids.complaint_id("shop", "k 1")
    assert ids.is_ticket_number(receipt["ticket_number"])
    assert ids.is_query_code(SECRET.encode(), receipt["complaint_id"], receipt["query_code"])
    [event] = written(broker, receipt["complaint_id"])
    assert event.complaint.ticket_number == receipt["ticket_number"]
    assert event.complaint.order_reference == "A-1"
    assert event.complaint.narrative.text == COMPLAINT["narrative"]


def test_a_trace_is_continued_and_the_event_id_is_the_same_for_the_same_content(scripted: ScriptedBroker) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    same = key()
    with running_intake(scripted, "redis://127.0.0.1:1/0", remembers=False) as intake:
        intake.post(content=b'{"narrative":"a","place":"b"}', key=same, headers={"traceparent": trace})
        intake.post(content=b'{ "place" : "b", "narrative":"a" }', key=same, headers={"traceparent": "nonsense"})
    first, again = (dict(record.headers) for record in scripted.sent)
    assert first["traceparent"] == trace.encode()
    assert again["traceparent"] != trace.encode()
    assert first["ce_id"] == again["ce_id"]


def test_no_202_before_the_acknowledgement(scripted: ScriptedBroker, redis_url: str) -> None:
    scripted.manner = "hold"
    with (
        running_intake(scripted, redis_url, kafka__delivery_timeout_seconds=10) as intake,
        ThreadPoolExecutor() as pool,
    ):
        answer = pool.submit(intake.post, COMPLAINT)
        deadline = time.monotonic() + 10
        while not scripted.sent and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(TimeoutError):
            answer.result(0.3)
        scripted.release()
        assert answer.result(10).status_code == 202


@pytest.mark.parametrize("manner", ["silent", "refuse", "full", "fatal"])
def test_without_acknowledgement_it_is_503_in_time_and_never_202(
    manner: Manner, scripted: ScriptedBroker, redis_url: str
) -> None:
    scripted.manner = manner
    same = key()
    with running_intake(scripted, redis_url) as intake:
        started = time.monotonic()
        answers = [intake.post(COMPLAINT, key=same) for _ in range(3)]
        assert time.monotonic() - started < 5
        assert [answer.status_code for answer in answers] == [503] * 3
        assert int(answers[0].headers["retry-after"]) >= 1
        assert answers[0].json()["type"] == "urn:complaintbus:problem:unavailable"
        assert "same Idempotency-Key" in answers[0].json()["detail"]
        assert intake.intake.not_ready() is not None


class UnnamedCluster(ScriptedBroker):
    """Answers, but does not say which cluster it is until ``is_named``."""

    is_named = False

    def cluster_id(self) -> str:
        if not self.is_named:
            raise BrokerUnavailable("no answer")
        return super().cluster_id()


def test_a_door_that_cannot_tell_repeats_yet_refuses_and_says_that_it_is_not_ready(redis_url: str) -> None:
    unnamed = UnnamedCluster()
    with running_intake(unnamed, redis_url, remembers=False) as intake:
        assert intake.post(COMPLAINT).status_code == 503
        assert intake.intake.not_ready() == "what was taken in before is not read yet"
        unnamed.is_named = True
        wait_until(lambda: intake.intake.not_ready() is None, "the door to be ready", timeout_seconds=20)
        assert intake.post(COMPLAINT).status_code == 202


def test_after_an_outage_the_retry_gets_the_ticket_the_first_try_would_have_got(
    scripted: ScriptedBroker, redis_url: str
) -> None:
    scripted.manner = "silent"
    same = key()
    with running_intake(scripted, redis_url) as intake:
        assert intake.post(COMPLAINT, key=same).status_code == 503
        scripted.manner = "acknowledge"
        deadline = time.monotonic() + 5
        while (answer := intake.post(COMPLAINT, key=same)).status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert answer.status_code == 202
    assert {record.key for record in scripted.sent} == {answer.json()["complaint_id"].encode()}
    assert len({dict(record.headers)["ce_id"] for record in scripted.sent}) == 1


def test_bad_fields_are_named_in_the_clients_language(intake: RunningIntake) -> None:
    bad = {"narrative": " ", "channel": "shop", "amount": {"value": "dear"}, "priority": 1}
    answer = intake.post(bad, headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    problem = answer.json()
    assert answer.status_code == problem["status"] == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == "zh-CN"
    assert {error["field"]: error["reason"] for error in problem["errors"]} == {
        "narrative": "没有内容，只有空白或不可见字符",
        "amount.value": "必须是数字",
        "priority": "不是已知字段",
    }
    assert intake.post(bad).json()["title"] == "Some fields are not acceptable"


@pytest.mark.parametrize(
    ("request_parts", "status", "kind"),
    [
        ({"content": b"{oops"}, 400, "not-json"),
        ({"content": b'{"narrative":"a","narrative":"b"}'}, 400, "not-json"),
        ({"content": b'{"narrative":"a"}', "headers": {"Content-Type": "text/xml"}}, 415, "unsupported-media-type"),
        ({"content": b'{"narrative":"a"}', "headers": {"Content-Encoding": "gzip"}}, 415, "unsupported-media-type"),
        ({"submission": COMPLAINT, "key": "x" * 256}, 400, "invalid-idempotency-key"),
        ({"submission": COMPLAINT | {"channel": "mail"}}, 422, "invalid-fields"),
        ({"submission": COMPLAINT | {"received_at": "2999-01-01T00:00:00Z"}}, 422, "invalid-fields"),
        ({"submission": COMPLAINT | {"received_at": "2199-01-01T00:00:00Z"}}, 422, "invalid-fields"),
    ],
)
def test_refusals_are_problem_documents(
    intake: RunningIntake, request_parts: dict[str, Any], status: int, kind: str
) -> None:
    answer = intake.post(**request_parts)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:complaintbus:problem:{kind}"


def test_two_idempotency_keys_are_one_too_many(intake: RunningIntake) -> None:
    answer = httpx.post(
        f"{intake.url}/v1/complaints",
        json=COMPLAINT,
        headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")],
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/", "/v1/complaints/x", "/v1", "/metrics", "/live"])
def test_elsewhere_there_is_nothing(intake: RunningIntake, path: str) -> None:
    answer = httpx.get(intake.url + path)
    assert answer.status_code in (404, 405)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("over", "status"), [(0, 202), (1, 413)])
def test_the_size_limit_is_exact(intake: RunningIntake, chunked: bool, over: int, status: int) -> None:
    body = b'{"narrative":"' + b"x" * (BODY_LIMIT - 16 + over) + b'"}'
    assert len(body) == BODY_LIMIT + over
    content = iter([body[:100], body[100:]]) if chunked else body
    assert intake.post(content=content).status_code == status


def test_a_flood_is_cut_off_while_it_streams(intake: RunningIntake) -> None:
    """The client goes on sending without end; the answer comes long before, and the connection closes."""
    with socket.create_connection(("127.0.0.1", intake.port), timeout=10) as connection:
        connection.sendall(b"POST /v1/complaints HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 100_000_000:
                connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                sent += 0x10000
        except OSError:
            pass
        assert sent < 50_000_000
        assert b"413" in _received(connection)


def test_a_body_that_does_not_arrive_is_given_up(scripted: ScriptedBroker, redis_url: str) -> None:
    with (
        running_intake(scripted, redis_url, http__body_timeout_seconds=0.3) as intake,
        socket.create_connection(("127.0.0.1", intake.port), timeout=10) as connection,
    ):
        connection.sendall(b'POST /v1/complaints HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{"narrative"')
        assert b"408" in _received(connection)
    assert scripted.sent == []


def test_the_same_submission_is_answered_alike_and_written_once(intake: RunningIntake, broker: MemoryBroker) -> None:
    same = key()
    first = intake.post(content=b'{"narrative":"a","place":"b"}', key=same)
    again = intake.post(content=b'{"place": "b", "narrative": "a"}', key=same)
    assert first.json() == again.json()
    assert len(written(broker, first.json()["complaint_id"])) == 1


def test_a_key_reused_for_other_content_is_refused(intake: RunningIntake, broker: MemoryBroker) -> None:
    same = key()
    first = intake.post(COMPLAINT, key=same)
    other = intake.post({"narrative": "something else"}, key=same)
    assert (other.status_code, other.json()["type"]) == (422, "urn:complaintbus:problem:idempotency-key-reused")
    assert "query_code" not in other.text
    assert len(written(broker, first.json()["complaint_id"])) == 1


@pytest.mark.parametrize("away", ["flushed", "flushed, and the door restarted", "flushed, and a new door asked"])
def test_without_redis_and_past_midnight_the_same_submission_still_gets_the_same_ticket(
    redis_url: str, tmp_path: Path, away: str
) -> None:
    clock, same, broker = ManualClock(NOW), key(), MemoryBroker({RECEIVED: 12})
    later = tmp_path / ("other" if away.endswith("new door asked") else "first")
    with running_intake(broker, redis_url, clock=clock, state_dir=tmp_path / "first") as intake:
        first = intake.post(COMPLAINT, key=same).json()
        intake.has_read(first["complaint_id"])
        if away == "flushed":
            flush(redis_url)
            clock.set(NOW + timedelta(days=1))
            assert intake.post(COMPLAINT, key=same).json() == first
    flush(redis_url)
    clock.set(NOW + timedelta(days=2))
    with running_intake(broker, redis_url, clock=clock, state_dir=later) as intake:
        intake.has_read(first["complaint_id"])
        assert intake.post(COMPLAINT, key=same).json() == first
        other = intake.post({"narrative": "something else"}, key=same)
    assert other.status_code == 422, "nor does a key mean another complaint"
    assert len(written(broker, first["complaint_id"])) == 1


def test_a_door_that_has_just_opened_knows_what_was_taken_in_before(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, same, broker = ManualClock(NOW), key(), MemoryBroker({RECEIVED: 12})
    with running_intake(broker, redis_url, clock=clock) as intake:
        first = intake.post(COMPLAINT, key=same).json()
    flush(redis_url)
    clock.set(NOW + timedelta(days=1))
    joined = Receipts._open_stores

    def join_slowly(receipts: Receipts, partitions: Sequence[TopicPartition]) -> Offsets:
        time.sleep(0.5)  # as a group does
        return joined(receipts, partitions)

    monkeypatch.setattr(Receipts, "_open_stores", join_slowly)
    with running_intake(broker, redis_url, clock=clock, remembers=False) as intake:
        assert intake.post(COMPLAINT, key=same).json() == first


@pytest.mark.parametrize("restarted", [True, False])
def test_the_first_repeat_after_an_outage_is_known(tmp_path: Path, restarted: bool) -> None:
    """Found by torture: Kafka took records again a moment before the door knew its cluster, and asked nobody."""
    clock, same, broker = ManualClock(NOW), key(), MemoryBroker({RECEIVED: 12})
    nowhere = "redis://127.0.0.1:1/0"
    with running_intake(broker, nowhere, clock=clock, state_dir=tmp_path, remembers=False) as intake:
        first = intake.post(COMPLAINT, key=same).json()
        intake.has_read(first["complaint_id"])
        if not restarted:
            assert_known_after_an_outage(intake, broker, clock, same, first)
    if restarted:
        broker.available = False
        with running_intake(broker, nowhere, clock=clock, state_dir=tmp_path, remembers=False) as intake:
            assert_known_after_an_outage(intake, broker, clock, same, first)
    assert len(written(broker, first["complaint_id"])) == 1


def assert_known_after_an_outage(
    intake: RunningIntake, broker: MemoryBroker, clock: ManualClock, same: str, first: dict[str, Any]
) -> None:
    clock.set(NOW + timedelta(days=1))
    broker.available = False
    intake.await_cluster_unknown()
    assert intake.post(COMPLAINT, key=same).status_code == 503
    broker.available = True
    deadline = time.monotonic() + 30
    while (answer := intake.post(COMPLAINT, key=same)).status_code == 503:
        assert time.monotonic() < deadline
    assert answer.json() == first
    assert intake.post({"narrative": "something else"}, key=same).status_code == 422


def test_the_log_is_believed_before_redis(intake: RunningIntake, broker: MemoryBroker, redis_url: str) -> None:
    same = key()
    first = intake.post(COMPLAINT, key=same).json()
    (event,) = written(broker, first["complaint_id"])
    intake.has_read(first["complaint_id"])
    with Redis.from_url(redis_url) as redis:
        (name,) = [name for name in redis.scan_iter() if name.endswith(first["complaint_id"].encode())]
        redis.set(name, f"{event.complaint.content_digest} 2031-01-01T00:00:00+00:00")
    assert intake.post(COMPLAINT, key=same).json() == first


def flush(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()


def test_past_midnight_a_repeat_keeps_the_ticket_of_its_first_receipt(redis_url: str) -> None:
    clock, same = ManualClock(NOW), key()
    with running_intake(MemoryBroker({RECEIVED: 12}), redis_url, clock=clock) as intake:
        first = intake.post(COMPLAINT, key=same).json()
        clock.set(NOW + timedelta(hours=1))
        assert intake.post(COMPLAINT, key=same).json() == first


def test_another_kafka_cluster_is_not_taken_for_the_one_redis_remembers(redis_url: str) -> None:
    same = key()
    for _ in range(2):
        broker = MemoryBroker({RECEIVED: 12})
        with running_intake(broker, redis_url) as intake:
            receipt = intake.post(COMPLAINT, key=same).json()
        assert len(written(broker, receipt["complaint_id"])) == 1


def test_fifty_identical_posts_at_once_are_one_ticket_and_one_record(
    intake: RunningIntake, broker: MemoryBroker
) -> None:
    same = key()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: intake.post(COMPLAINT, key=same), range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert len(written(broker, answers[0].json()["complaint_id"])) == 1


def test_other_content_under_a_key_in_flight_is_told_to_wait(scripted: ScriptedBroker, redis_url: str) -> None:
    scripted.manner, same = "hold", key()
    with (
        running_intake(scripted, redis_url, kafka__delivery_timeout_seconds=10) as intake,
        ThreadPoolExecutor() as pool,
    ):
        first = pool.submit(intake.post, COMPLAINT, same)
        while not scripted.sent:
            time.sleep(0.01)
        other = intake.post({"narrative": "something else"}, key=same)
        scripted.release()
        assert first.result(10).status_code == 202
    assert (other.status_code, other.headers["retry-after"]) == (409, "1")


def test_without_redis_everything_works_without_delay(scripted: ScriptedBroker) -> None:
    with running_intake(scripted, "redis://127.0.0.1:1/0") as intake:
        started = time.monotonic()
        assert {intake.post(COMPLAINT, key=key()).status_code for _ in range(20)} == {202}
        assert time.monotonic() - started < 5


def test_a_redis_that_hangs_costs_one_timeout_not_one_each(scripted: ScriptedBroker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:  # accepts and never answers
        url = f"redis://127.0.0.1:{hanging.getsockname()[1]}/0"
        with running_intake(scripted, url, redis__timeout_seconds=0.4) as intake:
            durations = []
            for _ in range(8):
                started = time.monotonic()
                assert intake.post(COMPLAINT, key=key()).status_code == 202
                durations.append(time.monotonic() - started)
    assert sum(duration > 0.35 for duration in durations) <= 2


def test_an_unforeseen_failure_is_a_plain_500(
    scripted: ScriptedBroker, redis_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def explode(*_arguments: object) -> None:
        raise RuntimeError("canary 13800000000")

    monkeypatch.setattr(scripted, "send", explode)
    with running_intake(scripted, redis_url) as intake:
        answer = intake.post(COMPLAINT)
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:complaintbus:problem:failed")
    logged = "".join(capfd.readouterr())
    assert "request_failed" in logged
    assert "canary" not in answer.text + logged


def test_personal_data_goes_to_the_record_and_nowhere_else(
    scripted: ScriptedBroker, redis_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    canary = "canary-王小二-13800000000"
    submission = {"complainant": {"name": canary, "handles": {"wechat": canary}}, "narrative": canary}
    with running_intake(scripted, redis_url) as intake:
        receipt = intake.post(submission, key=key()).json()
        intake.post({**submission, canary: canary, "channel": canary}, key=key())
        intake.post(content=f'{{"narrative": "{canary}" {canary}'.encode(), key=key())
        scripted.manner = "refuse"
        intake.post(submission, key=key())
    logged = "".join(capfd.readouterr())
    with Redis.from_url(redis_url) as redis:
        remembered = b"".join(name + (redis.get(name) or b"") for name in redis.scan_iter("intake:*")).decode()
    headers = repr([(record.key, record.headers) for record in scripted.sent])
    assert canary in (scripted.sent[0].value or b"").decode()
    assert receipt["complaint_id"] in logged
    assert receipt["complaint_id"] in remembered
    for place in (logged, remembered, headers):
        assert "canary" not in place
        assert "13800000000" not in place
        assert receipt["query_code"] not in place


def test_the_openapi_document_is_whole(intake: RunningIntake) -> None:
    document = httpx.get(f"{intake.url}/openapi.json").json()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(_references(document)) <= known
    body = document["paths"]["/v1/complaints"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Submission"}
    assert len(document["paths"]) == 6


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for child in part.values():
            yield from _references(child)
    elif isinstance(part, list):
        for child in part:
            yield from _references(child)


def _received(connection: socket.socket) -> bytes:
    """Whatever arrives until the other side closes."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except OSError:
        pass
    return received
