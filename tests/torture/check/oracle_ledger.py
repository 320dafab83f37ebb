"""What the auditor must say of one complaint: its part of every column of the ledger, and the holes there are.

Counted off the records with nothing of the auditor's; the words are those of ``services/auditor/README.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import NamedTuple

from shared.events import topics
from tests.torture.check.history import CaseHistory
from tests.torture.check.records import Record, Task

Slot = tuple[int, str]
"""A message to the complainant: cycle and template."""

LETTERS_OF_ENDS = {
    "complaint.resolved.v1": "result",
    "complaint.withdrawal_registered.v1": "withdrawal_confirmed",
    "complaint.rejected.v1": "rejection",
    "complaint.message_refused.v1": "message_refused",
}
"""The ends of a case, and by which message the complainant hears of each."""

_ROUTERS_DEAD_LETTERS = topics.dead_letter_topic("router")
_NOTIFIERS_DEAD_LETTERS = topics.dead_letter_topic("notifier")
_MESSAGES = frozenset(f"complaint.{name}.v1" for name in ("supplemented", "urged", "withdrawn", "survey_answered"))
_FINAL = frozenset(f"notification.{name}.v1" for name in ("sent", "failed", "skipped"))
_REFUSED_BY_RULE = "key_reused"


class Account(NamedTuple):
    """One complaint, counted."""

    received: int
    reinjected: int
    registered: int
    duplicate: int
    refused: int
    dead_lettered: int
    decided: frozenset[str]
    """Assignments of the case log."""
    queued: tuple[str, ...]
    """Assignments in the departments' queues, as often as they are there."""
    dispatched_cycles: frozenset[int]
    armed_cycles: frozenset[int]
    ends: frozenset[Slot]
    told: frozenset[Slot]
    """Messages of which is known what came of them."""
    sequences: tuple[int, ...]
    """Numbers of the case log."""
    excused: frozenset[str]
    """Kinds of holes for which there is a reason, whatever is missing."""

    @property
    def outcomes(self) -> int:
        """Submissions of which is known what became of them."""
        return self.registered + self.duplicate + self.refused + self.dead_lettered


def account_of(case: CaseHistory, copies: Set[tuple[int, int]]) -> Account:
    """``case``, counted; ``copies`` are the places of the submissions that were written again."""
    submissions = [(record.partition, record.offset) for record in case.received if _is_submission(record)]
    copied = sum(place in copies for place in submissions)
    put_aside = [
        record for record in case.dead_letters if record.topic == _ROUTERS_DEAD_LETTERS and _is_submission(record)
    ]
    refused = sum(record.facts is not None and record.facts.reason == _REFUSED_BY_RULE for record in put_aside)
    dispatches = [record.facts for record in case.entries("complaint.dispatched.v1") if record.facts is not None]
    return Account(
        received=len(submissions) - copied,
        reinjected=copied,
        registered=len(case.entries("complaint.registered.v1")),
        duplicate=len(case.entries("complaint.duplicate_dropped.v1")),
        refused=refused,
        dead_lettered=len(put_aside) - refused,
        decided=frozenset(assigned.assignment_id for entry in dispatches for assigned in entry.detail.assignments),
        queued=tuple(record.facts.assigned.assignment_id for record in case.tasks if isinstance(record.facts, Task)),
        dispatched_cycles=frozenset(entry.cycle for entry in dispatches),
        armed_cycles=frozenset(
            record.facts.cycle
            for record in case.clocks
            if record.event_type == "sla.armed.v1" and record.facts is not None
        ),
        ends=frozenset(_ends(case.log)),
        told=frozenset(_told(case)),
        sequences=tuple(record.facts.sequence for record in case.log if record.facts is not None),
        excused=frozenset(_excused(case)),
    )


def columns_of(account: Account) -> dict[str, int]:
    """What the complaint adds to each column of the ledger."""
    return {
        "received": account.received,
        "reinjected": account.reinjected,
        "registered": account.registered,
        "duplicate": account.duplicate,
        "refused": account.refused,
        "dead_lettered": account.dead_lettered,
        "dispatched": int(account.registered > 0 and bool(account.decided)),
        "decided_tasks": len(account.decided),
        "queued_tasks": len(account.decided.intersection(account.queued)),
        "dispatched_cycles": len(account.dispatched_cycles),
        "clocked_cycles": len(account.dispatched_cycles & account.armed_cycles),
        "ended": len(account.ends),
        "told": len(account.ends & account.told),
    }


def holes_of(account: Account) -> set[str]:
    """Kinds of holes there are."""
    given = set(account.queued)
    to_be_given = account.registered > 0 and "rejection" not in {template for _, template in account.ends}
    there_is = {
        "unaccounted": account.received > account.outcomes,
        "phantom": account.outcomes > account.received + account.reinjected or not given <= account.decided,
        "undispatched": (to_be_given and not account.decided) or not account.decided <= given,
        "unclocked": not account.dispatched_cycles <= account.armed_cycles,
        "unnotified": not account.ends <= account.told,
        "log_gap": set(account.sequences) != set(range(1, max(account.sequences, default=0) + 1)),
        "repeated": _has_repeats(account.sequences) or _has_repeats(account.queued),
    }
    return {kind for kind, holds in there_is.items() if holds} - account.excused


def _is_submission(record: Record) -> bool:
    """Whatever is not a later message: a submission that cannot be read is one, too."""
    return record.event_type not in _MESSAGES


def _ends(log: list[Record]) -> Iterator[Slot]:
    for record in log:
        template = LETTERS_OF_ENDS.get(record.event_type)
        if template is not None and record.facts is not None:
            yield record.facts.cycle, template


def _told(case: CaseHistory) -> Iterator[Slot]:
    """Sent, failed or skipped; or put aside by the notifier, where an operator finds it."""
    for record in case.outcomes:
        if record.event_type in _FINAL and record.facts is not None:
            yield record.facts.cycle, record.facts.template
    for record in case.dead_letters:
        if record.topic == _NOTIFIERS_DEAD_LETTERS and record.facts is not None and record.facts.cycle is not None:
            template = record.facts.template or LETTERS_OF_ENDS.get(record.event_type)
            if template is not None:
                yield record.facts.cycle, template


def _excused(case: CaseHistory) -> Iterator[str]:
    """A notifier that put something of a complaint aside has a reason for what it did not do; clocks have none."""
    for record in case.dead_letters:
        if record.topic == _NOTIFIERS_DEAD_LETTERS and (record.facts is None or record.facts.cycle is None):
            yield "unnotified"


def _has_repeats(things: tuple[object, ...]) -> bool:
    return len(set(things)) < len(things)
