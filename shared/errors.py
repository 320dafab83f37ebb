"""Errors as instructions to whoever catches them.

::

    ComplaintBusError
    ├── ConfigurationError    refuse to start; the message names file, path and reason
    ├── InvalidEvent          this record can never be handled: dead letter, never retry
    ├── TransactionDoubt      outcome of a transaction unknown: new producer, rewind, reload state
    ├── BrokerUnavailable     nothing was decided: back off and try again
    │   └── ClusterNotReady       a topic or a right is not there (yet); asked again for a while
    └── FatalError            stop this process and let the supervisor restart it
        ├── MemberFenced          the group knows somebody else by our instance id
        ├── ProducerFenced        another process runs under our transactional id
        ├── DeadLetterLimit       too many records fail: the deploy is bad, not the data
        ├── LostProgress          the broker no longer knows how far we were; somebody must decide
        ├── OffsetGone            what was to be read next is not on the log any more
        ├── ClusterMismatch       the cluster is not as needed, and no restart mends it; exit code 78
        └── UnsafeCluster         the cluster acknowledges what one broker's death would lose

A domain "no" (a refused transition, a duplicate) is a value with a reason, not an error.
"""

from __future__ import annotations


class ComplaintBusError(Exception):
    """Base of every error raised on purpose."""


class ConfigurationError(ComplaintBusError):
    """A setting or configuration file is wrong or unsafe; the process refuses to start."""


class InvalidEvent(ComplaintBusError):
    """A record that cannot be decoded or handled, now or later. ``reason`` is a bounded code for metrics."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class TransactionDoubt(ComplaintBusError):
    """A transaction's outcome is unknown or it failed; only a new producer may carry on (engine rule 2)."""


class BrokerUnavailable(ComplaintBusError):
    """The broker did not answer in time; nothing was decided, so the same call may be made again."""


class ClusterNotReady(BrokerUnavailable):
    """A topic or a right that is needed is not there yet; soon it is ClusterMismatch, if nobody mends it."""


class FatalError(ComplaintBusError):
    """The process must stop; a supervisor restarts it from committed offsets."""

    exit_code = 1


class OffsetGone(FatalError):
    """What was to be read next from ``topic`` is not on the log any more."""

    def __init__(self, topic: str, partition: int, message: str) -> None:
        super().__init__(message)
        self.topic = topic
        self.partition = partition


class ClusterMismatch(FatalError):
    """The cluster is not as this service needs it; every topic is named with what is expected, found and to be done."""

    exit_code = 78
    """EX_CONFIG of sysexits.h: no restart mends it, a person does."""


class ProducerFenced(FatalError):
    """A newer process took over this transactional id; the older one exits at once and commits nothing."""


class MemberFenced(FatalError):
    """The group knows another member by our instance id; the client that hears it can never read again."""


class DeadLetterLimit(FatalError):
    """More records were refused than the configured share; stopping beats draining the topic into dead letters."""


class UnsafeCluster(FatalError):
    """The cluster may acknowledge what only one broker holds; nothing is read or written until that is mended."""


class LostProgress(FatalError):
    """Offsets or a changelog the state depends on are gone; going on would lose records or count them twice."""
