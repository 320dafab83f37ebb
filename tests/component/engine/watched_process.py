"""The tiny process with a guard that also notices a lost connection: what the engine's guard lacks.

librdkafka mends a lost connection without a word: a request in flight on it, EndTxn too, is sent again within some
20 ms. The commit then succeeds and is not even slow, and the error callback is not called (measured with 2.16.0); so
the engine does not notice, and keeps the epoch under which the first copy can still do harm. The library's log does
tell, with ``debug=broker``. It writes the line before it sends the request again, so once the commit has returned the
line is there to be read. ``python -m tests.component.engine.watched_process``.
"""

from __future__ import annotations

import sys
from typing import Any

from shared.errors import TransactionDoubt
from shared.streaming.kafka import broker
from shared.streaming.kafka.transactional_producer import KafkaTransactionalProducer
from tests.component.engine import counter_process

_LOST = "Broker changed state UP -> DOWN"


class ConnectionWatch:
    """Takes the place of a producer's logger. ``was_lost`` stays true until it is set back."""

    def __init__(self) -> None:
        self.was_lost = False

    def log(self, _level: int, _template: str, *parts: Any) -> None:
        """Called by confluent-kafka from ``poll`` and ``flush``, once for each line."""
        if str(parts[-1]).endswith(_LOST):
            self.was_lost = True


class WatchedProducer(KafkaTransactionalProducer):
    """Doubts a transaction during which a connection was lost."""

    def __init__(self, config: dict[str, Any], timeout_seconds: float) -> None:
        self._watch = ConnectionWatch()
        watched = config | {"debug": "broker", "log_level": 7, "logger": self._watch}
        super().__init__(watched, timeout_seconds)

    def begin(self) -> None:
        self._client.poll(0)  # what was lost between two transactions had nothing in flight
        self._watch.was_lost = False
        super().begin()

    def commit(self) -> None:
        super().commit()
        self._client.poll(0)
        if self._watch.was_lost:
            raise TransactionDoubt("a connection was lost; a late copy of a request could hit the next transaction")


def main() -> int:
    """Run the process with the wider guard."""
    broker.KafkaTransactionalProducer = WatchedProducer  # type: ignore[attr-defined]
    return counter_process.main()


if __name__ == "__main__":
    sys.exit(main())
