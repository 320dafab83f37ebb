"""The sender: reads requests, gives each to its lane, commits what is done.

At least once, with a stable id (design, The shape): a message is attempted only after its attempt is durable, and a
request's offset is committed only after its outcome is. So after any crash the next owner finds either the outcome,
and skips the request; or an attempt without an end, and sends it again as a possible repeat; or nothing, and sends it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Self

from services.notifier.sending.delivery import OwnedPartition
from services.notifier.sending.desk import Desk
from services.notifier.sending.lanes import Lanes
from services.notifier.sending.ownership import Ownership
from services.notifier.sending.reception import SERVICE, Reception
from services.notifier.sending.throttle import Throttle
from shared.crash_points import crash_point
from shared.errors import BrokerUnavailable
from shared.events import topics
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.observability.outage import OUTAGE
from shared.streaming.broker import Consumer, Offsets
from shared.streaming.cluster_check import ClusterCheck
from shared.streaming.cluster_needs import TopicNeed
from shared.streaming.copartition import owned
from shared.streaming.records import TopicPartition

MAX_POLL = 100
"""Most requests read at a time."""

NEEDS = (
    TopicNeed(topics.NOTIFICATION_REQUESTS, reads=True),
    TopicNeed(topics.NOTIFICATION_EVENTS, reads=True, writes=True),
    TopicNeed(topics.dead_letter_topic("notifier"), writes=True),
)

_LOG = get_logger()
_PART = "sender"
_POLL_SECONDS = 0.1
_COMMIT_SECONDS = 0.2
_BOOKMARK_SECONDS = 5.0


class Sender:
    """Runs in the thread that calls ``run_once`` again and again; the lanes have threads of their own."""

    def __init__(
        self,
        consumer: Consumer,
        ownership: Ownership,
        throttle: Throttle,
        lanes: Lanes,
        reception: Reception,
        desk: Desk,
        drain_seconds: float,
        cluster: ClusterCheck,
    ) -> None:
        """``cluster``: what it needs there; looked at before it joins and at every takeover."""
        self._cluster = cluster
        self._has_joined = False
        self._consumer = consumer
        self._ownership = ownership
        self._throttle = throttle
        self._lanes = lanes
        self._reception = reception
        self._desk = desk
        self._drain_seconds = drain_seconds
        self._assigned: Sequence[TopicPartition] = ()
        self._is_spare = False
        self._paused: set[TopicPartition] = set()
        self._committed_at = self._bookmarked_at = time.monotonic()

    @property
    def is_ready(self) -> bool:
        """True when its partitions are taken over, or there are none for it, and every provider can be reached."""
        return self.problem() is None

    def problem(self) -> str | None:
        """Why it is not ready, in one sentence; None when it is."""
        if self._cluster.problem is not None:
            return f"sender: {self._cluster.problem}"
        for lane in self._lanes:
            if not lane.is_connected:
                return f"{lane.provider} cannot be reached"
        if self._ownership.partitions or self._is_spare:
            return None
        return "the sender's partitions are not taken over yet" if self._assigned else "no partitions assigned yet"

    def start(self) -> Self:
        """Start the lanes; returns itself. The group is joined when the cluster is as needed."""
        for lane in self._lanes:
            lane.start()
        return self

    def run_once(self) -> int:
        """One pass; number of requests read. Raises FatalError, or what a lane failed by, when the process must end."""
        if not self._desk.failures.empty():
            raise self._desk.failures.get()
        if not self._has_joined and not self._join():
            return 0
        records = self._consumer.poll(min(MAX_POLL, self._throttle.room(self._ownership.pending)), _POLL_SECONDS)
        self._ownership.note_read(records)
        for record in records:
            self._reception.accept(record)
        metrics.RECORDS_CONSUMED_TOTAL.labels(SERVICE, topics.NOTIFICATION_REQUESTS).inc(len(records))
        try:
            self._keep_house()
            OUTAGE.well(_PART)
        except BrokerUnavailable as error:  # polling goes on: it is what keeps membership, or finds out it is lost
            OUTAGE.failing(_PART, error)
            self._desk.stopping.wait(_POLL_SECONDS)
        return len(records)

    def close(self) -> None:
        """Finish what is in hand, commit what is done, leave the group. ``stopping`` must be set."""
        deadline = time.monotonic() + self._drain_seconds
        for lane in self._lanes:
            if lane.is_alive():
                lane.join(max(0.0, deadline - time.monotonic()))
        self._desk.writer.resend()
        self._desk.writer.flush(max(1.0, deadline - time.monotonic()))
        self._commit_last(self._ownership.give_up())
        self._consumer.close()
        self._desk.writer.close()

    def _join(self) -> bool:
        """Whether the cluster has what is needed, so that the group was joined."""
        try:
            self._cluster.require()
        except BrokerUnavailable as error:
            _LOG.debug("not_joined_yet", error=error)
            self._desk.stopping.wait(_POLL_SECONDS)
            return False
        self._consumer.subscribe([topics.NOTIFICATION_REQUESTS], self._on_assigned, self._on_revoked)
        self._has_joined = True
        return True

    # -- one pass ------------------------------------------------------------------------------------------------

    def _keep_house(self) -> None:
        if self._assigned and not self._ownership.partitions:
            self._consumer.seek(self._take_over())
        self._desk.writer.resend()
        self._collect_finished()
        self._keep_lease()
        self._commit_progress()
        self._pause_and_resume()
        self._cluster.watch()
        if time.monotonic() - self._bookmarked_at >= _BOOKMARK_SECONDS:
            self._bookmarked_at = time.monotonic()
            self._ownership.bookmark()

    def _collect_finished(self) -> None:
        for _ in range(self._desk.finished.qsize()):
            self._ownership.finish(self._desk.finished.get())

    def _keep_lease(self) -> None:
        """After a silence, prove membership first: a commit of what is committed already is refused to strangers."""
        if not self._desk.lease.is_fresh() and self._ownership.partitions:
            self._consumer.commit(self._ownership.committed())
        self._desk.lease.renew()

    def _commit_progress(self) -> None:
        if time.monotonic() - self._committed_at < _COMMIT_SECONDS:
            return
        offsets = self._ownership.committable(self._consumer.positions())
        if offsets:
            self._consumer.commit(offsets)
            self._ownership.mark_committed(offsets)
            crash_point("sender.after-commit")
        self._committed_at = time.monotonic()

    def _pause_and_resume(self) -> None:
        wanted = self._throttle.paused(self._ownership.pending, self._ownership.spans())
        if wanted - self._paused:
            self._consumer.pause(sorted(wanted - self._paused))
        if self._paused - wanted:
            self._consumer.resume(sorted(self._paused - wanted))
        self._paused = wanted

    # -- partitions come and go ----------------------------------------------------------------------------------

    def _on_assigned(self, partitions: Sequence[TopicPartition]) -> Offsets:
        self._assigned = owned(partitions, [topics.NOTIFICATION_REQUESTS], self._cluster.partitions)
        self._is_spare = not self._assigned
        metrics.REBALANCES_TOTAL.labels(SERVICE).inc()
        try:
            return self._take_over()
        except BrokerUnavailable as error:
            _LOG.warning("takeover_postponed", error=error)
            return {}

    def _take_over(self) -> Offsets:
        started = time.monotonic()
        self._cluster.require()
        offsets = self._ownership.take_over(self._assigned)
        self._paused = set()
        metrics.ASSIGNED_PARTITIONS.labels(SERVICE).set(len(offsets))
        _LOG.info("partitions_taken_over", partitions=len(offsets), seconds=round(time.monotonic() - started, 3))
        return offsets

    def _on_revoked(self, _partitions: Sequence[TopicPartition]) -> None:
        """Stop working on what was owned (rebalances are eager: all of it), and commit what is done."""
        self._assigned, self._is_spare = (), False
        lost = self._ownership.give_up()
        deadline = time.monotonic() + self._drain_seconds
        for lane in self._lanes:
            lane.schedule.drop(lost, max(0.0, deadline - time.monotonic()))
        self._desk.writer.flush(max(0.5, deadline - time.monotonic()))
        self._commit_last(lost)
        self._paused = set()
        metrics.ASSIGNED_PARTITIONS.labels(SERVICE).set(0)

    def _commit_last(self, lost: Iterable[OwnedPartition]) -> None:
        self._collect_finished()
        offsets = self._ownership.committable(self._consumer.positions(), lost)
        if not offsets:
            return
        try:
            self._consumer.commit(offsets)
        except BrokerUnavailable as error:  # the next owner finds the outcomes and skips them
            _LOG.warning("last_commit_refused", error=error)
