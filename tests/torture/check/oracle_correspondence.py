"""What the composer must remember of a complaint, folded out of the case log, its clocks and what was asked for.

The two logs reach the composer in no order between them, so only what does not depend on that order is folded: sets of
messages, not their order, and whether a time is set, not which.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.events import ids
from tests.torture.check.decoding import DEFAULT_LANGUAGE, slot
from tests.torture.check.history import CaseHistory
from tests.torture.check.oracle_letters import LETTERS, NOTICES, REFUSAL, refusals_to_tell
from tests.torture.check.records import Clock, ComplaintFacts, CorrespondenceRow, Dispatch, Record, Request

_ENDING = ("complaint.withdrawal_registered.v1", "complaint.rejected.v1", "complaint.closed.v1")
_BEGINNING = ("complaint.registered.v1", "complaint.reopened.v1")


def remembered(case: CaseHistory, triage: str) -> CorrespondenceRow | None:
    """The row as the logs tell it; None: nobody had to be told anything. ``triage``: the department of last resort."""
    issued = {*_letters(case), *(_slot_of(template, record.facts) for template, record in _notices(case))}
    if not issued:
        return None
    person = case.registered.facts.detail if case.registered is not None and case.registered.facts else None
    held = tuple(sorted(_held(case)))
    return CorrespondenceRow(
        person=person.person if person is not None else None,
        language=_language(person),
        may_contact=person.may_contact if person is not None else True,
        responsible=tuple(sorted(_responsible(case, triage).items())),
        issued=tuple(sorted(issued)),
        told=tuple(sorted(_told(case).items())),
        held=held,
        is_waiting=bool(held),
        is_ended=person is None or ended_at(case) is not None,
    )


def ended_at(case: CaseHistory) -> int | None:
    """When the case ended for good, as far as its log goes; None: it goes on."""
    ended: int | None = None
    for record in case.log:
        if record.event_type in _ENDING and record.facts is not None:
            ended = record.facts.happened_at
        elif record.event_type in _BEGINNING:
            ended = None
    return ended


def _letters(case: CaseHistory) -> Iterator[str]:
    for record in case.log:
        template = LETTERS.get(record.event_type)
        if template is not None and record.facts is not None:
            yield slot(record.facts.cycle, template)
    for record in refusals_to_tell(case):
        refused = record.facts.detail
        yield slot(record.facts.cycle, REFUSAL, f"{refused.message}/{refused.reason}/{refused.safety}")


def _notices(case: CaseHistory) -> Iterator[tuple[str, Record]]:
    for record in case.clocks:
        template = NOTICES.get(record.event_type)
        if template is not None and record.facts is not None:
            yield template, record


def _slot_of(template: str, clock: Clock) -> str:
    return slot(clock.cycle, template, clock.clock)


def _language(person: ComplaintFacts | None) -> str:
    """Two languages are written: Chinese for any Chinese, English for the rest."""
    tag = person.language if person is not None else DEFAULT_LANGUAGE
    return "zh-CN" if tag.replace("_", "-").split("-")[0].lower() == "zh" else "en"


def _responsible(case: CaseHistory, triage: str) -> dict[int, str]:
    """The first lead of each cycle, or triage where the cycle ended without one."""
    found: dict[int, str] = {}
    for record in case.log:
        if record.facts is not None and isinstance(record.facts.detail, Dispatch):
            found.setdefault(record.facts.cycle, record.facts.detail.lead)
        elif record.facts is not None and record.event_type in _ENDING:
            found.setdefault(record.facts.cycle, triage)
    return found


def _told(case: CaseHistory) -> dict[str, str]:
    """Whom the breach named where it named somebody; else whom the request went to. Corrections follow the notice."""
    named: dict[str, str | None] = {}
    for template, record in _notices(case):
        if template == NOTICES["sla.breached.v1"]:
            named.setdefault(_key(record.facts.cycle, record.facts.clock), record.facts.department)
    return {
        _key(request.cycle, request.clock): named.get(_key(request.cycle, request.clock)) or request.department or ""
        for request in _requests_for_departments(case)
    }


def _held(case: CaseHistory) -> set[str]:
    """Notices nobody was asked to send and nobody was told why not."""
    asked = {request.cause for request in _requests_for_departments(case)}
    skipped = {
        record.facts.notification_id
        for record in case.outcomes
        if record.event_type == "notification.skipped.v1" and record.facts is not None
    }
    return {
        _slot_of(template, record.facts)
        for template, record in _notices(case)
        if record.event_id not in asked and _notification_id(template, record) not in skipped
    }


def _notification_id(template: str, notice: Record) -> str:
    return ids.event_id(notice.event_id, "notification.requested.v1", f"{template}/department")


def _requests_for_departments(case: CaseHistory) -> Iterator[Request]:
    for record in case.requests:
        if record.facts is not None and record.facts.department is not None:
            yield record.facts


def _key(cycle: int, clock: str | None) -> str:
    return f"{cycle}/{clock}"
