"""The list of clients against what is really there: the services' wiring, the topics, the image and the import rules.

Each service is wired as its bootstrap wires it, over a broker that notes what is asked of it, and goes round once.
"""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from deploy.topics.departments import department_ids
from services.auditor import bootstrap as auditor
from services.auditor.domain import booking
from services.auditor.settings import AuditorSettings
from services.intake import bootstrap as intake
from services.intake.settings import IntakeSettings
from services.notifier import bootstrap as notifier
from services.notifier.settings import NotifierSettings
from services.router import bootstrap as router
from services.router.settings import RouterSettings
from services.sla import bootstrap as sla
from services.sla.settings import SlaSettings
from shared.clock import SystemClock
from shared.events import clients
from shared.events.clients import CLIENTS, EVERY_GROUP, SERVICES, Client, topics_of
from shared.events.topics import PARTITIONS, belongs_to_a_department, bus_topics
from shared.streaming.broker import GroupStanding, Offsets
from shared.streaming.cluster_check import ClusterCheck
from shared.streaming.cluster_needs import TopicNeed
from shared.streaming.memory import MemoryBroker
from shared.streaming.memory.consumer import MemoryConsumer
from shared.streaming.memory.producer import MemoryTransactionalProducer
from shared.streaming.records import ConsumerRecord, TopicPartition
from tests.support.compose_file import built_here, load_compose

REPOSITORY = Path(__file__).parents[2]
CONFIG = REPOSITORY / "deploy" / "config"
DEPARTMENTS = department_ids(CONFIG / "departments.yaml")
INSTANCE = "seven"

each_service = pytest.mark.parametrize("client", SERVICES, ids=lambda client: client.name)


# ---- what a service does ---------------------------------------------------------------------------------------------


@dataclass
class Noted:
    """What one service was seen to do."""

    subscribed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    """Groups a consumer was made for, subscribed or not."""
    looked_up: set[str] = field(default_factory=set)
    transactional_ids: set[str] = field(default_factory=set)
    needs: list[TopicNeed] = field(default_factory=list)
    has_subscribed: threading.Event = field(default_factory=threading.Event)


class NotingConsumer(MemoryConsumer):
    def __init__(self, broker: NotingBroker, group_id: str, instance_id: str | None) -> None:
        super().__init__(broker, group_id, instance_id)
        self._name, self._noted = group_id, broker.noted

    def subscribe(
        self,
        topics: Sequence[str],
        on_assigned: Callable[[Sequence[TopicPartition]], Offsets],
        on_revoked: Callable[[Sequence[TopicPartition]], None],
    ) -> None:
        super().subscribe(topics, on_assigned, on_revoked)
        self._noted.subscribed[self._name] = tuple(topics)
        self._noted.has_subscribed.set()


class NotingBroker(MemoryBroker):
    def __init__(self) -> None:
        super().__init__({topic.name: PARTITIONS for topic in bus_topics(DEPARTMENTS)})
        self.noted = Noted()

    def consumer(self, group_id: str, instance_id: str | None) -> MemoryConsumer:
        self.noted.named.add(group_id)
        return NotingConsumer(self, group_id, instance_id)

    def transactional_producer(self, transactional_id: str) -> MemoryTransactionalProducer:
        self.noted.transactional_ids.add(transactional_id)
        return super().transactional_producer(transactional_id)

    def read_to_end(self, starts: Offsets) -> Iterator[Iterable[ConsumerRecord]]:
        self.noted.looked_up.update(place.topic for place in starts)
        return super().read_to_end(starts)

    def consumer_groups(self) -> dict[str, GroupStanding]:
        self.noted.named.add(EVERY_GROUP)
        return super().consumer_groups()


def chosen(state: Path) -> dict[str, Any]:
    """Settings of every service."""
    return {"instance_id": INSTANCE, "config_dir": CONFIG, "state_dir": state}


def run_router(broker: NotingBroker, state: Path) -> None:
    with closing(router.build(RouterSettings(**chosen(state)), broker=broker).loop) as loop:
        loop.run_once()


def run_sla(broker: NotingBroker, state: Path) -> None:
    with closing(sla.build(SlaSettings(**chosen(state)), broker=broker).loop) as loop:
        loop.run_once()


def run_notifier(broker: NotingBroker, state: Path) -> None:
    settings = NotifierSettings(development=True, **chosen(state))
    with closing(notifier.build(settings, broker=broker).composer.loop) as loop:
        loop.run_once()
    notifier.build_sender(settings, broker, SystemClock(), threading.Event()).run_once()


def run_auditor(broker: NotingBroker, state: Path) -> None:
    wired = auditor.build(AuditorSettings(group_lag_seconds=1, **chosen(state)), broker=broker)
    with closing(wired.service.loop) as loop:
        loop.run_once()
        assert wired.reinjection is not None
        for companion in (wired.reinjection, wired.group_lag):
            with closing(companion._begin()) as work:
                companion._stopping.set()  # cuts its waits short
                work.run_once()


def run_intake(broker: NotingBroker, state: Path) -> None:
    settings = IntakeSettings(development=True, **chosen(state))
    wired = intake.Intake(settings, broker=broker, clock=SystemClock(), redis=Redis())
    wired._receipts.start()
    assert broker.noted.has_subscribed.wait(20)
    wired._receipts.stop()


RUNNERS = {"router": run_router, "sla": run_sla, "notifier": run_notifier, "auditor": run_auditor, "intake": run_intake}


@pytest.fixture
def noted(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Noted:
    broker = NotingBroker()
    check = ClusterCheck.__init__

    def noting(self: ClusterCheck, *args: Any) -> None:
        check(self, *args)
        broker.noted.needs.extend(self._needs)

    monkeypatch.setattr(ClusterCheck, "__init__", noting)
    RUNNERS[client.name](broker, tmp_path)
    return broker.noted


@each_service
def test_its_groups_subscribe_to_what_the_list_says(client: Client, noted: Noted) -> None:
    listed = {
        f"{group.id}-{INSTANCE}" if group.of_each_process else group.id: sorted(topics_of(group.reads, DEPARTMENTS))
        for group in client.groups
    }
    assert {group: sorted(topics) for group, topics in noted.subscribed.items()} == listed
    assert noted.named - set(listed) == set(client.asks) - set(listed)


@each_service
def test_it_asks_the_cluster_for_the_topics_the_list_says(client: Client, noted: Noted) -> None:
    """Before any work: so these are all it may use where Kafka asks for rights."""
    reads, writes = ({need.topic for need in noted.needs if getattr(need, use)} for use in ("reads", "writes"))
    assert reads == set(topics_of(client.reads, DEPARTMENTS))
    assert writes == set(topics_of(client.produces, DEPARTMENTS))
    assert noted.looked_up <= set(topics_of((*client.looks_up, *([client.state] if client.state else [])), DEPARTMENTS))
    assert {need.topic for need in noted.needs if need.keeps_state} == ({client.state} if client.state else set())


@each_service
def test_its_transactions_are_named_after_it(client: Client, noted: Noted) -> None:
    assert noted.transactional_ids == ({f"{client.name}-{INSTANCE}"} if client.transactional else set())


# ---- who is there ----------------------------------------------------------------------------------------------------


def test_every_service_folder_is_on_the_list() -> None:
    """A folder with wiring is a service; ``services/cli`` has none."""
    assert {path.parent.name for path in (REPOSITORY / "services").glob("*/bootstrap.py")} == {
        client.name for client in SERVICES
    }


def test_names_and_groups_are_unique() -> None:
    names = [client.name for client in CLIENTS]
    groups = [group.id for client in CLIENTS for group in client.groups]
    assert len(set(names)) == len(names)
    assert len(set(groups)) == len(groups)


def test_groups_keep_their_names() -> None:
    """On a live bus a group with a new name begins anew: what it had read is forgotten."""
    assert [group.id for client in SERVICES for group in client.groups] == [
        "router", "sla", "notifier", "notifier-sender", "auditor", "auditor-reinjection", "intake-receipts",
    ]  # fmt: skip


def test_every_topic_on_the_list_is_one_of_the_bus_and_has_one_writer() -> None:
    there = {topic.name for topic in bus_topics(["one", "two"])}
    used = [name for client in CLIENTS for name in topics_of((*client.reads, *client.will_read), ("one", "two"))]
    written = [name for client in CLIENTS for name in topics_of((*client.writes, *client.will_write), ("one", "two"))]
    states = [client.state for client in CLIENTS if client.state is not None]
    assert set(used) <= there
    assert sorted([*written, *states]) == sorted(there)


def test_a_topic_of_a_department_names_it_whatever_it_is_called() -> None:
    """Even one whose id is part of the topic's name."""
    for department in ("departments", "d", "v1", "updates", "dead-letters"):
        for topic in bus_topics([department]):
            if belongs_to_a_department(topic.name):
                assert department in (topic.writer, *topic.readers), topic.name


def test_who_does_not_exist_is_not_found() -> None:
    with pytest.raises(KeyError):
        clients.writer_of("nobodys.v1")
    with pytest.raises(KeyError):
        clients.writer_of("departments.one.v9")


def test_what_the_auditor_reads_has_a_place_in_its_books() -> None:
    """A topic without one would be booked as a department's queue."""
    read = {topic for topic in clients.subscription("auditor") if not belongs_to_a_department(topic)}
    assert read == set(booking._BOOKERS)


# ---- files that cannot follow the list -------------------------------------------------------------------------------


def test_compose_starts_every_service() -> None:
    commands = {service["command"][0] for service in built_here(load_compose()).values()}
    assert {name for name in commands if re.match(r"services\.", name)} == {f"services.{c.name}" for c in SERVICES}


def import_contract(name: str) -> dict[str, Any]:
    told = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (found,) = (contract for contract in told["contracts"] if contract["name"] == name)
    contract: dict[str, Any] = found
    return contract


def test_every_service_is_under_the_import_contracts() -> None:
    packages = {f"services.{client.name}" for client in SERVICES}
    independent = import_contract("services know each other only by events")["modules"]
    pure = import_contract("domain code runs without Kafka, Redis, HTTP or a clock")["source_modules"]
    bare = import_contract("what runs in production needs neither the operator's tools nor the local stack")
    assert set(independent) == packages
    assert set(bare["source_modules"]) == {*packages, "shared"}
    assert {module for module in pure if module.startswith("services.")} == {f"{each}.domain" for each in packages}
