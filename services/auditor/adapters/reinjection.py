"""The auditor's edge: reads its own requests and puts lost submissions on the log again.

At least once: after a crash between writing and committing it writes again, and the router drops the second copy as a
duplicate, for it carries the same id and content. What the router has not come to yet is late, not lost, and left
alone; the next request asks again. What came right while the request waited its turn is left alone, too: after an
outage thousands may wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Final

from services.auditor.adapters.submissions import Submissions
from services.auditor.processor import REINJECTED_BY, AuditProcessor
from shared.crash_points import crash_point
from shared.errors import BrokerUnavailable, InvalidEvent
from shared.events import registry
from shared.events.audit import HoleClosed, HoleKind, ReinjectionRequested
from shared.events.clients import REINJECTION_GROUP
from shared.events.topics import AUDIT_EVENTS, RECEIVED
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.observability.outage import OUTAGE
from shared.streaming.broker import Broker, Offsets
from shared.streaming.cluster_check import ClusterCheck
from shared.streaming.cluster_needs import TopicNeed
from shared.streaming.copartition import owned
from shared.streaming.records import ConsumerRecord, TopicPartition

_LOG = get_logger()
GROUP: Final = REINJECTION_GROUP
NEEDS: Final = (TopicNeed(AUDIT_EVENTS, reads=True), TopicNeed(RECEIVED, reads=True, writes=True))
_RESULTS: Final = ("sent", "waiting", "expired", "unneeded")
_MAX_RECORDS: Final = 1_000
_ANSWERING_SECONDS: Final = 5.0
"""After this long what is left is read again, with what came right meanwhile."""
_POLL_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 1.0


class Reinjection:
    """One member of the group that answers requests. Single-threaded: ``run_once`` again and again."""

    def __init__(
        self, broker: Broker, instance_id: str, per_minute: int, stopping: threading.Event, cluster: ClusterCheck
    ) -> None:
        """``per_minute``: most copies written per minute; ``stopping`` cuts its pauses short."""
        self._cluster = cluster
        self._has_joined = False
        self._consumer = broker.consumer(GROUP, instance_id)
        self._submissions = Submissions(broker)
        self._pause_seconds = 60 / per_minute
        self._stopping = stopping
        self._postponed: Sequence[TopicPartition] = ()
        for result in _RESULTS:  # begin at 0, so that the first one is a rise
            metrics.AUDIT_REINJECTIONS_TOTAL.labels(result)

    def run_once(self) -> None:
        """Answer the next requests; offsets are committed after the work, and rewound when the broker is away."""
        try:
            self._join()
            records = self._consumer.poll(_MAX_RECORDS, _POLL_SECONDS)
            if self._postponed:
                self._consumer.seek(self._take_over())
        except BrokerUnavailable as error:
            self._wait(error)
            return
        if records:
            self._answer_in_turn(records)
        else:
            OUTAGE.well(GROUP)
            self._cluster.watch()

    def _join(self) -> None:
        """BrokerUnavailable: not yet; what is needed there is missing, or nobody answers."""
        if not self._has_joined:
            self._cluster.require()
            self._consumer.subscribe([AUDIT_EVENTS], self._on_assigned, self._on_revoked)
            self._has_joined = True

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()
        self._submissions.close()

    def _answer_in_turn(self, records: Sequence[ConsumerRecord]) -> None:
        requests, unneeded = _sorted_out(records)
        until = time.monotonic() + _ANSWERING_SECONDS
        for record in records:
            if _place(record) in unneeded:
                metrics.AUDIT_REINJECTIONS_TOTAL.labels("unneeded").inc()
            request = requests.get(_place(record))
            if request is None:
                continue
            if time.monotonic() > until:
                self._rewind(records, record)
                return
            try:
                for origin in request.origins:
                    self._reinject(request, origin.partition, origin.offset)
                self._consumer.commit({TopicPartition(record.topic, record.partition): record.offset + 1})
            except BrokerUnavailable as error:
                self._rewind(records, record)
                self._wait(error)
                return
        self._pass_over(records)

    def _pass_over(self, records: Sequence[ConsumerRecord]) -> None:
        """All of them are done with; who comes after need not look at them again."""
        try:
            self._consumer.commit({TopicPartition(each.topic, each.partition): each.offset + 1 for each in records})
            OUTAGE.well(GROUP)
        except BrokerUnavailable as error:
            self._wait(error)

    def _reinject(self, request: ReinjectionRequested, partition: int, offset: int) -> None:
        if self._stopping.is_set():
            raise BrokerUnavailable("stopping; the next owner answers this request")
        result = self._write_again(request.complaint_id.encode(), partition, offset)
        metrics.AUDIT_REINJECTIONS_TOTAL.labels(result).inc()
        _LOG.warning(
            "reinjection", complaint_id=request.complaint_id, partition=partition, offset=offset, result=result
        )

    def _write_again(self, key: bytes, partition: int, offset: int) -> str:
        if not self._submissions.was_passed(partition, offset):
            return "waiting"
        record = self._submissions.read(partition, offset)
        if record is None or record.key != key:
            return "expired"
        crash_point("reinjection.before-copy")
        self._submissions.write_again(record, (REINJECTED_BY, AuditProcessor.name.encode()))
        crash_point("reinjection.after-copy")
        self._stopping.wait(self._pause_seconds)
        return "sent"

    def _rewind(self, records: Sequence[ConsumerRecord], failed: ConsumerRecord) -> None:
        """Everything from the failed record on again, in every partition that is still ours."""
        again: dict[TopicPartition, int] = {}
        for record in records[records.index(failed) :]:
            place = TopicPartition(record.topic, record.partition)
            if place in self._consumer.positions():
                again.setdefault(place, record.offset)
        self._consumer.seek(again)

    def _wait(self, error: Exception) -> None:
        OUTAGE.failing(GROUP, error)
        self._stopping.wait(_RETRY_SECONDS)

    def _on_assigned(self, partitions: Sequence[TopicPartition]) -> Offsets:
        self._postponed = owned(partitions, [AUDIT_EVENTS], self._cluster.partitions)
        try:
            return self._take_over()
        except BrokerUnavailable as error:
            _LOG.warning("takeover_postponed", error=error)
            return {}

    def _take_over(self) -> Offsets:
        """Where to go on. Without offsets nothing would ever be read: so they are asked for until they are known."""
        self._cluster.require()
        offsets = self._consumer.committed(self._postponed)
        self._postponed = ()
        return offsets

    def _on_revoked(self, _partitions: Sequence[TopicPartition]) -> None:
        """Nothing is kept between records."""
        self._postponed = ()


_Place = tuple[int, int]


def _place(record: ConsumerRecord) -> _Place:
    return record.partition, record.offset


def _sorted_out(records: Iterable[ConsumerRecord]) -> tuple[dict[_Place, ReinjectionRequested], set[_Place]]:
    """Requests to be answered, and the places of those whose complaint came right later on."""
    requests: dict[_Place, ReinjectionRequested] = {}
    unneeded: set[_Place] = set()
    by_complaint: dict[str, list[_Place]] = {}
    for record in records:
        event = _decoded(record)
        if isinstance(event, ReinjectionRequested):
            requests[_place(record)] = event
            by_complaint.setdefault(event.complaint_id, []).append(_place(record))
        elif isinstance(event, HoleClosed) and event.kind == HoleKind.UNACCOUNTED:
            unneeded.update(by_complaint.pop(event.complaint_id, []))
    return {place: request for place, request in requests.items() if place not in unneeded}, unneeded


def _decoded(record: ConsumerRecord) -> object:
    try:
        return registry.decode(record.headers, record.value)[1]
    except InvalidEvent as error:
        _LOG.error("record_refused", topic=record.topic, partition=record.partition, reason=error.reason)
        return None
