"""Asks the cluster every few seconds whether it is there, and as it should be.

A loop without work never finds out, and one with work is not to wait for the answer.

A login or a certificate that is refused is an outage like any other: it is said, with the setting, in the log and on
``/ready``, and tried on. The process does not end by it: passwords and certificates are renewed at the brokers and at
the clients at different moments, and a service that gave up would need a second restart after the right one.
What cannot become right by itself – a file that is not there, settings that contradict each other – refuses to start.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from shared.errors import BrokerUnavailable
from shared.observability.outage import OUTAGE, Outage
from shared.streaming.broker import Broker

_EVERY_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 2.0
_IN_A_ROW: Final = 2
"""One silence is a busy machine or a connection that was closed for idleness."""
_PART: Final = "connection"


class OutageWatch:
    """A thread of its own from ``start`` to ``stop``."""

    def __init__(
        self, broker: Broker, outage: Outage = OUTAGE, watch_cluster: Callable[[], None] = lambda: None
    ) -> None:
        """``watch_cluster`` is called after each answer, so that no silence is told late for its sake."""
        self._watch_cluster = watch_cluster
        self._broker = broker
        self._outage = outage
        self._stopping = threading.Event()
        self._silences = 0
        self._error: BrokerUnavailable | None = None
        self._thread = threading.Thread(target=self._run, name="outage-watch", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_ANSWER_SECONDS + 1)

    def problem(self) -> str | None:
        """Why Kafka cannot be reached; the readiness check that goes with it."""
        return None if self._error is None else str(self._error)

    def ask(self) -> None:
        """Once."""
        try:
            self._broker.ping(_ANSWER_SECONDS)
        except BrokerUnavailable as error:
            self._silences += 1
            if self._silences < _IN_A_ROW:
                return  # the next one knows more
            self._error = error
            self._outage.failing(_PART, error)
        else:
            self._silences, self._error = 0, None
            self._outage.well(_PART)
        self._outage.look(self._error)
        if self._silences == 0:
            self._watch_cluster()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.ask()
            self._stopping.wait(_EVERY_SECONDS)
