"""The doors, whatever the channel: they take what was parsed, and tell nothing to who may not speak for a case."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from services.intake.complaint_door import ComplaintDoor, Receipt
from services.intake.delivery import Delivery, Memories
from services.intake.domain.consumer_message import Urge
from services.intake.domain.parsed import Reply, Submitted, Unreadable
from services.intake.domain.proof import Proof, QueryCode
from services.intake.domain.refusal import DoorRefusal, RefusalReason
from services.intake.domain.submission import Submission
from services.intake.message_door import MessageDoor, MessageReceipt
from shared.clock import ManualClock
from shared.events import ids, registry
from shared.events.envelope import new_traceparent
from shared.events.received import ComplaintSubmitted, ComplaintUrged
from shared.streaming.records import ProducerRecord

SECRET = b"a secret for tests alone"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TRACE = new_traceparent()
REFUSED = Unreadable(DoorRefusal(RefusalReason.NOT_JSON))
URGE = Reply("urges", Urge(), "key", "0" * 64)


class Records:
    """A log that acknowledges at once."""

    def __init__(self) -> None:
        self.written: list[ProducerRecord] = []

    async def append(self, record: ProducerRecord) -> None:
        self.written.append(record)


@dataclass(frozen=True)
class Letterhead:
    """A proof of a kind there is not yet: the case it names is believed."""

    case: str | None

    def opened(self, secret: bytes) -> str | None:
        assert secret == SECRET
        return self.case


def submission(message_id: str = "m-1") -> Submitted:
    fields = {"channel": "shop", "channel_message_id": message_id, "narrative": "the kettle leaks"}
    return Submitted(Submission.model_validate(fields), None, "0" * 64)


def complain(records: Records, *parsed: Submitted | Unreadable) -> list[Receipt | DoorRefusal]:
    door = ComplaintDoor(Delivery(records, Memories()), query_code_secret=SECRET, clock=ManualClock(NOW))

    async def knock() -> list[Receipt | DoorRefusal]:
        return [await door.take_in(each, TRACE) for each in parsed]

    return asyncio.run(knock())


def say(records: Records, parsed: Reply | Unreadable, proof: Proof) -> MessageReceipt | DoorRefusal:
    door = MessageDoor(Delivery(records, Memories()), query_code_secret=SECRET, clock=ManualClock(NOW))
    return asyncio.run(door.take_in("urges", parsed, proof, TRACE))


def test_a_submission_becomes_a_record_and_its_receipt_opens_the_case() -> None:
    records = Records()
    (receipt,) = complain(records, submission())
    assert isinstance(receipt, Receipt)
    (record,) = records.written
    _, event = registry.decode(record.headers, record.value)
    assert isinstance(event, ComplaintSubmitted)
    assert (record.key or b"").decode() == receipt.complaint_id == ids.complaint_id("shop", "m-1")
    assert QueryCode(receipt.complaint_id, receipt.query_code).opened(SECRET) == receipt.complaint_id


def test_the_senders_own_id_is_the_complaints() -> None:
    outside = Submitted(submission().submission, "k-9", "0" * 64)
    one, two, same = complain(Records(), submission(), outside, submission())
    assert isinstance(one, Receipt)
    assert isinstance(two, Receipt)
    assert one == same
    assert two.complaint_id == ids.complaint_id("shop", "k-9")


def test_what_a_channel_could_not_read_is_noted_and_written_nowhere() -> None:
    records = Records()
    with capture_logs() as told:
        assert complain(records, REFUSED) == [REFUSED.refusal]
    assert records.written == []
    assert [(each["event"], each["reason"]) for each in told] == [("complaint_rejected", "not-json")]


@pytest.mark.parametrize(
    "proof", [QueryCode("no id", "x"), QueryCode(ids.complaint_id("web", "1"), ""), Letterhead(None)]
)
@pytest.mark.parametrize("parsed", [URGE, REFUSED])
def test_without_a_proof_nothing_is_told_but_that(proof: Proof, parsed: Reply | Unreadable) -> None:
    records = Records()
    assert say(records, parsed, proof) == DoorRefusal(RefusalReason.NOT_FOUND)
    assert records.written == []


def test_who_may_speak_is_told_what_is_wrong() -> None:
    records = Records()
    assert say(records, REFUSED, Letterhead(ids.complaint_id("web", "1"))) == REFUSED.refusal
    assert records.written == []


def test_any_proof_opens_the_case_it_names() -> None:
    case, records = ids.complaint_id("web", "1"), Records()
    receipts = [
        say(records, URGE, proof) for proof in (Letterhead(case), QueryCode(case, ids.query_code(SECRET, case)))
    ]
    assert isinstance(receipts[0], MessageReceipt)
    assert receipts[0] == receipts[1]
    for record in records.written:
        _, event = registry.decode(record.headers, record.value)
        assert event == ComplaintUrged(complaint_id=case, received_at=NOW)


def test_a_message_with_a_key_is_the_same_when_it_comes_again_and_without_one_another() -> None:
    proof, records = Letterhead(ids.complaint_id("web", "1")), Records()
    without = Reply("urges", Urge(), None, "0" * 64)
    first, again, one, other = (say(records, parsed, proof) for parsed in (URGE, URGE, without, without))
    assert first == again
    assert isinstance(one, MessageReceipt)
    assert isinstance(other, MessageReceipt)
    assert len({one.event_id, other.event_id, getattr(first, "event_id", "")}) == 3
