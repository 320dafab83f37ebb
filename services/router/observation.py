"""What the router counts, from committed batches only: a transaction that never happened is not in the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from services.router.domain.case import Case
from services.router.domain.refusals import Reason
from shared.clock import Clock
from shared.events.complaint import Channel
from shared.events.decisions import Role
from shared.events.departments import AssignmentDispatched
from shared.events.lifecycle import ComplaintDispatched, DuplicateDropped
from shared.observability import metrics
from shared.processing import Emit
from shared.streaming.batch import Batch
from shared.streaming.census import Census

_KNOWN_CHANNELS = frozenset(Channel)
_DELIVERY_REPEATS = frozenset({Reason.DUPLICATE_UPDATE, Reason.DUPLICATE_MESSAGE})


def observer(clock: Clock, speed: float) -> Callable[[Batch[Case]], None]:
    """Counts one committed batch. ``speed`` of the clock, so that seconds are the machine's."""

    def observe(batch: Batch[Case]) -> None:
        _count_decisions(batch.emits)
        _count_repeats(batch)
        _time_journeys(batch.emits, clock, speed)

    return observe


def publish_open_cases(census: Census) -> None:
    """Open cases of the partitions this process has, and the oldest of each lead department."""
    oldest: dict[tuple[str, ...], float] = {}
    for (department, *_), group in census.items():
        received_at = group.earliest_at.timestamp()
        oldest[department,] = min(received_at, oldest.get((department,), received_at))
    metrics.replace_series(metrics.OPEN_COMPLAINTS, {labels: group.size for labels, group in census.items()})
    metrics.replace_series(metrics.OLDEST_OPEN_COMPLAINT_TIMESTAMP_SECONDS, oldest)


def _count_decisions(emits: Iterable[Emit]) -> None:
    decisions = Counter(
        (task.assignment.department, task.classification.category, cause)
        for task, cause in _tasks(emits)
        if task.assignment.role == Role.LEAD
    )
    for labels, count in decisions.items():
        metrics.ROUTE_DECISIONS_TOTAL.labels(*labels).inc(count)


def _count_repeats(batch: Batch[Case]) -> None:
    submissions = sum(isinstance(emit.event, DuplicateDropped) for emit in batch.emits)
    deliveries = sum(reason in _DELIVERY_REPEATS for _topic, reason in batch.refusals)
    for kind, count in (("submission", submissions), ("delivery", deliveries)):
        if count:
            metrics.DUPLICATES_TOTAL.labels(kind).inc(count)


def _time_journeys(emits: Iterable[Emit], clock: Clock, speed: float) -> None:
    now = clock.now()
    for task, cause in _tasks(emits):
        if cause == "initial":
            complaint = task.complaint
            channel = complaint.channel if complaint.channel in _KNOWN_CHANNELS else "other"
            seconds = (now - complaint.ingested_at).total_seconds() / speed
            metrics.END_TO_END_SECONDS.labels(channel).observe(max(0.0, seconds))


def _tasks(emits: Iterable[Emit]) -> Iterator[tuple[AssignmentDispatched, str]]:
    """Every task handed over, with the cause its dispatch was logged under just before."""
    cause = ""
    for emit in emits:
        if isinstance(emit.event, ComplaintDispatched):
            cause = emit.event.cause
        elif isinstance(emit.event, AssignmentDispatched):
            yield emit.event, cause
