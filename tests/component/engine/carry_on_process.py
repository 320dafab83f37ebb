"""The tiny process with the guard against late EndTxn requests taken out; for one experiment, never for use.

What is left is what transaction examples do: a slow commit and a broken link count as nothing while the library
heals them by itself, and after an error the transaction is aborted and the same producer, with the same epoch,
carries on. ``python -m tests.component.engine.carry_on_process``.
"""

from __future__ import annotations

import sys
from typing import Any

from shared.errors import TransactionDoubt
from shared.streaming import transaction
from shared.streaming.kafka import transactional_producer
from shared.streaming.kafka.connection_watch import ConnectionWatch
from shared.streaming.kafka.faults import doubtful
from shared.streaming.loop import ProcessorLoop
from tests.component.engine import counter_process


def abort_and_carry_on(loop: ProcessorLoop[Any], cause: Exception) -> None:
    """Stands in for ``ProcessorLoop._distrust``: abort, rewind, keep the producer if it still works."""
    print(f"transaction_aborted: {cause}", file=sys.stderr)  # noqa: T201
    producer: Any = loop._producer
    try:
        if producer is not None:
            with doubtful("abort_transaction"):
                producer._client.abort_transaction(3.0)
            loop._consumer.seek(loop._restore())
    except TransactionDoubt as doubt:
        print(f"producer_dropped: {doubt}", file=sys.stderr)  # noqa: T201
        loop._producer = None


def main() -> int:
    """Run the process without its guard."""
    transaction.SLOW_COMMIT_SECONDS = float("inf")
    transactional_producer.DOUBTFUL = frozenset()  # type: ignore[attr-defined]
    ConnectionWatch.was_lost = False  # type: ignore[assignment,method-assign]
    ProcessorLoop._distrust = abort_and_carry_on  # type: ignore[assignment,method-assign]
    return counter_process.main()


if __name__ == "__main__":
    sys.exit(main())
