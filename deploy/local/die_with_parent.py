"""Runs a command that the kernel kills as soon as its parent dies, however the parent dies (Linux).

Used as ``python die_with_parent.py PARENT_PID COMMAND ARGUMENT...``; it replaces itself with the command, so the
process id stays the same. A launcher is used instead of ``preexec_fn``, which may deadlock in a threaded parent.
On other systems it only runs the command. It imports nothing of the project: it must start in milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for SIGKILL at the parent's death, then become the command."""
    parent_pid, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before we could ask
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - starting a process is its purpose


if __name__ == "__main__":
    main()
