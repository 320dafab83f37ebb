"""An exception as log fields that cannot hold personal data: classes and places, and our own messages."""

from __future__ import annotations

import traceback
from types import TracebackType

from shared.errors import ComplaintBusError

DEEPEST_STACK = 12
DEEPEST_CHAIN = 5


def exception_fields(error: BaseException) -> dict[str, object]:
    """``error_class``; ``error`` if the message is ours; ``error_causes``; for foreign errors ``error_stack``."""
    fields: dict[str, object] = {"error_class": type(error).__name__}
    if isinstance(error, ComplaintBusError):
        fields["error"] = str(error)
    causes = _causes(error)
    if causes:
        fields["error_causes"] = causes
    places = places_of(error.__traceback__)
    if places:
        fields["error_at"] = places[-1]
    if places and not isinstance(error, ComplaintBusError):
        fields["error_stack"] = places
    return fields


def _causes(error: BaseException) -> list[str]:
    """Classes of what led to it, nearest first."""
    found: list[str] = []
    current: BaseException | None = error
    while current is not None and len(found) < DEEPEST_CHAIN:
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if current is not None:
            found.append(type(current).__name__)
    return found


def places_of(trace: TracebackType | None) -> list[str]:
    """``file:line function`` per frame, outermost first; no source text, no values."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(trace), lookup_lines=False)
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames[-DEEPEST_STACK:]]


def _short(filename: str) -> str:
    return "/".join(filename.split("/")[-3:])
