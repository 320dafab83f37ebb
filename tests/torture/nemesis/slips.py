"""What people do to a bus by mistake, not by force: each must harm nobody else and be named by the product itself.

A slip is over when the product has named it; one it does not name in time is noted with its error, like a fault whose
victim did not come back.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Producer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError

from deploy.local.polling import wait_until
from deploy.local.service_process import ServiceProcess
from shared.events.topics import PARTITIONS, RECEIVED, department_topic, department_updates_topic
from tests.support.whole_bus import CONFIG_DIRECTORY
from tests.torture.load.poison import Poisoner
from tests.torture.nemesis.cluster import TortureBus
from tests.torture.nemesis.schedule import Fault, FaultKind

NAMED_WITHIN_SECONDS = 60.0
REFUSED = 78
"""Exit code of a service that found the cluster not as it needs it (EX_CONFIG)."""
FORGOTTEN = "moon-base"
"""A department somebody wrote into the configuration without making its topics."""

Detail = dict[str, object]


class Slips:
    """Makes mistakes and waits until they are named."""

    def __init__(self, bus: TortureBus, poisoner: Poisoner) -> None:
        self._bus = bus
        self._poisoner = poisoner
        self._makers: dict[FaultKind, Callable[[Fault], Callable[[], bool]]] = {
            FaultKind.SURPLUS_PARTITION: self._add_partition,
            FaultKind.DEPARTMENT_WITHOUT_TOPICS: self._add_department,
            FaultKind.STAMPED_IN_SECONDS: self._stamp_in_seconds,
        }

    def make(self, fault: Fault) -> Detail:
        """Make it; how long it took until the product named it. Raises ``DeadlineExceeded``: it did not."""
        is_named = self._makers[fault.kind](fault)
        started = time.monotonic()
        wait_until(
            is_named,
            f"{fault.kind} of {fault.target} to be named",
            timeout_seconds=NAMED_WITHIN_SECONDS,
            interval_seconds=0.5,
        )
        return {"named_seconds": round(time.monotonic() - started, 2)}

    def _add_partition(self, _fault: Fault) -> Callable[[], bool]:
        """One partition more of the input, and a record of some other writer in it."""
        with self._admin() as admin:
            admin.create_partitions({RECEIVED: PARTITIONS + 1}, timeout_ms=30_000)
        wait_until(self._write_beyond, f"partition {PARTITIONS} to take a record", timeout_seconds=NAMED_WITHIN_SECONDS)
        return lambda: self._is_said("surplus_partition_holds_records", RECEIVED)

    def _write_beyond(self) -> bool:
        """Whether the surplus partition took a record; what is new to a client is not always new to its broker."""
        failures: list[object] = []
        producer = Producer({"bootstrap.servers": self._bus.kafka.bootstrap_servers, "log_level": 0})
        producer.produce(
            RECEIVED, b"{}", b"whose", partition=PARTITIONS, on_delivery=lambda error, _: failures.append(error)
        )
        return producer.flush(10) == 0 and failures == [None]

    def _add_department(self, fault: Fault) -> Callable[[], bool]:
        """A router with a department more in its configuration; those that run know nothing of it."""
        directory = self._bus.directory / "slips"
        environment = self._bus.environment("router") | {
            "CBUS_CONFIG_DIR": str(_config_with(FORGOTTEN, directory / "config")),
            "CBUS_STATE_DIR": str(directory / "state"),
        }
        router = ServiceProcess("router", instance="slip", log_directory=directory, environment=environment)
        router.start()

        def is_named() -> bool:
            if router.is_alive:
                return False
            told = router.log_path.read_text(encoding="utf-8")
            if router.exit_code != REFUSED or department_topic(FORGOTTEN) not in told:
                raise AssertionError(f"a router without the topics of {fault.target} ended with {router.exit_code}")
            return True

        return is_named

    def _stamp_in_seconds(self, fault: Fault) -> Callable[[], bool]:
        """A topic made before the bus set its time stamps, and a department that counts in seconds."""
        topic = department_updates_topic(fault.target)
        self._set_timestamp_type(topic, "CreateTime")
        self._poisoner.write_stamped(topic, int(time.time()))

        def is_named() -> bool:
            if not any(self._is_said(event, topic) for event in ("stamped_by_its_writers", "record_stamped_too_old")):
                return False
            self._set_timestamp_type(topic, "LogAppendTime")
            return True

        return is_named

    def _set_timestamp_type(self, topic: str, kind: str) -> None:
        with self._admin() as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"message.timestamp.type": kind})])

    def _is_said(self, event: str, topic: str) -> bool:
        """Whether some process has logged ``event`` of ``topic``; unlike a counter, a line outlives its process."""
        logs = {process.log_path for process in self._bus.supervisor.processes}
        lines = (line for log in logs if log.exists() for line in log.read_text(encoding="utf-8").splitlines())
        return any(f'"event": "{event}"' in line and f'"topic": "{topic}"' in line for line in lines)

    @contextmanager
    def _admin(self) -> Iterator[Any]:
        """While other faults go on, a broker may be away for a moment."""
        admin = wait_until(
            self._connect, "a broker to take an operator's request", timeout_seconds=NAMED_WITHIN_SECONDS
        )
        try:
            yield admin
        finally:
            admin.close()

    def _connect(self) -> Any:
        with suppress(KafkaError):
            return KafkaAdminClient(bootstrap_servers=self._bus.kafka.bootstrap_servers)
        return None


def _config_with(department: str, directory: Path) -> Path:
    """A copy of the configuration with one more department, like the first but for its id."""
    shutil.copytree(CONFIG_DIRECTORY, directory)
    file = directory / "departments.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    plain = next(one for one in content["departments"] if not one.get("triage"))
    content["departments"].append(plain | {"id": department})
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return directory
