"""What the complainant says later: more material, hurry up, never mind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.router.domain.case import CaseStatus
from services.router.domain.consumer_messages import KEPT_SUPPLEMENTS
from shared.events.complaint import Attachment, Narrative
from shared.events.departments import AssignmentCancelled, AssignmentSupplemented, AssignmentUrged
from shared.events.lifecycle import CaseWithdrawn
from tests.unit.router.case_builders import RECEIVED_AT, Router, a_complaint, short

LEAD = "after-sales"


def submitted(co_handlers: tuple[str, ...] = ("legal",), safety: bool = False) -> Router:
    """A router with a dispatched case, an hour after receipt."""
    router = Router(co_handlers=co_handlers, safety=safety)
    router.submit()
    router.now = RECEIVED_AT + timedelta(hours=1)
    return router


@pytest.mark.parametrize("message", ["supplement", "urge", "withdraw"])
def test_a_message_about_an_unknown_case_is_refused(message: str) -> None:
    router = Router()
    getattr(router, message)()
    assert router.refused == "unknown_case"


@pytest.mark.parametrize("message", ["supplement", "urge", "withdraw"])
def test_the_same_message_twice_is_recognised(message: str) -> None:
    router = submitted()
    getattr(router, message)(record_id="m-1")
    state = router.state
    getattr(router, message)(record_id="m-1")
    assert router.refused == "duplicate_message"
    assert router.state == state


def test_more_material_is_passed_to_everybody_who_works_on_it() -> None:
    router = submitted()
    router.supplement("A photo.")
    assert router.last() == ["supplement_registered"]
    told = [(topic, event) for topic, event in router.told if isinstance(event, AssignmentSupplemented)]
    assert [topic for topic, _ in told] == ["departments.after-sales.v1", "departments.legal.v1"]
    assert {event.narrative.text for _, event in told} == {"A photo."}


def test_a_resolved_lead_still_hears_the_complainant() -> None:
    router = submitted(co_handlers=())
    router.resolve(LEAD)
    router.supplement()
    router.urge()
    assert [short(event) for _, event in router.told[-2:]] == ["supplemented", "urged"]


def test_the_case_log_holds_none_of_the_added_words() -> None:
    router = submitted()
    router.supplement("secret words")
    assert "secret" not in router.log[-1].model_dump_json()


def test_only_the_newest_material_is_kept_for_departments_to_come() -> None:
    router = submitted()
    for number in range(KEPT_SUPPLEMENTS + 3):
        router.supplement(f"No {number}")
    texts = [kept.narrative.text for kept in router.state.supplements]
    assert texts == [f"No {number}" for number in range(3, KEPT_SUPPLEMENTS + 3)]


def test_the_largest_case_fits_into_a_kafka_record() -> None:
    attachment = Attachment(attachment_id="a" * 100, media_type="m" * 100, size_bytes=10**9, sha256="0" * 64)
    narrative, attachments = Narrative(text="\U0001f4a5" * 20_000), (attachment,) * 50
    router = Router()
    router.submit(a_complaint(narrative=narrative, attachments=attachments))
    for _ in range(KEPT_SUPPLEMENTS + 1):
        router.supplement(narrative.text, attachments=attachments)
    row = router.state.__pydantic_serializer__.to_json(router.state, exclude_defaults=True)
    assert 800_000 < len(row) < 1_000_000


def test_urges_are_counted_and_passed_on() -> None:
    router = submitted()
    router.urge()
    router.urge()
    urged = [event for _, event in router.told if isinstance(event, AssignmentUrged)]
    assert [event.urge_count for event in urged] == [1, 1, 2, 2]
    assert router.state.urge_count == 2


def test_a_withdrawal_stops_everybody_at_the_moment_of_its_receipt() -> None:
    router = submitted()
    router.update("legal", "resolve")
    router.now += timedelta(hours=5)
    received_at = router.now
    router.withdraw()
    entry = router.log[-1]
    assert isinstance(entry, CaseWithdrawn)
    assert entry.happened_at == received_at
    cancelled = [(topic, event.reason) for topic, event in router.told if isinstance(event, AssignmentCancelled)]
    assert cancelled == [("departments.after-sales.v1", "withdrawn")]
    assert router.holders() == {}
    router.update(LEAD, "contact")
    assert router.refused == "withdrawn"


@pytest.mark.parametrize("message", ["supplement", "urge", "withdraw"])
def test_after_a_withdrawal_or_closing_the_complainant_is_referred_to_a_new_complaint(message: str) -> None:
    withdrawn = submitted()
    withdrawn.withdraw()
    getattr(withdrawn, message)()
    assert withdrawn.turned_away == "withdrawn"
    closed = submitted(co_handlers=())
    closed.resolve(LEAD)
    closed.answer(solved=True)
    getattr(closed, message)()
    assert closed.turned_away == "case_closed"


def test_a_resolved_case_can_be_withdrawn() -> None:
    router = submitted(co_handlers=())
    router.resolve(LEAD)
    router.withdraw()
    assert router.last() == ["withdrawal_registered"]
    router.answer(solved=False)
    assert router.turned_away == "withdrawn"


def test_departments_go_on_with_a_withdrawn_case_where_people_are_in_danger() -> None:
    router = submitted(safety=True)
    router.withdraw()
    assert router.last() == ["withdrawal_registered"]
    assert not [event for _, event in router.told if isinstance(event, AssignmentCancelled)]
    assert router.status is CaseStatus.OPEN
    router.give_back("legal", "quality")
    router.resolve("quality")
    router.resolve(LEAD)
    assert router.last(2) == ["assignment_resolved", "closed"]
    assert router.state.status.value == "closed"
    assert "resolved" not in [short(entry) for entry in router.log]
