"""What keeps the clients of this process from the brokers, in one sentence with the setting that is wrong.

librdkafka retries a refused login like a broker that is away, and tells it to nobody but the error callback.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaError

from shared.kafka_listener import explain
from shared.settings import KafkaSettings
from shared.streaming.kafka.reaching import AUTHENTICATION

_REFUSED_FOR_SECONDS: Final = 60.0
"""So long a refusal counts: clients that try on are refused again, once a second at least."""
_KEPT_SECONDS: Final = 5.0
"""The listener is not asked more often than that, whoever wants to know."""


class ConnectionFaults:
    """Shared by all clients of one broker object; safe to use from several threads."""

    def __init__(self, settings: KafkaSettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._refused_at = -_REFUSED_FOR_SECONDS
        self._asked_at = -_KEPT_SECONDS
        self._text = ""
        self._lock = threading.Lock()

    def note(self, error: KafkaError) -> None:
        """An error callback was called with this."""
        if error.code() == AUTHENTICATION:
            self._refused_at = self._monotonic()

    def explain(self) -> str:
        """Why nobody answers, as far as it can be known; asks the listener, which may take some seconds."""
        with self._lock:
            if self._monotonic() - self._asked_at >= _KEPT_SECONDS:
                is_refused = self._monotonic() - self._refused_at < _REFUSED_FOR_SECONDS
                self._text = explain(self._settings, login_refused=is_refused).text
                self._asked_at = self._monotonic()
            return self._text
