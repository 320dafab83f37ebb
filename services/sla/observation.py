"""What the SLA service makes known: how far its calendars reach, what became of deadlines, which are at risk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.state import ComplaintClocks
from services.sla.processor import NO_DEPARTMENT
from shared.events.sla import ClockArmed, ClockEvent
from shared.observability import metrics
from shared.streaming.batch import Batch
from shared.streaming.census import Census


def publish_horizon(calendars: Iterable[BusinessCalendar]) -> None:
    """Publish until when holidays are announced in every calendar in use; deadlines beyond are provisional."""
    ends = [end for calendar in calendars if (end := calendar.known_until_end) is not None]
    if ends:
        metrics.CALENDAR_LOADED_UNTIL_TIMESTAMP_SECONDS.set(min(ends) / 1_000_000)


def count_deadlines(batch: Batch[ComplaintClocks]) -> None:
    """Count what became of deadlines, by lead department and clock."""
    results = Counter(
        (event.department or NO_DEPARTMENT, event.clock, event.event_type.split(".")[1])
        for emit in batch.emits
        if isinstance(event := emit.event, ClockEvent) and not isinstance(event, ClockArmed)
    )
    for (department, clock, result), count in results.items():
        metrics.SLA_DEADLINES_TOTAL.labels(department, clock, result).inc(count)


def publish_clocks_at_risk(census: Census) -> None:
    """Clocks at risk of the partitions this process has; a complaint may have several."""
    at_risk: Counter[tuple[str, ...]] = Counter()
    for (department, *clocks), group in census.items():
        at_risk.update({(department, clock): group.size for clock in clocks})
    metrics.replace_series(metrics.SLA_AT_RISK, at_risk)
