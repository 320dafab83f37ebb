"""An in-memory broker with Kafka's rules: transactions, last stable offset, groups, fencing. For tests and what-if.

It passes the same conformance suite as the Kafka adapter (``tests/contract/broker_conformance.py``).
"""

from shared.streaming.memory.broker import MemoryBroker

__all__ = ["MemoryBroker"]
