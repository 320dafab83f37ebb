"""``cbus run SERVICE``: one service in the foreground, pointed at the stack that runs here."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy.stack_file import adopt_running_stack
from services.cli.console.options import AlwaysJsonOption

_SERVICES = Path(__file__).resolve().parents[2]


def run_command(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="e.g. intake, router, sla, notifier.")],
    as_json: AlwaysJsonOption = False,
) -> None:
    """One service in the foreground; its log on stderr is JSON Lines.

    Settings come from CBUS_… variables, else from the local stack that runs.
    """
    known = runnable_services(_SERVICES)
    if service not in known:
        raise typer.BadParameter(f"there is no service {service!r}; there are: {', '.join(known)}")
    adopt_running_stack()
    os.execv(sys.executable, [sys.executable, "-m", f"services.{service}"])  # noqa: S606 - it takes our place


def runnable_services(directory: Path) -> list[str]:
    """Names of the packages below ``directory`` that can be run, this command line left out."""
    return sorted(main.parent.name for main in directory.glob("*/__main__.py") if main.parent.name != "cli")
