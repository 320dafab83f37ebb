"""An outage is one line when it begins and one when it ends, whatever fails meanwhile and how often."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BrokerUnavailable, ClusterNotReady
from shared.observability.logging import configure_logging
from shared.observability.outage import SETTLED_SECONDS, Outage
from shared.streaming.memory import MemoryBroker
from shared.streaming.outage_watch import OutageWatch

AWAY = BrokerUnavailable("no answer from kafka:9092: nobody listens")


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, configuration = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**configuration)


def logged() -> io.StringIO:
    stream = io.StringIO()
    configure_logging("router", stream=stream)
    return stream


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["fails", "is well", "look"]), st.integers(0, 8)))


@given(steps=STEPS)
def test_lines_alternate_and_the_end_is_told_when_all_parts_have_been_well_for_a_while(
    steps: list[tuple[str, str, int]],
) -> None:
    stream, now = logged(), [0.0]
    outage, failing, well_since, expected = Outage(lambda: now[0]), set[str](), 0.0, ["kafka_back"]
    for part, what, seconds in steps:
        now[0] += seconds
        if (
            what != "is well"
            and expected[-1] == "kafka_away"
            and not failing
            and now[0] - well_since >= SETTLED_SECONDS
        ):
            expected.append("kafka_back")
        if what == "fails":
            failing.add(part)
            outage.failing(part, AWAY)
        elif what == "is well":
            well_since = now[0] if part in failing else well_since
            failing.discard(part)
            outage.well(part)
        else:
            outage.look()
            expected += ["kafka_away"] if failing and expected[-1] == "kafka_back" else []
    assert [line["event"] for line in lines_of(stream)] == expected[1:]


def test_the_cause_the_watch_knows_is_told_rather_than_what_a_part_met_first() -> None:
    stream, outage = logged(), Outage(lambda: 0.0)
    outage.failing("loop", BrokerUnavailable("transport failure"))
    assert lines_of(stream) == []
    outage.look(AWAY)
    assert [line["error"] for line in lines_of(stream)] == [str(AWAY)]


def test_a_topic_that_is_missing_is_no_outage() -> None:
    stream, outage = logged(), Outage(lambda: 0.0)
    outage.failing(
        "sender", ClusterNotReady("departments.x.v1: expected a topic with 12 partitions, found no such topic")
    )
    outage.look()
    assert lines_of(stream) == []


def test_the_lines_say_what_since_when_and_how_long() -> None:
    stream, now = logged(), [100.0]
    outage = Outage(lambda: now[0])
    outage.failing("loop", AWAY)
    outage.look()
    now[0] += 50
    outage.well("loop")
    now[0] += SETTLED_SECONDS
    outage.look()
    away, back = lines_of(stream)
    assert away["error"] == str(AWAY)
    assert away["since"] == back["since"]
    assert back["duration_seconds"] == 50


def test_the_watch_tells_after_two_silences_and_when_it_is_over() -> None:
    stream, broker, now = logged(), MemoryBroker({}), [0.0]
    watch = OutageWatch(broker, Outage(lambda: now[0]))
    told = []
    for available in (True, False, True, False, False, False, True, True, True, True):
        broker.available = available
        watch.ask()
        now[0] += 2
        told.append(watch.problem() is not None)
    assert told == [False, False, False, False, True, True, False, False, False, False]
    away, back = lines_of(stream)
    assert (away["event"], back["event"], back["duration_seconds"]) == ("kafka_away", "kafka_back", 4)


def test_the_cluster_is_looked_at_where_it_answers_and_no_silence_is_told_late_for_it() -> None:
    broker, looks = MemoryBroker({}), list[bool]()
    watch = OutageWatch(broker, Outage(lambda: 0.0), lambda: looks.append(broker.available))
    for available in (True, False, False, True, False, True):
        broker.available = available
        watch.ask()
    assert looks == [True, True, True]
