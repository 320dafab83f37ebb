"""Notices a connection the library lost and mended without a word.

A request in flight on a lost connection, EndTxn too, is sent again by librdkafka within some 20 ms: the call succeeds,
is not slow, and no error callback runs (2.16.0). The first copy may still arrive, in the middle of the next transaction
(KAFKA-17754, docs/late-end-txn.md). Only the library's log tells of the loss, before the request is sent again; so once
a commit has returned, the line is there to be read.
"""

from __future__ import annotations

import logging
from typing import Any, Final

_LOST: Final = "Broker changed state UP -> DOWN"  # tests/torture/test_late_end_txn.py turns red if the wording changes


class ConnectionWatch:
    """Takes the place of a client's logger; what is not its own business goes on to ``logger``, if critical."""

    CONFIG: Final = {"debug": "broker", "log_level": 7}
    """What the client needs so that the line is written at all; one to four lines per transaction come with it."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._was_lost = False

    def forget(self) -> None:
        """What was lost until now does not matter."""
        self._was_lost = False

    @property
    def was_lost(self) -> bool:
        """Whether a connection was lost since ``forget``. Lines are delivered by the client's ``poll``."""
        return self._was_lost

    def log(self, level: int, template: str, *parts: Any) -> None:
        """Called by confluent-kafka, once for each line."""
        if str(parts[-1]).endswith(_LOST):
            self._was_lost = True
        if level >= logging.CRITICAL:
            self._logger.log(level, template, *parts)
