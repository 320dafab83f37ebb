"""Named places where a process can be told to die, to prove that dying there loses and repeats nothing.

``CBUS_CRASH_POINT=router.mid-produce:3`` kills the process with SIGKILL at the third passage. Unset, it costs a
comparison. The torture harness visits every name in ``CRASH_POINTS`` once.
"""

from __future__ import annotations

import os
import signal
import threading

from shared.events.clients import PROCESSORS

_LOOP_POINTS = (
    "after-poll",
    "after-begin",
    "mid-produce",
    "before-offsets",
    "after-offsets",
    "mid-commit",
    "after-commit",
    "in-revoke",
    "after-doubt-before-rewind",
)

CRASH_POINTS = frozenset(
    [f"{service}.{point}" for service in PROCESSORS for point in _LOOP_POINTS]
    + ["sla.before-fire", "sla.after-fire-before-commit"]
    + [f"intake.{point}" for point in ("after-parse", "after-produce", "after-ack", "after-cache", "before-response")]
    + [
        f"sender.{point}"
        for point in ("after-connect", "after-attempt", "after-dot", "after-send", "after-outcome", "after-commit")
    ]
    + ["reinjection.before-copy", "reinjection.after-copy"]
)
"""Every crash point there is, by the loop that passes it.

Router, SLA, the notifier's composer and the auditor run in the same loop, and so does every service whose entry in
``shared.events.clients`` says that it is transactional. The sender works in the notifier's process: ``after-connect`` a
conversation with the relay can begin, ``after-dot`` the relay has the message and has not answered, ``after-send`` it
has. Re-injection works in the auditor's: ``after-copy`` the copy is durable and the request for it is not committed.
The auditor's timers have no point: they fire only on a hole.
"""

LAST_WORD = "died at crash point {}\n"
"""What a process says on stderr there, so that nobody takes another death for this one."""


def _armed() -> tuple[str | None, int]:
    setting = os.environ.get("CBUS_CRASH_POINT", "")
    name, _, count = setting.partition(":")
    if name and name not in CRASH_POINTS:
        raise ValueError(f"CBUS_CRASH_POINT names no crash point: {name!r}")
    return (name or None), int(count or 1)


_MOMENT_SECONDS = 0.001
_name, _remaining = _armed()


def crash_point(name: str) -> None:
    """Die here if armed for ``name`` and this is the chosen passage."""
    if _is_chosen(name):
        _die()


def crash_during(name: str) -> None:
    """As ``crash_point``, but die a moment later, from another thread: in the midst of the call that follows."""
    if _is_chosen(name):
        threading.Timer(_MOMENT_SECONDS, _die).start()


def _is_chosen(name: str) -> bool:
    global _remaining  # one process, one armed point
    if name != _name:
        return False
    _remaining -= 1
    return _remaining <= 0


def _die() -> None:
    os.write(2, LAST_WORD.format(_name).encode())
    os.kill(os.getpid(), signal.SIGKILL)
