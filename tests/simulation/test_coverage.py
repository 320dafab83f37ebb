"""What the short histories come to: without this, a hundred thousand of them could be all of nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from services.notifier.domain.notification import Template
from shared.events import departments, lifecycle, notifications, sla, topics
from tests.simulation import bus_play
from tests.simulation.bus_history import BusHistory
from tests.simulation.effects import EFFECTS
from tests.simulation.runner import KINDS
from tests.simulation.world import Fault

HISTORIES = 500
NOWHERE = Path("/simulated")
DECISIONS = (
    *get_args(lifecycle.CaseEvents),
    departments.AssignmentDispatched,
    departments.AssignmentSupplemented,
    departments.AssignmentUrged,
    departments.AssignmentCancelled,
    *get_args(sla.ClockEvents),
    notifications.NotificationRequested,
    notifications.NotificationSkipped,
)
"""What router, SLA and composer write."""
WRITTEN_BY_NOBODY = {lifecycle.ComplaintRejected, sla.ClockEscalated}
"""Contracts for a decision no service takes."""
_OUTPUTS = (topics.LIFECYCLE, topics.SLA_EVENTS, topics.NOTIFICATION_REQUESTS, topics.NOTIFICATION_EVENTS)
_INTERRUPTION = re.compile(r"  … \S+, before (.+): (.+)")


@pytest.fixture(scope="module")
def reached() -> Counter[str]:
    """In how many histories each thing occurred."""
    found: Counter[str] = Counter()
    for seed in range(HISTORIES):
        happened: list[str] = []
        history = bus_play.play(seed, NOWHERE, happened)
        found.update(_decisions(history) | _interruptions(happened))
    print("\n".join(f"{count:4} {what}" for what, count in sorted(found.items())))  # noqa: T201  # shown with -s
    return found


def _decisions(history: BusHistory) -> set[str]:
    cluster, services = history.world.cluster, history.world.processors
    updates = [topic for topic in services["router"].input_topics if topic != topics.RECEIVED]
    queues = [topics.department_topic(topics.department_of_updates_topic(topic)) for topic in updates]
    letters = {services["router"].dead_letter_topic(topic) for topic in (topics.RECEIVED, *updates)}
    found: set[str] = set()
    for record in (record for topic in (*_OUTPUTS, *queues) for record in cluster.records(topic)):
        said = json.loads(record.value or b"null")
        found.add(dict(record.headers)["ce_type"].decode())
        if "template" in said:
            found.add(f"template {said['template']}")
        if "clock" in said:
            found.add(f"{said['clock']} in cycle {said['cycle']}")
    for record in (record for topic in letters for record in cluster.records(topic)):
        found.add(f"refused {dict(record.headers)['dlq_reason'].decode()}")
    return found


def _interruptions(happened: list[str]) -> set[str]:
    """Which faults came, before which effects."""
    matches = [match for line in happened if (match := _INTERRUPTION.fullmatch(line))]
    return {f"{match[2]} before {match[1]}" for match in matches} | {match[2] for match in matches}


def test_every_decision_of_the_three_services_is_taken_in_some_history(reached: Counter[str]) -> None:
    expected = {event.event_type for event in DECISIONS if event not in WRITTEN_BY_NOBODY}
    expected |= {f"template {template.value}" for template in Template if template is not Template.REJECTION}
    assert expected - reached.keys() == set()


def test_every_clock_runs_again_after_a_reopening(reached: Counter[str]) -> None:
    again = {what for what in reached if what.endswith(" in cycle 2")}
    assert again >= {f"{clock} in cycle 2" for clock in ("first_response", "verification", "resolution", "callback")}


def test_a_process_is_killed_before_each_of_its_effects_and_every_other_fault_comes_too(reached: Counter[str]) -> None:
    assert {f"kill before {effect}" for effect in EFFECTS} - reached.keys() == set()
    assert {fault.value for fault in Fault} - reached.keys() == set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_tells_everything(kind: str, tmp_path: Path) -> None:
    first: list[str] = []
    again: list[str] = []
    for happened, root in ((first, tmp_path / "first"), (again, tmp_path / "again")):
        KINDS[kind](4711, root, happened)
    assert first == again
