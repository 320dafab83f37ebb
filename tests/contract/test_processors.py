"""Every processor of the bus against the contracts: it copes with whatever its topics may carry, and keeps the rules.

The examples of all events tell one story of one complaint. They are fed as written, twice, and in any order: a reader
cannot choose what comes first, and must not fall over (``shared.processing.Processor``).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.auditor.adapters.departments_file import department_ids
from services.auditor.domain.watch import WatchPolicy
from services.auditor.processor import AuditProcessor
from services.notifier.adapters.config_files import load_departments as load_notified_departments
from services.notifier.bootstrap import correspondence_policy
from services.notifier.composer import Composer
from services.notifier.settings import NotifierSettings
from services.router.adapters.config_files import load_departments
from services.router.bootstrap import build_processor
from services.router.settings import RouterSettings
from services.sla.adapters.config_files import load_calendars, load_policy
from services.sla.processor import SlaProcessor
from shared.clock import to_epoch_ms
from shared.events import document, registry
from shared.events.base import Event
from shared.events.clients import PROCESSORS
from shared.events.topics import Topic, bus_topics
from shared.processing import Emit, Message, Processor, Step
from shared.streaming.records import ConsumerRecord
from shared.streaming.rows import encode_row

REPOSITORY = Path(__file__).parents[2]
CONFIG = REPOSITORY / "deploy" / "config"
NOW = datetime(2026, 4, 30, 10, 0, tzinfo=UTC)
MOST_TIMERS = 200
"""More than any state can have before its timers come to an end; a processor that needs more never ends."""

AnyProcessor = Processor[Any]


def sla_processor() -> AnyProcessor:
    calendars = load_calendars(CONFIG / "calendars")
    return SlaProcessor(load_policy(CONFIG / "sla" / "policy.yaml", calendars), calendars)


def composer() -> AnyProcessor:
    chosen = NotifierSettings(development=True, config_dir=CONFIG)
    return Composer(correspondence_policy(chosen, load_notified_departments(CONFIG / "departments.yaml").triage.id))


def auditor() -> AnyProcessor:
    return AuditProcessor(department_ids(CONFIG / "departments.yaml"), WatchPolicy())


BUILDERS: dict[str, Callable[[], AnyProcessor]] = {
    "auditor": auditor,
    "router": lambda: build_processor(RouterSettings(config_dir=CONFIG)),
    "sla": sla_processor,
    "notifier": composer,
}


@cache
def processor(name: str) -> AnyProcessor:
    return BUILDERS[name]()


@cache
def topics() -> dict[str, Topic]:
    return {topic.name: topic for topic in bus_topics(sorted(load_departments(CONFIG).ids))}


# ---- the story -------------------------------------------------------------------------------------------------------


def example(model: type[Event]) -> Event:
    return model.model_validate_json(document.example_file(model).read_text(encoding="utf-8"))


def case_of(event: Event) -> str:
    """The complaint an event is about: the key of its record."""
    about = event.model_dump()
    return str(about.get("complaint_id") or about["complaint"]["complaint_id"])


@cache
def story(name: str) -> tuple[Message, ...]:
    """Every example of every input topic, as the records would be decoded."""
    return tuple(message(topic, model) for topic in processor(name).input_topics for model in topics()[topic].events)


def message(topic: str, model: type[Event]) -> Message:
    event = example(model)
    value, headers = registry.encode(
        event,
        event_id=f"{topic}/{model.event_type}",
        source="/test",
        subject=case_of(event),
        time=NOW,
        traceparent=None,
    )
    envelope, decoded = registry.decode(headers, value)
    timestamp_ms = to_epoch_ms(NOW)
    record = ConsumerRecord(topic, 0, 0, envelope.subject.encode(), value, headers, timestamp_ms)
    return Message(topic, envelope, decoded, record)


@dataclass
class Run:
    """One complaint in one processor, held to the promises of the port at every step."""

    processor: AnyProcessor
    state: Any = None
    now: datetime = NOW
    emits: list[Emit] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def feed(self, messages: Iterable[Message]) -> Run:
        for each in messages:
            self._take(self.processor.reduce(self.state, each, self.now))
        return self

    def fire_until(self, now: datetime) -> Run:
        """Fire what is due, as the engine would; each firing must get on."""
        self.now = now
        for _ in range(MOST_TIMERS):
            due_at = None if self.state is None else self.processor.due_at(self.state)
            if due_at is None or due_at > now:
                return self
            self._take(self.processor.fire(self.state, now))
        raise AssertionError(f"{self.processor.name} still wants to fire after {MOST_TIMERS} times at {now}")

    def _take(self, step: Step[Any]) -> None:
        assert isinstance(step, Step)
        if step.refusal is not None:
            self.refusals.append(step.refusal.reason)
            assert not step.emits, "what is refused has no effects"
            return
        for emit in step.emits:
            check_emit(self.processor.name, emit)
        self.emits.extend(step.emits)
        self.state = as_stored(self.processor, step.state)


def check_emit(name: str, emit: Emit) -> None:
    """An emitted event belongs on a topic this service alone may write, and is readable there."""
    topic = topics()[emit.topic]
    assert topic.writer == name, f"{name} wrote to {topic.name}, which belongs to {topic.writer}"
    assert type(emit.event) in topic.events, f"{emit.event.event_type} is not declared on {topic.name}"
    assert emit.event_id
    value, headers = registry.encode(
        emit.event, event_id=emit.event_id, source="/test", subject="case", time=NOW, traceparent=None
    )
    assert registry.decode(headers, value)[1] == emit.event


def as_stored(subject: AnyProcessor, state: Any) -> Any:
    """The state as it is after a restart; it must be the same."""
    row = encode_row(subject, state)
    if row.value is None:
        return None
    restored = subject.state_model.model_validate_json(row.value)
    assert restored == state
    return restored


# ---- the promises ----------------------------------------------------------------------------------------------------

everyone = pytest.mark.parametrize("name", BUILDERS)


@everyone
def test_it_reads_topics_that_name_it_as_reader(name: str) -> None:
    assert {topic for topic in processor(name).input_topics if name not in topics()[topic].readers} == set()
    assert len(story(name)) >= len(processor(name).input_topics)


@everyone
def test_topics_that_name_it_as_reader_are_read(name: str) -> None:
    """Or the documentation promises what the code does not do. The sender, not the composer, reads notifications."""
    read_elsewhere = {"notifications.requests.v1", "notifications.events.v1"} if name == "notifier" else set()
    own = {f"{name}.state.v1", "audit.events.v1"} if name == "auditor" else {f"{name}.state.v1"}
    declared = {topic.name for topic in topics().values() if name in topic.readers}
    assert declared - set(processor(name).input_topics) <= own | read_elsewhere


@everyone
def test_topics_it_is_to_read_later_are_not_read_yet(name: str) -> None:
    planned = {topic.name for topic in topics().values() if name in topic.planned_readers}
    assert planned & set(processor(name).input_topics) == set()


@everyone
def test_its_inputs_have_the_same_number_of_partitions_as_its_state(name: str) -> None:
    counts = {topics()[topic].partitions for topic in (*processor(name).input_topics, f"{name}.state.v1")}
    assert len(counts) == 1


@everyone
def test_dead_letters_of_every_input_have_a_topic_it_may_write(name: str) -> None:
    for topic in processor(name).input_topics:
        assert topics()[processor(name).dead_letter_topic(topic)].writer == name


@everyone
def test_its_outputs_are_all_the_topics_of_events_that_name_it_as_writer(name: str) -> None:
    """They are looked for before work begins, so none may be left out; the sender writes only what its composer may."""
    planned = {topic.name for topic in topics().values() if not topic.is_written}
    declared = {topic.name for topic in topics().values() if topic.writer == name and topic.events}
    assert set(processor(name).output_topics) == declared - planned


@everyone
def test_every_example_of_its_inputs_is_handled_when_nothing_is_known_yet(name: str) -> None:
    for each in story(name):
        Run(processor(name)).feed([each])


@everyone
def test_the_whole_story_is_handled_and_told_again_too(name: str) -> None:
    run = Run(processor(name)).feed(story(name)).feed(story(name))
    assert run.emits, "a story without any effect tests nothing"


@everyone
@settings(max_examples=60)
@given(data=st.data())
def test_any_order_with_repeats_and_time_passing_is_handled(name: str, data: st.DataObject) -> None:
    told = data.draw(st.lists(st.sampled_from(story(name)), max_size=25))
    breaks = data.draw(st.sets(st.integers(0, 25)))
    run = Run(processor(name))
    for index, each in enumerate(told):
        run.feed([each])
        if index in breaks:
            run.fire_until(run.now + timedelta(days=10))
    run.fire_until(NOW + timedelta(days=3650))


@everyone
@settings(max_examples=20)
@given(data=st.data())
def test_the_same_input_gives_the_same_effects_with_the_same_ids(name: str, data: st.DataObject) -> None:
    told = data.draw(st.lists(st.sampled_from(story(name)), max_size=15))
    first, second = (Run(processor(name)).feed(told).fire_until(NOW + timedelta(days=500)) for _ in range(2))
    assert (first.emits, first.refusals, first.state) == (second.emits, second.refusals, second.state)


@everyone
@settings(max_examples=30)
@given(data=st.data())
def test_different_effects_never_share_an_id(name: str, data: st.DataObject) -> None:
    told = data.draw(st.permutations(story(name)))
    run = Run(processor(name)).feed(told).fire_until(NOW + timedelta(days=500))
    on_topic: dict[tuple[str, str], Event] = {}
    for emit in run.emits:
        assert on_topic.setdefault((emit.topic, emit.event_id), emit.event) == emit.event


# ---- nobody is left out ----------------------------------------------------------------------------------------------

PORT = {"reduce", "fire", "due_at", "dead_letter_topic"}


def defines(node: ast.ClassDef) -> set[str]:
    return {getattr(part, "name", "") for part in node.body}


def is_reducer(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).startswith("Reducer") for base in node.bases)


def processor_classes() -> Iterator[str]:
    """Names of all classes in services that have the methods of a processor, of their own or from the base class."""
    for file in sorted((REPOSITORY / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and (is_reducer(node) or defines(node) >= PORT):
                yield node.name


def test_every_processor_of_the_services_is_tested_here() -> None:
    assert set(BUILDERS) == set(PROCESSORS)
    assert sorted(processor_classes()) == sorted(type(processor(name)).__name__ for name in BUILDERS)
