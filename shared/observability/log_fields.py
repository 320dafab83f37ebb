"""Which fields a log line may carry. Everything else is dropped, so personal data cannot slip in under a new name.

Add a name here only if its values are codes, ids, numbers or configuration – never something a person wrote.
"""

from __future__ import annotations

ALLOWED_FIELDS = frozenset(
    {
        # the case
        "complaint_id", "ticket_number", "cycle", "assignment_id", "notification_id", "event_id", "event_type",
        "action", "category", "channel", "clock", "department", "medium", "outcome", "result", "reason", "rule_id",
        "template", "provisional", "severity",
        # where on the bus
        "topic", "partition", "partitions", "offset", "group", "transactional_id", "topics",
        # how much, how long, which try
        "attempt", "bytes", "count", "duration_seconds", "lag", "lateness_seconds", "limit", "records",
        "retry_in_seconds", "rows", "seconds", "since", "transactions",
        # errors; made by the exception processor, or given
        "error", "error_at", "error_causes", "error_class", "error_stack", "exit_code",
        # the process and its configuration
        "config_dir", "field", "file", "host", "method", "origin", "path", "pid", "port", "route", "row", "setting",
        "signal", "speed", "state_dir", "status_code", "thread", "version",
        # tracing
        "trace_id",
        # foreign loggers
        "logger", "log_message", "log_template",
    }
)  # fmt: skip

FIXED_FIELDS = frozenset({"time", "level", "event", "service", "instance", "dropped_fields"})
"""What every line has."""

LONGEST_VALUE = 500
"""Longer strings are cut; a value this long was not meant for a log."""
