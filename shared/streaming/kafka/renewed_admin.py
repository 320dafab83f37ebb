"""The admin client of a process, made anew when it stays silent.

librdkafka's admin client can get no answer for as long as it lives after a broker was suspended or away, while a client
opened beside it is answered at once: a service with a healthy cluster before it then waits until somebody restarts it.
Whether the cluster or the client is silent cannot be told from inside, so a new one is tried, ever more rarely.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from confluent_kafka.admin import AdminClient

from shared.observability.logging import get_logger
from shared.streaming.kafka.bounded_call import ASIDE

_LOG = get_logger()
FIRST_AFTER_SILENCES: Final = 3
SELDOM_AFTER_SILENCES: Final = 24


class RenewedAdmin:
    """Safe to use from several threads; one that still asks the old client keeps it alive until it has its answer."""

    def __init__(self, open_client: Callable[[], AdminClient]) -> None:
        self._open_client = open_client
        self._client = open_client()
        self._silences = 0
        self._patience = FIRST_AFTER_SILENCES
        self._lock = threading.Lock()

    def client(self) -> AdminClient:
        """The present one. Do not keep it: ask for it at each request."""
        return self._client

    def _replaced(self) -> AdminClient:
        client, self._client = self._client, self._open_client()
        return client

    def answered(self) -> None:
        """The client got an answer."""
        with self._lock:
            self._silences, self._patience = 0, FIRST_AFTER_SILENCES

    def silent(self) -> None:
        """The client got none; after three in a row, then 6, 12, 24 and each 24, it is replaced."""
        with self._lock:
            self._silences += 1
            if self._silences < self._patience:
                return
            silences, self._silences = self._silences, 0
            self._patience = min(2 * self._patience, SELDOM_AFTER_SILENCES)
            # The end of a client waits for its threads, so nothing here keeps it.
            ASIDE.start(partial(_forget, self._replaced()), "admin-discard")
        _LOG.warning("admin_client_renewed", count=silences)


def _forget(_: AdminClient) -> None:
    """The last reference goes with the call."""
