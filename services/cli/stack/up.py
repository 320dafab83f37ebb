"""``cbus up``: Kafka, Valkey and a mail sink on this machine, with ``--services`` the whole bus, until Ctrl-C."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.stack_file import RunningStack, require_no_other_stack, running_stack, stack_file_export
from services.cli.console.options import BackendOption, ConfigDirOption, DataDirOption, HttpPortOption, JsonOption
from services.cli.console.output import print_json, print_table, say
from services.cli.console.stopping import StopAsked, StopSignals
from services.cli.stack.detached import start_detached
from services.cli.stack.local_stack import BackendChoice, published, running_local_stack

if TYPE_CHECKING:
    from deploy.local.stack import StackAddresses, StackPorts

DEVELOPMENT = {"CBUS_DEVELOPMENT": "true"}
"""Lets services started with ``cbus run`` use the built-in secrets; this stack is for nothing else."""

KAFKA_PORT, REDIS_PORT, SMTP_PORT = 9092, 6379, 1025


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What was asked for. Ports: None is the usual one unless it is taken, 0 any free one."""

    data_dir: Path | None
    backend: BackendChoice
    config_dir: Path
    services: bool
    kafka_port: int | None
    http_port: int | None

    def as_arguments(self) -> list[str]:
        """The same as words of a command line."""
        values = {
            "--backend": self.backend,
            "--config-dir": self.config_dir,
            "--data-dir": self.data_dir,
            "--kafka-port": self.kafka_port,
            "--http-port": self.http_port,
        }
        words = [str(word) for name, value in values.items() if value is not None for word in (name, value)]
        return [*words, "--services"] if self.services else words


def up_command(
    config_dir: ConfigDirOption,
    services: Annotated[bool, typer.Option("--services", help="The five services of the bus, too.")] = False,
    kafka_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Kafka's port; 0: any, for every server. Default: 9092 unless it is taken."
        ),
    ] = None,
    http_port: HttpPortOption = None,
    data_dir: DataDirOption = None,
    backend: BackendOption = "auto",
    detach: Annotated[
        bool, typer.Option("--detach", help="Return once it runs ('cbus down' stops it); it writes to var/up.log.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """The local stack in the foreground until Ctrl-C; with --services the whole bus, its door on port 8080.

    For development and demonstrations, not for production.
    """
    options = UpOptions(data_dir, backend, config_dir, services, kafka_port, http_port)
    require_no_other_stack()
    if detach:
        show_stack(start_detached(options.as_arguments()), as_json, stop="cbus down")
    else:
        _run_in_foreground(options, as_json)


def _run_in_foreground(options: UpOptions, as_json: bool) -> None:
    with StopSignals() as signals:
        try:
            with _running(options):
                stack = running_stack()
                if stack is not None:
                    show_stack(stack, as_json, stop="cbus down, or Ctrl-C here")
                say("running; Ctrl-C stops it")
                with signals.politely() as asked:
                    asked.wait()
        except StopAsked:
            pass
    say("stopped")


@contextmanager
def _running(options: UpOptions) -> Iterator[None]:
    """Servers, services if wanted, and the note that says where they are."""
    with ExitStack() as running:
        addresses = running.enter_context(
            running_local_stack(options.backend, options.data_dir, options.config_dir, _ports(options))
        )
        if options.services:
            _start_services(options, addresses, running)
        else:
            running.enter_context(published(addresses, DEVELOPMENT))
        yield


def _ports(options: UpOptions) -> StackPorts:
    from deploy.local.ports import is_free, usual_port
    from deploy.local.stack import StackPorts

    kept = options.data_dir is not None and (options.data_dir / "kafka").exists() and options.kafka_port is None
    kafka = None if kept and not is_free(KAFKA_PORT) else usual_port(KAFKA_PORT, options.kafka_port)
    others = 0 if options.kafka_port == 0 else None
    return StackPorts(kafka, usual_port(REDIS_PORT, others), usual_port(SMTP_PORT, others))


def _start_services(options: UpOptions, addresses: StackAddresses, running: ExitStack) -> None:
    from deploy.local.ports import usual_port
    from services.cli.bus.services import (
        FIRST_HEALTH_PORT,
        INTAKE_PORT,
        SERVICES,
        running_services,
        service_environment,
    )

    directory = options.data_dir.resolve() if options.data_dir else _thrown_away(running)
    http_port = usual_port(INTAKE_PORT, options.http_port)
    others = 0 if options.http_port == 0 else None
    health_ports = {name: usual_port(FIRST_HEALTH_PORT + at, others) for at, name in enumerate(reversed(SERVICES))}
    environment = service_environment(directory, options.config_dir, http_port)
    services = running.enter_context(
        running_services(
            {**addresses.as_environment(), **environment},
            http_port,
            directory / "logs",
            health_ports=health_ports,
        )
    )
    places = {**services.urls(), "logs": str(directory / "logs")}
    running.enter_context(published(addresses, environment, services.intake_url, places))


def _thrown_away(running: ExitStack) -> Path:
    return Path(running.enter_context(tempfile.TemporaryDirectory(prefix="complaint-bus-services-")))


def show_stack(stack: RunningStack, as_json: bool, *, stop: str) -> None:
    """The addresses on stdout; then what can be done next, with ``stop`` as what ends the stack."""
    if as_json:
        print_json({**stack.addresses, "pid": stack.pid, "environment": dict(stack.environment)})
        return
    print_table(None, ("what", "where"), [(name, value) for name, value in stack.addresses.items() if value])
    print_table("for services and clients", ("variable", "value"), stack.environment.items())
    for name, line in next_steps(stack, stop).items():
        say(f"{name}: {line}")


def next_steps(stack: RunningStack, stop: str) -> Mapping[str, str]:
    """What a person does next, as lines to paste; first what another shell needs to find this stack."""
    elsewhere = stack_file_export()
    first = {} if elsewhere is None else {"in every other shell": elsewhere}
    if stack.intake_url is None:
        services = "cbus up --services starts them with it; cbus run NAME starts one in a terminal"
        return {**first, "the services": services, "stop it": stop}
    return {**first, "submit the samples": "cbus send deploy/samples/complaints.jsonl", "stop it": stop}
