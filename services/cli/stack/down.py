"""``cbus down``: stop the local stack that runs here, whoever started it."""

from __future__ import annotations

import os
import signal
import time

import typer

from deploy.stack_file import RunningStack, is_running, running_stack
from services.cli.console.options import JsonOption
from services.cli.console.output import print_json, say
from shared.errors import ComplaintBusError

STOPS_WITHIN_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.1


def down_command(as_json: JsonOption = False) -> None:
    """Stop the local stack. Exit code 1 when none runs."""
    stack = running_stack()
    if stack is None:
        if as_json:
            print_json({"stopped": False, "reason": "no local stack runs here"})
        say("no local stack runs here")
        raise typer.Exit(1)
    os.kill(stack.pid, signal.SIGTERM)
    _wait_until_gone(stack)
    if as_json:
        print_json({"stopped": True, "pid": stack.pid})
    say(f"stopped (process {stack.pid})")


def _wait_until_gone(stack: RunningStack) -> None:
    deadline = time.monotonic() + STOPS_WITHIN_SECONDS
    while is_running(stack):
        if time.monotonic() > deadline:
            raise ComplaintBusError(f"process {stack.pid} was asked to stop and still runs; look at it, then kill it")
        time.sleep(LOOK_EVERY_SECONDS)
