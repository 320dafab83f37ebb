"""Every log call of the project names its event with a constant and uses fields that are on the allow list.

A field that is not would be dropped at run time, silently for whoever needs it; a computed event name could hold
anything.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.observability.log_fields import ALLOWED_FIELDS

REPOSITORY = Path(__file__).parents[3]
LOGGERS = {"_log", "_LOG", "log", "LOG", "logger", "_logger"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
NOT_FIELDS = {"exc_info", "extra", "stack_info"}


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    """Where, and the call."""
    for package in ("services", "shared"):
        for file in sorted((REPOSITORY / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _is_log_call(node.func):
                    yield f"{file.relative_to(REPOSITORY)}:{node.lineno}", node


def _is_log_call(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute) or function.attr not in LEVELS:
        return False
    owner = function.value
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else None
    return name in LOGGERS


def fields_of(call: ast.Call) -> set[str]:
    """Field names given as keywords or in ``extra={…}``."""
    names = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    for keyword in call.keywords:
        if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
            names |= {str(key.value) for key in keyword.value.keys if isinstance(key, ast.Constant)}
    return names - NOT_FIELDS


CALLS = list(log_calls())


def _is_constant(event: ast.expr) -> bool:
    """A text, or a text plus a code of ours (``"complaint_" + result``)."""
    if isinstance(event, ast.BinOp) and isinstance(event.op, ast.Add):
        return _is_constant(event.left)
    return isinstance(event, ast.Constant) and isinstance(event.value, str)


@pytest.mark.parametrize(("place", "call"), CALLS, ids=[place for place, _ in CALLS])
def test_an_event_has_a_constant_name(place: str, call: ast.Call) -> None:
    assert call.args, place
    assert _is_constant(call.args[0]), f"{place}: the event's name must be a constant; give the rest as fields"
    assert len(call.args) == 1, f"{place}: positional arguments are dropped; give them as fields"


@pytest.mark.parametrize(("place", "call"), CALLS, ids=[place for place, _ in CALLS])
def test_a_log_call_uses_allowed_fields(place: str, call: ast.Call) -> None:
    unknown = fields_of(call) - ALLOWED_FIELDS
    assert not unknown, f"{place}: {sorted(unknown)} would be dropped; use an allowed name or add one to log_fields"
