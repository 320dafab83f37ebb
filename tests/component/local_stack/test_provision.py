"""Topics are created as declared, differences are reported, and nothing existing is altered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from deploy.stack_file import process_start
from deploy.topics import provision as provisioning
from deploy.topics.provision import provision
from shared.errors import BrokerUnavailable
from shared.events.topics import bus_topics
from shared.streaming.kafka import reaching
from tests.component.local_stack.records import produce, read_all
from tests.component.local_stack.topics import SampleTopic

pytestmark = pytest.mark.kafka


def test_missing_topics_are_created_ready_to_use_and_found_the_second_time(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    topics = [
        SampleTopic(topic_prefix + "events.v1", partitions=3, retention_ms=None),
        SampleTopic(topic_prefix + "state.v1", cleanup_policy="compact", config={"segment.bytes": "67108864"}),
    ]
    names = tuple(topic.name for topic in topics)

    first = provision(kafka_bootstrap, topics, 1)
    produce(kafka_bootstrap, names[0], ["a record"])
    second = provision(kafka_bootstrap, topics, 1)

    assert (first.created, first.existing, first.differing) == (names, (), ())
    assert (second.created, second.existing, second.differing) == ((), names, ())
    assert read_all(kafka_bootstrap, names[0], partitions=3) == ["a record"]


def test_a_differing_topic_is_reported_and_left_alone(kafka_bootstrap: str, topic_prefix: str) -> None:
    name = topic_prefix + "events.v1"
    provision(kafka_bootstrap, [SampleTopic(name, partitions=2)], 1)
    changed = SampleTopic(name, partitions=4, cleanup_policy="compact")

    for _ in range(2):  # the second run finds the same: the first altered nothing
        report = provision(kafka_bootstrap, [changed], 1)
        assert report.created == ()
        assert {(found.what, found.expected, found.actual) for found in report.differing} == {
            ("partitions", "4", "2"),
            ("cleanup.policy", "compact", "delete"),
        }
    assert str(report.differing[0]) == f"{name}: partitions is 2, the registry says 4"


def test_two_provisioners_at_once_both_succeed(kafka_bootstrap: str, topic_prefix: str) -> None:
    topics = [SampleTopic(f"{topic_prefix}{number}.v1") for number in range(5)]
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(provision, kafka_bootstrap, topics, 1) for _ in range(2)]
    assert all(not run.result().differing for run in runs)
    assert len(provision(kafka_bootstrap, topics, 1).existing) == 5


def test_every_topic_of_the_registry_is_accepted_by_the_broker(kafka_bootstrap: str) -> None:
    topics = bus_topics(["service-quality"])
    provision(kafka_bootstrap, topics, 1)
    again = provision(kafka_bootstrap, topics, 1)
    assert set(again.existing) == {topic.name for topic in topics}
    assert again.differing == ()


def test_an_unreachable_broker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "ANSWER_SECONDS", 0.5)
    nowhere = f"127.0.0.1:{free_port()}"
    with pytest.raises(BrokerUnavailable, match=nowhere):
        provision(nowhere, [SampleTopic("x")], 1)


def test_more_topics_than_one_request_takes_are_made_all_the_same(
    kafka_bootstrap: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioning, "TOPICS_PER_REQUEST", 3)
    topics = [SampleTopic(f"{topic_prefix}{number}.v1", partitions=1) for number in range(7)]
    made = provision(kafka_bootstrap, topics, 1)
    assert list(made.created) == [topic.name for topic in topics]
    assert len(provision(kafka_bootstrap, topics, 1).existing) == 7


def run_command(stack_file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python -m deploy.topics`` in a shell that knows a stack file and no other setting."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CBUS_")}
    return subprocess.run(
        [sys.executable, "-m", "deploy.topics", *arguments],
        env={**environment, "CBUS_STACK_FILE": str(stack_file)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_alone_makes_a_new_departments_topics_on_the_stack_that_runs_here(
    kafka_bootstrap: str, unique_name: Callable[[str], str], tmp_path: Path
) -> None:
    note = {"pid": os.getpid(), "process_start": process_start(os.getpid())}
    stack_file = tmp_path / "stack.json"
    stack_file.write_text(json.dumps(note | {"environment": {"CBUS_KAFKA__BOOTSTRAP_SERVERS": kafka_bootstrap}}))
    department = unique_name("new")

    made = run_command(stack_file, "--department", department)
    again = run_command(stack_file, "--department", department)
    forced = run_command(stack_file, "--department", unique_name("forced"), "--replication-factor", "3")

    assert made.returncode == 0, made.stderr
    assert "one copy of each partition" in made.stderr
    assert "0 created" not in made.stdout
    assert (again.returncode, again.stderr) == (0, "")
    assert "topics: 0 created" in again.stdout
    assert forced.returncode == 1
    assert "Fewer brokers answer" in forced.stderr
