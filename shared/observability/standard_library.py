"""Carries what is logged through Python's ``logging`` into our log lines.

Our own modules: the message is the event and ``extra={…}`` are the fields. Foreign libraries: warnings only, and only
where they were raised and the message template, since the values they fill in may be personal data. The Kafka clients
speak of brokers, groups and partitions alone, so theirs are written out.
"""

from __future__ import annotations

import logging

from structlog.typing import FilteringBoundLogger

OWN_PACKAGES = ("services", "shared", "deploy")

HARMLESS_LIBRARIES = ("kafka", "librdkafka")
"""Their messages never repeat the content of a record."""

_STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def carry_standard_library(logger: FilteringBoundLogger, level: str) -> None:
    """Send the root logger's records to ``logger``: our packages from ``level`` on, all others from WARNING on."""
    root = logging.getLogger()
    root.handlers = [_Carrier(logger)]
    root.setLevel(logging.WARNING)
    for package in OWN_PACKAGES:
        logging.getLogger(package).setLevel(level)


class _Carrier(logging.Handler):
    def __init__(self, logger: FilteringBoundLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in OWN_PACKAGES:
            self._logger.log(record.levelno, str(record.msg), **_fields(record))
        else:
            self._logger.log(record.levelno, "foreign_log", **_foreign_fields(record))


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """What was given as ``extra``; positional arguments are not fields and are dropped by the allow list."""
    fields = {name: value for name, value in vars(record).items() if name not in _STANDARD_ATTRIBUTES}
    if record.args:
        fields["args"] = record.args
    if record.exc_info:
        fields["exc_info"] = record.exc_info
    return fields


def _foreign_fields(record: logging.LogRecord) -> dict[str, object]:
    fields: dict[str, object] = {"logger": record.name, "origin": f"{record.module}:{record.lineno}"}
    if record.name.partition(".")[0] in HARMLESS_LIBRARIES:
        fields["log_message"] = record.getMessage()
    elif record.args:
        fields["log_template"] = str(record.msg)  # without arguments the text may already hold values
    if record.exc_info:
        fields["exc_info"] = record.exc_info
    return fields
