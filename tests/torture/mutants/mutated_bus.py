"""The bus under torture, without an auditor, with a mutant in some of its services."""

from __future__ import annotations

from pathlib import Path

from deploy.local.service_process import ServiceProcess
from tests.torture.mutants.mutant import Mutant
from tests.torture.mutants.process import MUTANT_VARIABLE, SERVICE_VARIABLE
from tests.torture.mutants.short_run import SHORT_INSTANCES
from tests.torture.nemesis.cluster import TortureBus


class MutatedBus(TortureBus):
    """``mutant`` None: the clean build, services started as ever."""

    def __init__(self, directory: Path, mutant: Mutant | None, *, speed: float, proxied: bool) -> None:
        super().__init__(directory, brokers=1, speed=speed, proxied=proxied)
        self.instances = SHORT_INSTANCES
        self._mutant = mutant

    def _service_process(self, service: str, number: int) -> ServiceProcess:
        if self._mutant is None or service not in self._mutant.services:
            return super()._service_process(service, number)
        return ServiceProcess(
            service,
            instance=str(number),
            log_directory=self.directory / "logs",
            environment=self.environment(service, number)
            | {MUTANT_VARIABLE: self._mutant.name, SERVICE_VARIABLE: f"services.{service}"},
            module="tests.torture.mutants.process",
        )
