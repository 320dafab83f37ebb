"""The trace a submission belongs to, when its sender started one (W3C Trace Context)."""

from __future__ import annotations

import re

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)


def is_traceparent(header: str) -> bool:
    """True for a well-formed version 00 header; anything else is ignored, as the standard says."""
    return _TRACEPARENT.fullmatch(header) is not None


def trace_id(traceparent: str) -> str:
    """The 32 hex digits that name the trace."""
    return traceparent[3:35]
