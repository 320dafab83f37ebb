"""``var/stack.json``: where the local stack that runs here can be reached, so that other commands find it.

Written by ``cbus up`` and ``cbus demo``, removed when they end. A file whose process is gone is ignored; that of one
that runs is never overwritten, or nothing would find the first stack any more. ``CBUS_STACK_FILE`` names another place.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from shared.errors import ComplaintBusError

DEFAULT_FILE = Path("var/stack.json")
_START_TIME_FIELD = 21  # of /proc/PID/stat, counted from 0; the kernel's ticks at which the process began


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack and the process that owns it. ``environment`` points services at it; ``intake_url`` is the HTTP door."""

    pid: int
    process_start: str
    environment: Mapping[str, str]
    addresses: Mapping[str, object] = field(default_factory=dict)
    intake_url: str | None = None


def stack_file() -> Path:
    """Where the file is."""
    return Path(os.environ.get("CBUS_STACK_FILE") or DEFAULT_FILE)


def stack_file_export() -> str | None:
    """What another shell must be told, in the words of a shell, to find the stack of this one; None: nothing."""
    place = os.environ.get("CBUS_STACK_FILE")
    return f"export CBUS_STACK_FILE={shlex.quote(str(Path(place).absolute()))}" if place else None


def publish_stack(
    environment: Mapping[str, str], addresses: Mapping[str, object], intake_url: str | None = None
) -> RunningStack:
    """Write the file for this process; atomically, so that a reader never sees half of it.

    Raises StackRunsHere if another process's stack came first.
    """
    pid = os.getpid()
    stack = RunningStack(pid, process_start(pid), dict(environment), dict(addresses), intake_url)
    file = stack_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(f".{pid}.part")
    with _alone_in(file.parent):
        require_no_other_stack()
        aside.write_text(json.dumps(asdict(stack), indent=2) + "\n", encoding="utf-8")
        aside.replace(file)
    return stack


class StackRunsHere(ComplaintBusError):
    """Another stack is noted in this stack file, and runs."""

    def __init__(self, stack: RunningStack, file: Path) -> None:
        second = file.with_name(f"{file.stem}-2{file.suffix}")
        super().__init__(
            f"a stack runs here already (process {stack.pid}, noted in {file}); 'cbus down' stops it. To run a second "
            f"one beside it, give it a file of its own: export CBUS_STACK_FILE={second} in the second's shell, and in "
            "every other where a command concerns it"
        )


def require_no_other_stack() -> None:
    """Raise StackRunsHere if the stack of another process runs here."""
    found = running_stack()
    if found is not None and found.pid != os.getpid():
        raise StackRunsHere(found, stack_file())


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """One process at a time, so that of two stacks that start together one sees the other."""
    held = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def withdraw_stack() -> None:
    """Remove the file if it is this process's."""
    found = _read()
    if found is not None and found.pid == os.getpid():
        stack_file().unlink(missing_ok=True)


def running_stack() -> RunningStack | None:
    """The stack that runs here, or None."""
    found = _read()
    if found is None or not is_running(found):
        return None
    return found


def is_running(stack: RunningStack) -> bool:
    """Whether the very process that wrote the file still runs (a process id may have been given to another one)."""
    return process_start(stack.pid) == stack.process_start


def adopt_running_stack() -> RunningStack | None:
    """Let this process's settings default to the running stack; variables that are set already win."""
    stack = running_stack()
    if stack is not None:
        for name, value in stack.environment.items():
            os.environ.setdefault(name, value)
    return stack


def process_start(pid: int) -> str:
    """What tells this process from a later one with the same id; ``gone`` when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return _start_without_proc(pid)
    except (PermissionError, ProcessLookupError):
        return "gone"
    after_name = stat.rpartition(")")[2].split()  # the name itself may hold blanks; field 2 follows it
    return "gone" if after_name[0] == "Z" else after_name[_START_TIME_FIELD - 2]


def _start_without_proc(pid: int) -> str:
    if Path("/proc/self").exists():
        return "gone"
    try:
        os.kill(pid, 0)
    except OSError:
        return "gone"
    return "unknown"


def _read() -> RunningStack | None:
    try:
        return RunningStack(**json.loads(stack_file().read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
