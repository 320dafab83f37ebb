"""A cluster that is not as the services need it: what is survivable is said, what is not is refused by name.

A broker of its own, since the bus's topics are spoilt here one after another; with an authorizer, so that rights can be
taken away.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka import TopicPartition as KafkaPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ConfigResource,
    ConfigResourceType,
    NewPartitions,
    ResourcePattern,
    ResourceType,
)

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import wait_until
from deploy.local.ports import free_port
from deploy.local.service_process import ServiceProcess
from deploy.topics.departments import department_ids
from deploy.topics.provision import provision
from services.cli.audit.topics import look_at_topics
from services.router.bootstrap import build
from services.router.settings import RouterSettings
from shared.clock import SystemClock
from shared.events import topics
from shared.events.ids import complaint_id
from shared.events.received import ComplaintUrged
from shared.events.registry import encode
from shared.observability import metrics
from shared.settings import KafkaSettings
from shared.streaming.engine_settings import EngineSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.records import ProducerRecord, TopicPartition

pytestmark = pytest.mark.kafka

CONFIG = Path("deploy/config").resolve()
DEPARTMENTS = department_ids()
SURPLUS = topics.PARTITIONS
REFUSES_WITHIN_SECONDS = 60.0
CONFIGURATION = 78


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    properties = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
    }
    directory = tmp_path_factory.mktemp("not-as-needed") / "kafka"
    with KafkaCluster(directory, properties=properties) as running:
        provision(running.bootstrap_servers, topics.bus_topics(DEPARTMENTS), 1)
        yield running


@pytest.fixture(scope="module")
def admin(cluster: KafkaCluster) -> Iterator[Any]:
    with closing(KafkaAdminClient(bootstrap_servers=cluster.bootstrap_servers)) as client:
        yield client


@pytest.fixture
def broker(cluster: KafkaCluster) -> KafkaBroker:
    return KafkaBroker(broker_settings(cluster))


def broker_settings(cluster: KafkaCluster) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=cluster.bootstrap_servers, delivery_timeout_seconds=30)


@pytest.fixture
def start(cluster: KafkaCluster, redis_url: str, tmp_path: Path) -> Iterator[Callable[..., ServiceProcess]]:
    """Starts a service here; all are ended with the test."""
    started: list[ServiceProcess] = []

    def start(service: str, **environment: str) -> ServiceProcess:
        process = ServiceProcess(
            service,
            log_directory=tmp_path,
            environment={
                "CBUS_DEVELOPMENT": "true",
                "CBUS_KAFKA__BOOTSTRAP_SERVERS": cluster.bootstrap_servers,
                "CBUS_KAFKA__MISSING_PATIENCE_SECONDS": "1",
                "CBUS_REDIS__URL": redis_url,
                "CBUS_HTTP__PORT": str(free_port()),
                "CBUS_STATE_DIR": str(tmp_path / "state"),
                **environment,
            },
        )
        started.append(process)
        process.start()
        return process

    yield start
    for process in started:
        process.terminate()


def lines(process: ServiceProcess, event: str) -> list[dict[str, Any]]:
    """What the service logged under this name."""
    logged = [json.loads(line) for line in process.log_path.read_text().splitlines() if line.startswith("{")]
    return [line for line in logged if line["event"] == event]


def logged(process: ServiceProcess, event: str) -> dict[str, Any]:
    """Wait for the first such line."""
    wait_until(lambda: bool(lines(process, event)), f"{process.service} to say {event}", timeout_seconds=30)
    return lines(process, event)[0]


def refused(process: ServiceProcess) -> str:
    """Wait until it has ended with the exit code for this; what it said of it."""
    wait_until(lambda: not process.is_alive, f"{process.service} to refuse", timeout_seconds=REFUSES_WITHIN_SECONDS)
    assert process.exit_code == CONFIGURATION, process.log_tail(20)
    return " | ".join(str(line["error"]) for line in lines(process, "cluster_not_as_needed"))


def urge(case: str, number: int) -> ProducerRecord:
    now = datetime.now(UTC)
    event = ComplaintUrged(complaint_id=case, received_at=now)
    value, headers = encode(
        event, event_id=f"urge-{case}-{number}", source="/test", subject=case, time=now, traceparent=None
    )
    return ProducerRecord(topics.RECEIVED, case.encode(), value, headers)


def write(broker: KafkaBroker, *records: ProducerRecord) -> None:
    reports: list[Exception | None] = []
    with closing(broker.producer()) as producer:
        for record in records:
            producer.send(record, reports.append)
        assert producer.flush(30) == 0
    assert reports == [None] * len(records)


def held(cluster: KafkaCluster, topic: str) -> dict[int, int]:
    """Records per partition, as an independent client counts them."""
    with closing(KafkaConsumer(bootstrap_servers=cluster.bootstrap_servers)) as reader:
        places = [KafkaPartition(topic, number) for number in sorted(reader.partitions_for_topic(topic))]
        starts, ends = reader.beginning_offsets(places), reader.end_offsets(places)
        return {place.partition: ends[place] - starts[place] for place in places}


def deny(admin: Any, topic: str, operation: ACLOperation) -> None:
    """Take away this right and no other; where there is an ACL, what none allows is forbidden."""
    rights = ((ACLOperation.ALL, ACLPermissionType.ALLOW), (operation, ACLPermissionType.DENY))
    pattern = ResourcePattern(ResourceType.TOPIC, topic)
    admin.create_acls([ACL("User:ANONYMOUS", "*", which, permission, pattern) for which, permission in rights])


def router(cluster: KafkaCluster, directory: Path) -> Any:
    settings = RouterSettings(
        state_dir=directory,
        kafka=KafkaSettings(bootstrap_servers=cluster.bootstrap_servers, session_timeout_seconds=6),
        engine=EngineSettings(poll_seconds=0.05),
    )
    return build(settings, clock=SystemClock()).loop


def run_until(loop: Any, condition: Callable[[], bool], what: str) -> None:
    def passed() -> bool:
        loop.run_once()
        return condition()

    wait_until(passed, what, timeout_seconds=30, interval_seconds=0.0)


def letters(cluster: KafkaCluster, department: str) -> list[dict[str, str]]:
    """The headers of everything among a department's refused updates."""
    topic = topics.department_dead_letter_topic(department)
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=cluster.bootstrap_servers))
    starts = {TopicPartition(topic, number): 0 for number in range(topics.PARTITIONS)}
    records = [record for batch in broker.read_to_end(starts) for record in batch]
    return [{name: (value or b"").decode() for name, value in record.headers} for record in records]


def gone(cluster: KafkaCluster, department: str) -> list[tuple[str, ...]]:
    """What its letters say is gone: topic, partition, from where and until where."""
    names = ("dlq_topic", "dlq_partition", "dlq_offset", "dlq_gone_until")
    told = [letter for letter in letters(cluster, department) if letter["dlq_reason"] == "gone_unread"]
    return [tuple(letter[name] for name in names) for letter in told]


def passed_over(topic: str) -> float:
    """What the metric says of it."""
    return (
        metrics.REGISTRY.get_sample_value("complaintbus_records_gone_total", {"service": "router", "topic": topic}) or 0
    )


def test_what_a_department_lost_by_its_own_clock_stops_nobody_and_is_told(
    cluster: KafkaCluster, admin: Any, broker: KafkaBroker, tmp_path: Path
) -> None:
    begun, new = (topics.department_updates_topic(department) for department in DEPARTMENTS[:2])
    junk = ProducerRecord(begun, b"x", b"{}", [], 3)
    write(broker, junk)
    first = router(cluster, tmp_path)
    run_until(first, lambda: len(letters(cluster, DEPARTMENTS[0])) == 1, "the first update to be read")
    first.close()

    write(broker, *[junk] * 4, *(ProducerRecord(new, b"x", b"{}", [], 5) for _ in range(3)))
    admin.delete_records({KafkaPartition(begun, 3): 4, KafkaPartition(new, 5): 2})

    second = router(cluster, tmp_path)
    run_until(
        second,
        lambda: len(letters(cluster, DEPARTMENTS[0])) == 3 and len(letters(cluster, DEPARTMENTS[1])) == 2,
        "what is left to be read",
    )
    second.close()
    assert gone(cluster, DEPARTMENTS[0]) == [(begun, "3", "1", "4")]
    assert gone(cluster, DEPARTMENTS[1]) == [(new, "5", "0", "2")]
    assert [passed_over(topic) for topic in (begun, new)] == [3, 2]


def test_a_surplus_partition_stays_empty_and_is_said_and_what_others_put_there_is_named(
    cluster: KafkaCluster, admin: Any, broker: KafkaBroker, start: Callable[..., ServiceProcess]
) -> None:
    """A complaint's records go where its state is, whoever counts the partitions."""
    updates = topics.department_updates_topic(DEPARTMENTS[0])
    admin.create_partitions({name: NewPartitions(SURPLUS + 1) for name in (topics.RECEIVED, updates)})
    wait_until(
        lambda: len(held(cluster, topics.RECEIVED)) == SURPLUS + 1, "the thirteenth partition", timeout_seconds=30
    )
    stray = urge(complaint_id("web", "stray"), 0)
    write(broker, stray._replace(partition=SURPLUS))

    sla = start("sla")
    twin = start("router")
    cases = [complaint_id("web", f"case {number}") for number in range(200)]
    write(broker, *(urge(case, 1) for case in cases))

    assert held(cluster, topics.RECEIVED)[SURPLUS] == 1, "the stray alone"
    for process in (sla, twin):
        line = logged(process, "surplus_partition_holds_records")
        assert (line["topic"], line["partition"], line["records"]) == (topics.RECEIVED, SURPLUS, 1)
    assert logged(twin, "surplus_partition")["topic"] == updates
    dead = topics.dead_letter_topic("router")
    wait_until(lambda: sum(held(cluster, dead).values()) >= len(cases), "every urge to be judged", timeout_seconds=30)
    served = httpx.get(f"http://127.0.0.1:{twin.health_port}/metrics").text
    assert f'complaintbus_surplus_partitions{{topic="{topics.RECEIVED}"}} 1.0' in served
    assert f'complaintbus_surplus_partition_records{{topic="{topics.RECEIVED}"}} 1.0' in served
    assert httpx.get(f"http://127.0.0.1:{twin.health_port}/ready").status_code == 200
    shown = look_at_topics(broker_settings(cluster))
    assert shown.surplus == [{"topic": topics.RECEIVED, "partition": SURPLUS, "records": 1}]
    assert {found["topic"] for found in shown.gone} >= {updates}, "as lost in the test before"


def test_a_department_that_stamps_its_records_itself_is_named_before_and_when_it_does_so_wrongly(
    cluster: KafkaCluster, admin: Any, start: Callable[..., ServiceProcess]
) -> None:
    updates = topics.department_updates_topic(DEPARTMENTS[2])
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, updates, {"message.timestamp.type": "CreateTime"})])
    seconds = int(time.time())
    written: list[Any] = []
    with closing(KafkaProducer(bootstrap_servers=cluster.bootstrap_servers)) as writer:

        def keeps_the_stamp() -> bool:  # a change of settings reaches a partition a moment after it was answered
            sent = writer.send(updates, key=b"x", value=b"{}", partition=7, timestamp_ms=seconds)
            written.append(sent.get(30))
            return bool(written[-1].timestamp == seconds)

        wait_until(keeps_the_stamp, "the writer's stamp to be kept", timeout_seconds=30)
    process = start("router")
    told = logged(process, "stamped_by_its_writers")
    assert told["topic"] == updates
    assert (
        f"kafka-configs.sh --alter --topic {updates} --add-config message.timestamp.type=LogAppendTime" in told["error"]
    )
    stamped = logged(process, "record_stamped_too_old")
    assert (stamped["topic"], stamped["partition"], stamped["offset"]) == (updates, 7, written[-1].offset)
    assert [line["topic"] for line in lines(process, "stamped_by_its_writers")] == [updates], (
        "the others are as declared"
    )


def test_a_department_without_topics_is_named_before_any_work(
    start: Callable[..., ServiceProcess], tmp_path: Path
) -> None:
    shutil.copytree(CONFIG, tmp_path / "config")
    file = tmp_path / "config" / "departments.yaml"
    text = file.read_text(encoding="utf-8")
    start_of, end = (text.index(f"  - id: {department}") for department in DEPARTMENTS[1:3])
    added = text[start_of:end].replace(DEPARTMENTS[1], "not-yet-there")
    file.write_text(text[:end] + added + text[end:], encoding="utf-8")

    process = start("router", CBUS_CONFIG_DIR=str(file.parent), CBUS_KAFKA__MISSING_PATIENCE_SECONDS="4")
    shown: list[str] = []

    def is_shown() -> bool:
        try:
            shown.append(httpx.get(f"http://127.0.0.1:{process.health_port}/ready").text)
        except httpx.TransportError:
            return not process.is_alive
        return "no such topic" in shown[-1]

    wait_until(is_shown, "/ready to name it", timeout_seconds=REFUSES_WITHIN_SECONDS)
    said = refused(process)
    for text in (said, shown[-1]):
        assert "departments.not-yet-there.v1: expected a topic with 12 partitions, found no such topic" in text
        assert "python -m deploy.topics" in text
    for topic in ("departments.not-yet-there.updates.v1", "departments.not-yet-there.dead-letters.v1"):
        assert topic in said


def test_a_topic_that_vanishes_while_the_service_runs_is_named_and_the_process_ends(
    cluster: KafkaCluster, admin: Any, broker: KafkaBroker, start: Callable[..., ServiceProcess]
) -> None:
    """Until then its transactions fail as "not acknowledged", as if that could pass."""
    letters_topic = topics.dead_letter_topic("sla")
    process = start("sla", CBUS_KAFKA__TRANSACTION_TIMEOUT_SECONDS="3")
    logged(process, "state_restored")
    wait_until(
        lambda: httpx.get(f"http://127.0.0.1:{process.health_port}/ready").status_code == 200,
        "it to be ready",
        timeout_seconds=30,
    )
    admin.delete_topics([letters_topic])
    write(broker, ProducerRecord(topics.RECEIVED, b"x", b"{}", [], 0))  # to be refused, into the topic that is gone
    assert f"{letters_topic}: expected a topic with 12 partitions, found no such topic" in refused(process)


def test_missing_rights_and_too_few_partitions_are_named_by_every_service(
    cluster: KafkaCluster, admin: Any, start: Callable[..., ServiceProcess]
) -> None:
    audited = topics.department_topic(DEPARTMENTS[1])
    admin.delete_topics([audited])
    wait_until(lambda: audited not in admin.list_topics(), "the topic to be gone", timeout_seconds=30)
    admin.create_topics({audited: {"num_partitions": 4, "replication_factor": 1}})
    deny(admin, topics.RECEIVED, ACLOperation.WRITE)
    deny(admin, topics.NOTIFICATION_EVENTS, ACLOperation.READ)
    services = {service: start(service) for service in ("intake", "notifier", "auditor")}
    said = {service: refused(process) for service, process in services.items()}
    assert f"{topics.RECEIVED}: expected the right to write it, found none; kafka-acls.sh --add" in said["intake"]
    assert f"{topics.NOTIFICATION_EVENTS}: expected the right to read it, found none" in said["notifier"]
    assert f"{audited}: expected 12 partitions, found 4; " in said["auditor"]
