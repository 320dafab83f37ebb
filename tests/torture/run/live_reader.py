"""A reader of the case log while everything is being broken: what a consumer sees, in the order in which it sees it.

It reads committed records from the beginning, in no group, and goes on at its own position whatever happens to the
brokers. A gap, a step back or a repeat in its file is therefore the bus's doing, and the checker holds it to that.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from shared.events.topics import LIFECYCLE, PARTITIONS

BATCH = 500
POLL_SECONDS = 0.2
END_SETTLES_SECONDS = 1.5
"""An end is the end when nothing came after it for this long: two fetches."""
END_WITHIN_SECONDS = 30.0
_SEQUENCE = re.compile(rb'"sequence":\s*(\d+)')  # inside a text of the record its quotes are escaped
_LOST_ITS_PLACE = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)


def sequence_in(value: bytes | None) -> int | None:
    """The number of an entry of the case log, without reading all of it; None: there is none."""
    found = _SEQUENCE.search(value or b"")
    return int(found[1]) if found else None


class LiveReader:
    """One thread that reads ``topic`` from ``start`` to ``stop`` and appends what it saw to ``path``."""

    def __init__(self, bootstrap: str, path: Path, topic: str = LIFECYCLE, partitions: int = PARTITIONS) -> None:
        self._consumer = Consumer(_settings(bootstrap))
        self._topic = topic
        self._next = dict.fromkeys(range(partitions), 0)
        self._at_end: set[int] = set()
        self._stopping = threading.Event()
        self._stop_at = float("inf")
        self._failure: Exception | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lines = path.open("w", encoding="utf-8")
        self._thread = threading.Thread(target=self._run, name="live-reader", daemon=True)

    def start(self) -> None:
        """Read every partition from its begin."""
        self._consumer.assign([TopicPartition(self._topic, number, 0) for number in self._next])
        self._thread.start()

    def stop(self) -> Exception | None:
        """Read what is there to its end, half a minute at most, and close the file.

        What made the reader give up, if anything did: no reason to lose the run, since the checker misses the rest.
        """
        self._stop_at = time.monotonic() + END_WITHIN_SECONDS
        self._stopping.set()
        self._thread.join()
        self._lines.close()
        self._consumer.close()
        return self._failure

    def _run(self) -> None:
        try:
            quiet_since = time.monotonic()
            while not self._is_over(quiet_since):
                messages = self._consumer.consume(BATCH, timeout=POLL_SECONDS)
                if any(message.error() is None for message in messages):
                    quiet_since = time.monotonic()
                self._take(messages)
        except Exception as failure:  # handed to the main thread by stop
            self._failure = failure

    def _is_over(self, quiet_since: float) -> bool:
        if not self._stopping.is_set():
            return False
        now = time.monotonic()
        is_read = len(self._at_end) == len(self._next) and now - quiet_since >= END_SETTLES_SECONDS
        return is_read or now >= self._stop_at

    def _take(self, messages: Iterable[Message]) -> None:
        for message in messages:
            error = message.error()
            number = message.partition()
            if number is None:
                continue  # about a broker: the client finds another by itself
            if error is None:
                self._write(number, message)
            elif error.code() == KafkaError._PARTITION_EOF:
                self._at_end.add(number)
            elif error.code() in _LOST_ITS_PLACE:
                self._consumer.seek(TopicPartition(self._topic, number, self._next[number]))
        self._lines.flush()

    def _write(self, number: int, message: Message) -> None:
        offset = message.offset() or 0
        self._at_end.discard(number)
        self._next[number] = offset + 1
        entry = {
            "partition": number,
            "offset": offset,
            "complaint_id": (message.key() or b"").decode(errors="replace"),
            "sequence": sequence_in(message.value()),
        }
        self._lines.write(json.dumps(entry) + "\n")


def _settings(bootstrap: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": bootstrap,
        "group.id": "torture-live-reader-unused",  # the client asks for one; nothing is ever committed under it
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        "queued.max.messages.kbytes": 16_384,
        "log_level": 0,
    }
