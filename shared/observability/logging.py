"""Log lines: one JSON object per line on stderr, allow-listed fields only.

``configure_logging`` is called once by each process; it also carries what is logged through the standard library
(``standard_library``). Until then lines are written in the same safe form, with service ``unconfigured``. Exceptions
appear as class and place; the message only when it is one of our own errors, since the message of a foreign exception
may repeat what a person wrote.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

from shared.observability.exceptions import exception_fields
from shared.observability.log_fields import ALLOWED_FIELDS, LONGEST_VALUE
from shared.observability.standard_library import carry_standard_library

EventDict = MutableMapping[str, Any]

Logger = FilteringBoundLogger
"""``logger.info("state_restored", partition=3)``: the first argument is a constant name, the rest are fields."""


def configure_logging(service: str, instance: str = "0", level: str = "INFO", stream: TextIO | None = None) -> None:
    """Write this process's log lines, and warnings of foreign libraries, to ``stream`` (default: stderr)."""
    _configure_structlog(service, instance, level, stream)
    carry_standard_library(get_logger(), level)


def get_logger() -> Logger:
    """A logger; may be made at import time, before ``configure_logging``."""
    return cast(Logger, structlog.get_logger())


def _configure_structlog(service: str, instance: str, level: str, stream: TextIO | None) -> None:
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _describe_exception,
        _keep_allowed_fields,
        structlog.processors.add_log_level,
        _identity(service, instance),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _in_reading_order,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=_LineWriterFactory(stream),
        cache_logger_on_first_use=False,
    )


def _describe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` and an exception given as ``error`` by safe fields."""
    raised = event.pop("exc_info", None)
    error = event.get("error")
    if isinstance(error, BaseException):
        del event["error"]
    else:
        error = raised[1] if isinstance(raised, tuple) else raised if raised is not True else sys.exc_info()[1]
    if isinstance(error, BaseException):
        event.update(exception_fields(error))
    return event


def _keep_allowed_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop what is not on the list and say so."""
    kept: EventDict = {
        name: _plain(value) for name, value in event.items() if name in ALLOWED_FIELDS or name == "event"
    }
    dropped = sorted(name for name in event if name not in kept)
    if dropped:
        kept["dropped_fields"] = dropped
    return kept


def _plain(value: object) -> object:
    """A value JSON can carry; objects are reduced to their class, long texts are cut."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return f"<{type(value).__name__} of {len(value)}>"
    if isinstance(value, str) or _prints_safely(value):
        return str(value)[:LONGEST_VALUE]
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return [_plain(item) for item in value]
    return f"<{type(value).__name__}>"


def _prints_safely(value: object) -> bool:
    """Paths, UUIDs and the like; anything else might print a whole complaint."""
    return type(value).__module__.partition(".")[0] in {"pathlib", "uuid", "decimal"}


def _identity(service: str, instance: str) -> Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        event["instance"] = instance
        return event

    return add


def _in_reading_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    first = {name: event.pop(name) for name in ("time", "level", "event", "service", "instance") if name in event}
    return first | dict(event)


class _LineWriter:
    """Writes whole lines; a closed or full stderr never disturbs the service."""

    _lock = threading.Lock()

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        stream = self._stream or sys.stderr
        try:
            with self._lock:
                stream.write(line + "\n")
                stream.flush()
        except (OSError, ValueError):
            return

    debug = info = warning = error = critical = log = msg


class _LineWriterFactory:
    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def __call__(self, *_args: object) -> _LineWriter:
        return _LineWriter(self._stream)


_configure_structlog("unconfigured", "-", "INFO", None)
