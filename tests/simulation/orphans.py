"""Workers that end with the process they work for, however it ended.

A pool's workers wait for work on a pipe that they hold both ends of, so none hears of its parent's death.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.connection import wait


def end_with_parent() -> None:
    """Called in a worker: when the parent is gone, so is this process, in the middle of whatever it does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_await_end, args=(parent.sentinel,), name="parent-watch", daemon=True).start()


def _await_end(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
