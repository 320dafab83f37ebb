"""Starting the local stack in the background: the same command in a session of its own, watched until it answers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.stack_file import RunningStack, running_stack, stack_file
from shared.errors import ComplaintBusError

READY_WITHIN_SECONDS = 120.0  # the first start downloads the broker
LOOK_EVERY_SECONDS = 0.1
LOG_LINES_SHOWN = 10


def start_detached(arguments: Sequence[str]) -> RunningStack:
    """Start ``cbus up`` with these words and wait until the stack is published; raises ComplaintBusError with the log's
    end when it is not."""
    command = [sys.executable, "-m", "services.cli", "up", *arguments]
    log = stack_file().with_name("up.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    return _wait(process, log)


def _wait(process: subprocess.Popen[bytes], log: Path) -> RunningStack:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        stack = running_stack()
        if stack is not None and stack.pid == process.pid:
            return stack
        time.sleep(LOOK_EVERY_SECONDS)
    process.terminate()
    end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:])
    raise ComplaintBusError(f"the local stack did not start; last lines of {log}:\n{end}")
