"""The SLA policy: its six default clocks, whom they apply to, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.sla.adapters.config_files import load_calendars, load_policy
from services.sla.domain.deadlines import Unit, deadline
from services.sla.domain.policy import ClockDefinition, Milestone, SlaPolicy
from shared.config_file import problems_of
from shared.events.decisions import Severity
from tests.unit.sla.calendars import CONFIG, beijing

CALENDARS = load_calendars(CONFIG / "calendars")

# The table of the design ("The clocks"): starts, stops, how many, of what, pausable.
DEFAULTS = {
    "registration": ("received", "registered", 1, "working_days", False),
    "first_response": ("received", "first_response", 24, "hours", False),
    "verification": ("received", "verified", 72, "hours", True),
    "contact": ("dispatched", "contacted", 3, "working_days", True),
    "resolution": ("received", "resolved", 15, "working_days", True),
    "callback": ("resolved", "called_back", 7, "natural_days", True),
}


def a_policy(**change: Any) -> dict[str, Any]:
    clock = {
        "starts_on": "received",
        "stops_on": "resolved",
        "n": 3,
        "unit": "working_days",
        "calendar": "cn",
        "pausable": True,
    }
    other = clock | {"stops_on": "first_response", "n": 24, "unit": "hours"}
    return {"version": "t1", "clocks": {"resolution": clock, "first_response": other}} | change


@pytest.fixture(scope="module")
def shipped() -> SlaPolicy:
    return load_policy(CONFIG / "sla" / "policy.yaml", CALENDARS)


def test_the_shipped_policy_holds_the_six_clocks_of_the_design(shipped: SlaPolicy) -> None:
    found = {
        name: (str(clock.starts_on), str(clock.stops_on), clock.n, str(clock.unit), clock.pausable)
        for name, clock in shipped.clocks.items()
    }
    assert found == DEFAULTS
    assert all(clock.warn_at == (0.8,) and clock.description for clock in shipped.clocks.values())
    assert shipped.clocks["callback"].day_rules.roll_forward


def test_anonymous_complainants_are_neither_contacted_nor_called_back(shipped: SlaPolicy) -> None:
    assert set(shipped.clocks_for()) == set(DEFAULTS)
    assert set(DEFAULTS) - set(shipped.clocks_for(anonymous=True)) == {"contact", "callback"}


def test_danger_to_life_is_answered_within_two_hours(shipped: SlaPolicy) -> None:
    clocks = shipped.clocks_for(severity=Severity.CRITICAL)
    assert (clocks["first_response"].n, clocks["first_response"].unit) == (2, Unit.HOURS)
    assert [override.id for override in shipped.overrides_for(severity="critical")] == ["danger-to-life-or-health"]
    assert shipped.clocks_for(severity=Severity.HIGH) == shipped.clocks_for()


def test_danger_to_life_or_health_waits_for_nobody(shipped: SlaPolicy) -> None:
    clocks = shipped.clocks_for(severity=Severity.CRITICAL)
    assert not any(clock.pausable for clock in clocks.values())
    assert {name for name, clock in shipped.clocks_for(severity=Severity.HIGH).items() if clock.pausable} == {
        name for name, default in DEFAULTS.items() if default[4]
    }
    assert shipped.holds_that_pause == "lead_and_mandatory"


def test_the_override_that_decided_a_clock_can_be_named(shipped: SlaPolicy) -> None:
    danger = {"severity": Severity.CRITICAL}
    assert shipped.override_of("first_response", **danger) == "danger-to-life-or-health"
    assert shipped.override_of("resolution", **danger) == "danger-to-life-or-health"  # no hold pauses it
    assert shipped.override_of("registration", **danger) is None  # never could be paused
    assert shipped.override_of("first_response") is None


def test_an_override_may_forbid_holds_without_changing_a_target() -> None:
    overrides = [{"id": "food", "when": {"category": "food_safety"}, "pausable": False}]
    policy = SlaPolicy.model_validate(a_policy(overrides=overrides))
    clock = policy.clocks_for(category="food_safety")["resolution"]
    assert (clock.n, clock.pausable) == (3, False)
    assert policy.clocks_for()["resolution"].pausable


def test_a_clock_definition_is_all_that_a_deadline_needs(shipped: SlaPolicy) -> None:
    clock = shipped.clocks["resolution"]
    calendar = CALENDARS[clock.calendar]
    found = deadline(beijing("2026-02-13 17:30"), clock.n, clock.unit, calendar, rules=clock.day_rules)
    assert found.due_by == beijing("2026-03-12 18:00")


def test_the_last_matching_override_decides_a_clock() -> None:
    overrides = [
        {"id": "mail", "when": {"channel": "mail"}, "clocks": {"resolution": {"n": 5, "unit": "working_days"}}},
        {
            "id": "food",
            "when": {"category": "food_safety", "severity": "high"},
            "clocks": {"resolution": {"n": 8, "unit": "business_hours"}},
        },
    ]
    policy = SlaPolicy.model_validate(a_policy(overrides=overrides))

    def resolution(**case: Any) -> tuple[float, str]:
        clock = policy.clocks_for(**case)["resolution"]
        return clock.n, clock.unit

    assert resolution() == (3, "working_days")
    assert resolution(category="food_safety") == (3, "working_days")
    assert resolution(channel="mail", category="food_safety") == (5, "working_days")
    assert resolution(channel="mail", category="food_safety", severity="high") == (8, "business_hours")
    assert policy.clocks["resolution"].n == 3


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        ({"clocks": {}}, "clocks", "at least 1 item"),
        ({"version": ""}, "version", "at least 1 character"),
        ({"clock": {}}, "clock", "not permitted"),
        ({"overrides": [{"id": "x", "when": {}, "clocks": {"resolution": {"n": 1, "unit": "hours"}}}]},
         "overrides.0.when", "names no category"),
        ({"overrides": [{"id": "x", "when": {"channel": "mail"}, "clocks": {"resolved": {"n": 1, "unit": "hours"}}}]},
         "", "unknown clocks: resolved"),
        ({"overrides": [{"id": "x", "when": {"channel": "mail"}}]}, "overrides.0", "changes nothing"),
        ({"overrides": [{"id": "x", "when": {"channel": "mail"}, "pausable": True}]},
         "overrides.0.pausable", "False"),
        ({"overrides": [{"id": "x", "when": {"severity": "Critical"}, "pausable": False}]},
         "overrides.0.when.severity", "'critical'"),
        ({"overrides": [{"id": "x", "when": {"channel": "telefon"}, "pausable": False}]},
         "overrides.0.when.channel", "'hotline'"),
        ({"holds_that_pause": "none"}, "holds_that_pause", "'every_part'"),
    ],
)  # fmt: skip
def test_a_wrong_policy_is_refused_with_its_place(change: dict[str, Any], where: str, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SlaPolicy.model_validate(a_policy(**change))
    assert problems_of(refused.value)[0][0] == where
    assert reason in problems_of(refused.value)[0][1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"n": 1.5}, "counted whole"),
        ({"n": 0}, "greater than 0"),
        ({"unit": "days"}, "'working_days'"),
        ({"stops_on": "received"}, "could never run"),
        ({"starts_on": "resolved", "stops_on": "registered"}, "could never run"),
        ({"stops_on": "closed"}, "'called_back'"),
        ({"warn_at": [0.9, 0.5]}, "must ascend"),
        ({"warn_at": [0.5, 0.5]}, "must ascend"),
        ({"warn_at": [1.0]}, "less than 1"),
        ({"day_end": "18:00"}, "'24:00'"),
        ({"pausable": None}, "valid boolean"),
    ],
)
def test_a_wrong_clock_is_refused(change: dict[str, Any], reason: str) -> None:
    clock = a_policy()["clocks"]["resolution"]
    with pytest.raises(ValidationError) as refused:
        ClockDefinition.model_validate(clock | change)
    assert reason in problems_of(refused.value)[0][1]


def test_every_milestone_is_used_by_the_shipped_policy(shipped: SlaPolicy) -> None:
    used = {clock.starts_on for clock in shipped.clocks.values()} | {
        clock.stops_on for clock in shipped.clocks.values()
    }
    assert used == set(Milestone)


def test_every_field_of_the_policy_is_described() -> None:
    schema = SlaPolicy.model_json_schema()
    for name, model in {"SlaPolicy": schema, **schema["$defs"]}.items():
        for field, definition in model.get("properties", {}).items():
            assert definition.get("description"), f"{name}.{field}"


def test_the_policy_file_lies_where_the_design_says() -> None:
    assert Path(CONFIG / "sla" / "policy.yaml").is_file()
