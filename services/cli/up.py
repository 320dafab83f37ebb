"""``cbus up``: Kafka, Valkey and a mail sink on this machine, topics made, until Ctrl-C (or ``cbus down``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.local_stack import BackendChoice, published, running_local_stack
from services.cli.options import BackendOption, ConfigDirOption, DataDirOption, JsonOption
from services.cli.output import print_json, print_table, say
from services.cli.stack_file import RunningStack, running_stack
from services.cli.stopping import StopAsked, StopSignals
from services.cli.up_detached import start_detached
from shared.errors import ComplaintBusError

DEVELOPMENT = {"CBUS_DEVELOPMENT": "true"}
"""Lets services started with ``cbus run`` use the built-in secrets; this stack is for nothing else."""


def up_command(
    config_dir: ConfigDirOption,
    data_dir: DataDirOption = None,
    backend: BackendOption = "auto",
    detach: Annotated[bool, typer.Option("--detach", help="Return once it runs; stop it with 'cbus down'.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The local stack in the foreground until Ctrl-C. For development and demonstrations, not for production."""
    found = running_stack()
    if found is not None:
        raise ComplaintBusError(f"a stack runs here already (process {found.pid}); 'cbus down' stops it")
    if detach:
        show_stack(start_detached(data_dir, backend, config_dir), as_json)
    else:
        _run_in_foreground(backend, data_dir, config_dir, as_json)


def _run_in_foreground(backend: BackendChoice, data_dir: Path | None, config_dir: Path, as_json: bool) -> None:
    with StopSignals() as signals:
        try:
            with running_local_stack(backend, data_dir, config_dir) as addresses, published(addresses, DEVELOPMENT):
                stack = running_stack()
                if stack is not None:
                    show_stack(stack, as_json)
                say("running; Ctrl-C stops it")
                with signals.politely() as asked:
                    asked.wait()
        except StopAsked:
            pass
    say("stopped")


def show_stack(stack: RunningStack, as_json: bool) -> None:
    """The addresses on stdout."""
    if as_json:
        print_json({**stack.addresses, "pid": stack.pid, "environment": dict(stack.environment)})
    else:
        print_table(None, ("what", "where"), [(name, value) for name, value in stack.addresses.items() if value])
        print_table("for services and clients", ("variable", "value"), stack.environment.items())
