"""Calls into librdkafka that may never return: in threads of their own, given up after a while, and not forgotten.

A call that hangs keeps its client: threads, sockets, and memory that grows, since the client goes on retrying.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from shared.errors import FatalError, TransactionDoubt

MOST_SECONDS: Final = 60.0
"""The library's own bounds are below a tenth of this; who has not returned by then never will."""

_Outcome = queue.SimpleQueue[Exception | None]


class CallsAside:
    """Calls in threads of their own, from their start until they return. May be used from several threads."""

    def __init__(self, most_seconds: float = MOST_SECONDS, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most_seconds = most_seconds
        self._monotonic = monotonic
        self._running: dict[threading.Thread, float] = {}

    def start(self, call: Callable[[], object], what: str) -> None:
        """Run ``call`` in a thread named ``what``. It raises nothing, and what it holds is freed in that thread."""
        pending = [call]

        def run() -> None:
            try:
                pending.pop()()  # freeing its client is part of the call: that waits for the library's threads
            finally:
                del self._running[thread]

        thread = threading.Thread(target=run, name=what, daemon=True)
        self._running[thread] = self._monotonic()
        del call
        thread.start()

    def require_return(self) -> None:
        """FatalError when a call hangs: only the end of the process takes its client away. Cheap; call it often."""
        if not self._running:
            return
        now = self._monotonic()
        for thread, since in list(self._running.items()):
            if now - since > self._most_seconds:
                raise FatalError(
                    f"{thread.name} has not returned for {now - since:.0f} s, and the Kafka client it holds grows as "
                    "long as this process lives; a new one begins without it"
                )


ASIDE: Final = CallsAside()
"""Those of this process."""


def within(seconds: float, call: Callable[[], object], what: str) -> None:
    """Run ``call`` and raise what it raises; TransactionDoubt when it has not returned after ``seconds``.

    Its thread is left behind then, with the client it holds, among those ``ASIDE`` requires to return.
    """
    ended: _Outcome = queue.SimpleQueue()
    ASIDE.start(partial(_tell_end, call, ended), what)
    del call  # a doubt is kept, and with it this frame, which must not keep the client
    try:
        error = ended.get(timeout=seconds)
    except queue.Empty:
        raise TransactionDoubt(f"{what} has not returned for {seconds:g} s") from None
    if error is not None:
        raise error


def _tell_end(call: Callable[[], object], ended: _Outcome) -> None:
    try:
        call()
    except Exception as error:  # raised again where it was called, without the frame here, which keeps the client
        ended.put(error.with_traceback(None))
    else:
        ended.put(None)
