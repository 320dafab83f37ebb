"""Business-time vectors from other systems' own tests. Where peers disagree, our rule and the reason stand here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.calendar_definition import CalendarDefinition
from services.sla.domain.deadlines import Unit, business_seconds_between, deadline
from tests.unit.sla.reference_data import reference_vectors

NOT_OUR_RULE = {
    "zendesk/biz-016": "biz keeps the clock time and moves it to the next opening; our working day ends at its close",
    "seppemans/businesstimedelta-006": "disputed: a night shift belongs to the evening it starts (72 h, not 80 h)",
    "zammad/zammad-010": "a due exactly at closing time stays there; zammad moves it to the next opening",
    "zammad/zammad-007": "expects no deadline, only how the peer reports a clock that was stopped",
}
"""Vectors that are not applicable; ``test_disputed_rules`` says what we answer where peers disagree."""


CLOCKS = {"first_response": "first_response_due", "response": "update_due", "solution": "close_due"}
"""Clocks of a ticket, and where its vector says when they are due."""


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _due(vector: dict[str, Any], calendar: BusinessCalendar) -> None:
    found = deadline(_at(vector["start"]), vector["add_seconds"], Unit.BUSINESS_SECONDS, calendar)
    assert found.due_by == _at(vector["expected"])


def _elapsed(vector: dict[str, Any], calendar: BusinessCalendar) -> None:
    found = business_seconds_between(_at(vector["start"]), _at(vector["end"]), calendar)
    assert found == vector["expected_seconds"]


def _is_open(vector: dict[str, Any], calendar: BusinessCalendar) -> None:
    assert calendar.is_open(_at(vector["at"])) == vector["expected"]


def _open_windows(vector: dict[str, Any], calendar: BusinessCalendar) -> None:
    expected = tuple((_at(begin), _at(end)) for begin, end in vector["expected"])
    assert calendar.open_windows(_at(vector["start"]), expected[-1][1]) == expected


def _add_business_days(vector: dict[str, Any], calendar: BusinessCalendar) -> None:
    found = deadline(_at(vector["start"]), vector["days"], Unit.WORKING_DAYS, calendar)
    assert found.counted_days[-1] == _at(vector["expected"]).astimezone(calendar.zone).date()


def _paused_minutes(vector: dict[str, Any], calendar: BusinessCalendar) -> None:
    created = _at("2026-03-02T00:00:00Z")
    moments = [(state, created + timedelta(minutes=minute)) for state, minute in vector["states"]]
    closed = moments[-1][1]
    pauses = [(moment, later) for (state, moment), (_, later) in pairwise(moments) if state == "pending"]
    spans = {
        "whole_life": (created, closed),
        "from_30_to_close": (created + timedelta(minutes=30), closed),
        "from_0_to_30": (created, created + timedelta(minutes=30)),
    }
    for name, minutes in vector["expected"].items():
        assert business_seconds_between(*spans[name], calendar, pauses) == minutes * 60, name


def _ticket_sla(vector: dict[str, Any], calendar: BusinessCalendar) -> None:
    """A clock starts at creation, the update clock at the last unanswered customer contact; pending, closed: pause."""
    checked = 0
    for clock, expected in CLOCKS.items():
        due_text, minutes = vector["expected"].get(expected), vector["sla_minutes"][clock]
        if due_text is None or minutes is None:
            continue
        start = _update_start(vector) if clock == "response" else _at(vector["created_at"])
        found = deadline(start, minutes * 60, Unit.BUSINESS_SECONDS, calendar, _pauses(vector)).due_by
        assert found.replace(second=0) == _at(due_text), clock  # the peer cuts seconds off
        checked += 1
    assert checked > 0, "the vector expects no deadline: add it to NOT_OUR_RULE with the reason"


def _update_start(vector: dict[str, Any]) -> datetime:
    contacts = [at for name, at in vector["events"] if name == "customer_contact"]
    return _at(contacts[0] if contacts else vector["created_at"])


def _pauses(vector: dict[str, Any]) -> list[tuple[datetime, datetime]]:
    states = [(name, _at(text)) for name, text in vector["events"] if name.startswith("state ")]
    stopped = {"state pending", "state closed"}
    return [(moment, until) for (name, moment), (_, until) in pairwise(states) if name in stopped]


CHECKS: dict[str, Callable[[dict[str, Any], BusinessCalendar], None]] = {
    "due": _due,
    "elapsed": _elapsed,
    "is_open": _is_open,
    "open_windows": _open_windows,
    "add_business_days": _add_business_days,
    "paused_minutes": _paused_minutes,
    "ticket_sla": _ticket_sla,
}


@pytest.mark.parametrize("vector", reference_vectors("sla_vectors/peers.open.json"))
def test_we_agree_with_peers(vector: dict[str, Any]) -> None:
    if vector["id"] in NOT_OUR_RULE:
        pytest.skip(NOT_OUR_RULE[vector["id"]])
    calendar = BusinessCalendar.from_definition(CalendarDefinition.model_validate(vector["calendar"]))
    CHECKS[vector["kind"]](vector, calendar)
