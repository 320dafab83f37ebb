"""What a complainant says after the 202 and the case cannot take reaches a person, once, and never only operators."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.router.domain.assess import Assessor
from services.router.domain.case import CaseStatus
from services.router.domain.departments import Department
from services.router.processor import RouterProcessor
from shared.events.departments import MessageRefused
from shared.events.lifecycle import ConsumerMessageRefused
from tests.unit.router.case_builders import TRIAGE, Router, short
from tests.unit.router.shipped_config import DEPARTMENTS, RULES, TAXONOMY

LEAD = "after-sales"


def closed() -> Router:
    router = Router()
    router.submit()
    router.resolve(LEAD)
    router.answer(solved=True)
    assert router.status is CaseStatus.CLOSED
    return router


def withdrawn() -> Router:
    router = Router()
    router.submit()
    router.withdraw()
    return router


def opened() -> Router:
    router = Router()
    router.submit()
    return router


def tasks(router: Router) -> list[tuple[str, MessageRefused]]:
    return [(topic, event) for topic, event in router.told if isinstance(event, MessageRefused)]


SAID: list[tuple[Callable[[], Router], Callable[[Router], object], str, str]] = [
    (closed, lambda router: router.supplement(), "supplement", "case_closed"),
    (closed, lambda router: router.urge(), "urge", "case_closed"),
    (closed, lambda router: router.withdraw(), "withdrawal", "case_closed"),
    (closed, lambda router: router.answer(solved=True), "survey_answer", "already_answered"),
    (closed, lambda router: router.answer(solved=False, cycle=7), "survey_answer", "future_cycle"),
    (withdrawn, lambda router: router.supplement(), "supplement", "withdrawn"),
    (withdrawn, lambda router: router.answer(solved=False), "survey_answer", "withdrawn"),
    (opened, lambda router: router.answer(solved=False), "survey_answer", "not_resolved"),
]


@pytest.mark.parametrize(
    ("make", "say", "kind", "reason"), SAID, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_not_taken_is_in_the_log_and_with_the_lead(
    make: Callable[[], Router], say: Callable[[Router], object], kind: str, reason: str
) -> None:
    router = make()
    before, status = len(router.log), router.status
    say(router)
    assert router.refused is None, "in the dead letters alone"
    (entry,) = router.log[before:]
    assert isinstance(entry, ConsumerMessageRefused)
    assert (entry.message, entry.reason, entry.departments) == (kind, reason, (LEAD,))
    ((topic, task),) = tasks(router)
    assert topic == f"departments.{LEAD}.v1"
    assert (task.message, task.reason, task.complaint) == (kind, reason, router.state.complaint)
    assert router.status is status


def test_its_words_are_handed_over() -> None:
    router = closed()
    router.supplement("A second photo.")
    ((_, task),) = tasks(router)
    assert task.narrative is not None
    assert task.narrative.text == "A second photo."


def test_a_message_written_twice_is_told_once() -> None:
    router = closed()
    router.supplement(record_id="m-1")
    router.supplement(record_id="m-1")
    assert router.refused == "duplicate_message"
    assert len(tasks(router)) == 1
    router.supplement(record_id="m-2")
    assert len(tasks(router)) == 2
    assert len({emit.event_id for emit in router.emits}) == len(router.emits)


def test_of_a_department_that_is_gone_triage_reads() -> None:
    router = closed()
    router.organise((Department(id=TRIAGE, name_zh="t", name_en="t", triage=True),))
    router.urge()
    assert [topic for topic, _ in tasks(router)] == [f"departments.{TRIAGE}.v1"]


def by_shipped_rules(router: Router) -> Router:
    """The case goes on under the taxonomy and rules that are shipped."""
    router.processor = RouterProcessor(DEPARTMENTS, Assessor(TAXONOMY, DEPARTMENTS, RULES))
    return router


@pytest.mark.parametrize(
    "text", ["漏电，孩子被电到", "又着火了，我爸爸烧伤住院", "The kettle exploded and burned my daughter's hand."]
)
@pytest.mark.parametrize("make", [closed, withdrawn])
def test_danger_in_a_text_nobody_expects_reaches_people_at_once(make: Callable[[], Router], text: str) -> None:
    router = by_shipped_rules(make())
    router.supplement(text)
    entry = router.log[-1]
    assert isinstance(entry, ConsumerMessageRefused)
    assert entry.safety
    assert entry.departments[0] == LEAD
    assert "product-safety" in entry.departments
    found = tasks(router)
    assert [topic for topic, _ in found] == [f"departments.{department}.v1" for department in entry.departments]
    assert {task.priority for _, task in found} == {0}


def test_an_ordinary_text_is_no_alarm() -> None:
    router = by_shipped_rules(closed())
    router.supplement("附上发票照片，颜色是白色。")
    ((topic, task),) = tasks(router)
    assert (topic, task.safety) == (f"departments.{LEAD}.v1", False)
    assert task.priority > 0
    assert short(router.log[-1]) == "message_refused"
