"""A deadline around a call into librdkafka that may never return."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from shared.errors import TransactionDoubt


def within(seconds: float, call: Callable[[], object], what: str) -> None:
    """Run ``call`` and raise what it raises; TransactionDoubt when it has not returned after ``seconds``.

    The thread of a call that never returns is left behind, with the client it holds: one per accident, until the
    process ends.
    """
    ended: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            call()
        except Exception as error:  # raised again where it was called
            ended.put(error)
        else:
            ended.put(None)

    threading.Thread(target=run, name=what, daemon=True).start()
    try:
        error = ended.get(timeout=seconds)
    except queue.Empty:
        raise TransactionDoubt(f"{what} has not returned for {seconds:g} s") from None
    if error is not None:
        raise error
