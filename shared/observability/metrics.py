"""Every metric of the bus, declared once. ``docs/metrics.md`` is generated from here (see ``document``).

A constant is named like its metric, in capitals and without the prefix. Names follow Prometheus practice: prefix
``complaintbus_``, base units, ``_total`` on counters, instants as ``_timestamp_seconds``. Label values are bounded:
codes from configuration or from the code, never an id, a name or a text somebody wrote. ``REGISTRY`` belongs to this
process; ``health.HealthServer`` serves it at ``/metrics``.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from shared.events.complaint import Channel
from shared.observability.declaration import Declarations

disable_created_metrics()  # type: ignore[no-untyped-call]  # one extra series per counter that no dashboard uses

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_of_the_bus = Declarations("complaintbus_", REGISTRY)
_counter, _gauge, _histogram = _of_the_bus.counter, _of_the_bus.gauge, _of_the_bus.histogram

_REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_STAGE_BUCKETS = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1, 1.0)
_JOURNEY_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)

# ---- intake -----------------------------------------------------------------------------------------------------
INTAKE_COMPLAINTS_TOTAL = _counter(
    "intake_complaints_total",
    "Submissions at the door. result: accepted (202, durable), repeated (same id again), rejected (invalid or "
    "refused), unavailable (Kafka did not confirm in time).",
    ("channel", "result"),
)
INTAKE_MESSAGES_TOTAL = _counter(
    "intake_messages_total",
    "Later messages of complainants at the door. kind: supplements, withdrawals, urges, survey-answers; result as for "
    "complaints.",
    ("kind", "result"),
)
INTAKE_IN_FLIGHT_RECORDS = _gauge(
    "intake_in_flight_records", "Submissions that wait for Kafka's acknowledgement now; at the limit they are shed."
)
INTAKE_REQUEST_DURATION_SECONDS = _histogram(
    "intake_request_duration_seconds",
    "Time from the request to its answer; for an accepted complaint this includes Kafka's acknowledgement.",
    buckets=_REQUEST_BUCKETS,
)

# ---- the journey of a complaint ---------------------------------------------------------------------------------
STAGE_DURATION_SECONDS = _histogram(
    "stage_duration_seconds",
    "Time one pass of the loop spends in one stage: reduce (all records read), fire (timers), write (transaction).",
    ("stage",),
    buckets=_STAGE_BUCKETS,
)
END_TO_END_SECONDS = _histogram(
    "end_to_end_seconds",
    "From taken in to written into the department's queue, by the machine's clock. SLO: 99 % under 30 s.",
    ("channel",),
    buckets=_JOURNEY_BUCKETS,
)
ROUTE_DECISIONS_TOTAL = _counter(
    "route_decisions_total",
    "Routing decisions by lead department and category. outcome: initial, returned, reopened.",
    ("department", "category", "outcome"),
)
OPEN_COMPLAINTS = _gauge(
    "open_complaints",
    "Cases nobody resolved yet, by lead department and priority (0 = drop everything … 3), over the assigned "
    "partitions. state: dispatched, accepted, contacted, on_hold, resolved (the lead is done, a co-handler is not).",
    ("department", "priority", "state"),
)
OLDEST_OPEN_COMPLAINT_TIMESTAMP_SECONDS = _gauge(
    "oldest_open_complaint_timestamp_seconds",
    "When the oldest of them was received, in the service's clock; absent where none is open.",
    ("department",),
)
DUPLICATES_TOTAL = _counter(
    "duplicates_total",
    "Repeats that were recognised and dropped. kind: submission (same complaint again), delivery (same record again).",
    ("kind",),
)

# ---- the engine -------------------------------------------------------------------------------------------------
RECORDS_CONSUMED_TOTAL = _counter("records_consumed_total", "Records read and handled.", ("service", "topic"))
EVENTS_EMITTED_TOTAL = _counter("events_emitted_total", "Events written, by event type.", ("service", "type"))
TRANSACTIONS_TOTAL = _counter(
    "transactions_total",
    "Kafka transactions. result: committed, doubtful.",
    ("service", "result"),
)
TRANSACTION_DURATION_SECONDS = _histogram(
    "transaction_duration_seconds",
    "Time from begin to commit of one Kafka transaction.",
    ("service",),
    buckets=_REQUEST_BUCKETS,
)
TRANSACTION_DOUBTS_TOTAL = _counter(
    "transaction_doubts_total",
    "Transactions whose outcome was in doubt: the producer was replaced and the work done again. Not an error by "
    "itself; a steady rate means a slow or failing broker.",
    ("service", "reason"),
)
DEAD_LETTERS_TOTAL = _counter(
    "dead_letters_total",
    "Records put aside because they cannot be handled, by input topic and reason. Look at them with 'cbus dlq'.",
    ("service", "topic", "reason"),
)
REBALANCES_TOTAL = _counter("rebalances_total", "Times partitions were assigned to this process.", ("service",))
ASSIGNED_PARTITIONS = _gauge("assigned_partitions", "Partitions this process works on.", ("service",))
CONSUMER_LAG_RECORDS = _gauge(
    "consumer_lag_records",
    "Committed records not yet handled, per assigned partition.",
    ("service", "topic", "partition"),
)
CONSUMER_LAG_SECONDS = _gauge(
    "consumer_lag_seconds",
    "At most how long the oldest record not yet handled has waited, per assigned partition; 0 when all are handled. "
    "Absent after a start until the first record is handled.",
    ("service", "topic", "partition"),
)
CLUSTER_PROBLEMS = _gauge(
    "cluster_problems",
    "Topics or rights this service needs and the cluster does not have, as last looked; not 0: it does not work, or "
    "soon will not. The log and /ready name each with what mends it.",
    ("service",),
)
SURPLUS_PARTITIONS = _gauge(
    "surplus_partitions",
    "Partitions of a topic beyond those the bus reckons with. Nobody of ours reads or writes them; absent where there "
    "are none.",
    ("topic",),
)
SURPLUS_PARTITION_RECORDS = _gauge(
    "surplus_partition_records",
    "Offsets in surplus partitions: records of other writers that nobody reads.",
    ("topic",),
)
STAMPED_BY_WRITERS = _gauge(
    "stamped_by_writers",
    "Not 0 where records others write carry their own clock's time, by which the broker deletes them; mend it with "
    "message.timestamp.type=LogAppendTime. Absent where all is well.",
    ("topic",),
)
OLD_STAMPS_TOTAL = _counter(
    "old_stamps_total",
    "Records others wrote with a timestamp so old that the broker may delete them at any moment: seconds where "
    "milliseconds belong, or a wrong clock.",
    ("service", "topic"),
)
RECORDS_GONE_TOTAL = _counter(
    "records_gone_total",
    "Offsets of an input that were gone from the log when their turn came, and were passed over. The department's "
    "dead letters (reason gone_unread) and 'cbus audit' name the place.",
    ("service", "topic"),
)
STATE_ROWS = _gauge("state_rows", "Rows of local state over the assigned partitions.", ("service",))
STATE_RESTORE_SECONDS = _histogram(
    "state_restore_seconds",
    "Time to bring one partition's state up to its changelog's end on assignment.",
    ("service",),
    buckets=_JOURNEY_BUCKETS,
)

# ---- the clocks -------------------------------------------------------------------------------------------------
SLA_DEADLINES_TOTAL = _counter(
    "sla_deadlines_total",
    "What became of deadlines, by lead department and clock. result: warned, met, breached, cancelled, corrected.",
    ("department", "clock", "result"),
)
SLA_AT_RISK = _gauge(
    "sla_at_risk",
    "Clocks that were warned of and still run, by lead department, over the assigned partitions; not those on hold.",
    ("department", "clock"),
)
TIMER_LATENESS_SECONDS = _histogram(
    "timer_lateness_seconds",
    "How long after its instant a timer fired, in the service's clock: warnings and breaches of the SLA service, "
    "postponed messages of the composer, holes of the auditor, and what any of them forgets.",
    ("service",),
    buckets=_JOURNEY_BUCKETS,
)
TIMER_FAILURES_TOTAL = _counter(
    "timer_failures_total",
    "Timers whose handling raised an error, a defect: each stays due and is tried again after a restart.",
    ("service",),
)
CALENDAR_LOADED_UNTIL_TIMESTAMP_SECONDS = _gauge(
    "calendar_loaded_until_timestamp_seconds",
    "Last instant the business calendar covers with announced holidays; later deadlines are provisional.",
)

# ---- notifications ----------------------------------------------------------------------------------------------
NOTIFICATIONS_TOTAL = _counter(
    "notifications_total",
    "What came of messages. result: sent, failed, skipped, withheld, retried.",
    ("medium", "template", "result"),
)
NOTIFICATION_DELIVERY_SECONDS = _histogram(
    "notification_delivery_seconds",
    "Time of one attempt to hand a message to its provider.",
    buckets=_REQUEST_BUCKETS,
)

# ---- the audit --------------------------------------------------------------------------------------------------
AUDIT_LEDGER_TOTAL = _counter(
    "audit_ledger_total",
    "The auditor's ledger. entry: received, reinjected, registered, duplicate, refused, dead_lettered, dispatched, "
    "decided_tasks, queued_tasks, dispatched_cycles, clocked_cycles, ended, told. Balanced: received = registered + "
    "duplicate + refused + dead_lettered (up to reinjected more), and what follows in pairs is equal.",
    ("entry",),
)
AUDIT_HOLES = _gauge(
    "audit_holes",
    "Complaints with an open hole, by kind: unaccounted, phantom, undispatched, unclocked, unnotified, log_gap, "
    "repeated. Not 0 is an alert.",
    ("kind",),
)
AUDIT_HOLES_FOUND_TOTAL = _counter("audit_holes_found_total", "Holes found, by kind.", ("kind",))
AUDIT_REINJECTIONS_TOTAL = _counter(
    "audit_reinjections_total",
    "Requests to put lost submissions on the log again. result: sent, waiting (the router has not come to it yet), "
    "expired (no longer on the log), unneeded (it came right meanwhile).",
    ("result",),
)

# ---- consumer groups, under the names of kafka_exporter ---------------------------------------------------------
_of_kafka = Declarations("kafka_", REGISTRY)

CONSUMERGROUP_LAG = _of_kafka.gauge(
    "consumergroup_lag",
    "Offsets between what the group has committed and the end of the partition; markers of transactions count. All of "
    "a partition in which it has committed nothing, though elsewhere in the topic.",
    ("consumergroup", "topic", "partition"),
)
CONSUMERGROUP_CURRENT_OFFSET = _of_kafka.gauge(
    "consumergroup_current_offset",
    "Next offset the group will read, as committed.",
    ("consumergroup", "topic", "partition"),
)
CONSUMERGROUP_MEMBERS = _of_kafka.gauge(
    "consumergroup_members", "Members of the group. 0: nobody works on it.", ("consumergroup",)
)
TOPIC_PARTITION_CURRENT_OFFSET = _of_kafka.gauge(
    "topic_partition_current_offset", "Where the partition ends, for those a group has read.", ("topic", "partition")
)
TOPIC_PARTITION_OLDEST_OFFSET = _of_kafka.gauge(
    "topic_partition_oldest_offset", "The first offset that is still kept there.", ("topic", "partition")
)

# ---- the process ------------------------------------------------------------------------------------------------
BUILD_INFO = _gauge("build_info", "Always 1; the labels say what runs.", ("service", "version", "python"))

DECLARED = (*_of_the_bus.all, *_of_kafka.all)
"""Every metric that is served. The second prefix is not ours, so that public dashboards find what they know."""

_KNOWN_CHANNELS = frozenset(channel.value for channel in Channel)


def channel_label(channel: str) -> str:
    """``channel`` as a label value: unknown ones become ``other``, so a sender cannot create series."""
    return channel if channel in _KNOWN_CHANNELS else "other"


def replace_series(gauge: Gauge, values: Mapping[tuple[str, ...], float]) -> None:
    """Give ``gauge`` these values by label values, and no others; a scrape meanwhile misses none that stay."""
    before = {tuple(sample.labels.values()) for family in gauge.collect() for sample in family.samples}
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
    for labels in before - values.keys():
        gauge.remove(*labels)


def set_build_info(service: str) -> None:
    """Publish what runs here."""
    BUILD_INFO.labels(service=service, version=product_version(), python=platform.python_version()).set(1)


@cache
def product_version() -> str:
    """Version of the installed distribution; ``unknown`` in a bare checkout. Read from the disk once."""
    try:
        return metadata.version("complaint-bus")
    except metadata.PackageNotFoundError:
        return "unknown"
