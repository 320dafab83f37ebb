"""The tables of ``docs/departments.md``, made from what the router judges by; the text around them is by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from services.router.domain.refusals import EXPLANATIONS, Reason
from services.router.domain.transitions import REQUIREMENTS, TRANSITIONS, Effect
from shared.events.departments import Action
from shared.events.document import DEAD_LETTER_HEADERS
from shared.events.unreadable import UNREADABLE

PAGE = Path(__file__).parents[2] / "docs" / "departments.md"

ALSO_NEEDED: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.REASON_REQUIRED: "`reason`, a code",
        Reason.RESOLUTION_REQUIRED: "of the lead: `resolution`",
        Reason.RESOLUTION_BLANK: "each part of it says something",
        Reason.ALREADY_ON_HOLD: "the part is not on hold",
        Reason.NOT_ON_HOLD: "the part is on hold",
        Reason.NOT_LEAD: "the department leads",
        Reason.NOT_RESOLVED: "the case is resolved",
    }
)
"""What an action needs besides, by the reason with which it is refused without it."""

OF_CONSUMERS: Final = frozenset(
    {
        Reason.KEY_REUSED,
        Reason.DUPLICATE_MESSAGE,
        Reason.STALE_CYCLE,
        Reason.FUTURE_CYCLE,
        Reason.ALREADY_ANSWERED,
    }
)
"""Reasons no department ever gets."""


def documents() -> dict[Path, str]:
    """The page with its tables as they should be."""
    text = PAGE.read_text(encoding="utf-8")
    for name, table in _TABLES.items():
        head, found, rest = text.partition(f"<!-- {name}: made by make docs -->\n")
        _, end, tail = rest.partition(f"<!-- end of {name} -->")
        if not found or not end:
            raise ValueError(f"{PAGE}: the marks of the table {name!r} are missing")
        text = f"{head}{found}\n{table()}\n\n{end}{tail}"
    return {PAGE: text}


def action_row(action: Action) -> str:
    """When it is taken, what it needs besides, and what is said otherwise."""
    verdicts = {status: row[action] for status, row in TRANSITIONS.items()}
    allowed = [status.value for status, verdict in verdicts.items() if isinstance(verdict, Effect)]
    needs = [reason for _, reason in REQUIREMENTS.get(action, ())]
    codes = dict.fromkeys([*(verdict for verdict in verdicts.values() if isinstance(verdict, Reason)), *needs])
    also = "; ".join(ALSO_NEEDED.get(reason, f"not `{reason}`") for reason in needs) or "–"
    return f"| `{action}` | {', '.join(allowed)} | {also} | {', '.join(f'`{code}`' for code in codes) or '–'} |"


def _actions() -> str:
    head = ["| `action` | taken while the part is | needs besides | else refused as |", "|---|---|---|---|"]
    return "\n".join([*head, *map(action_row, Action)])


def _reasons() -> str:
    rows = (f"| `{reason}` | {' | '.join(EXPLANATIONS[reason])} |" for reason in Reason if reason not in OF_CONSUMERS)
    unread = (f"| `{reason}` | {text.en} | {text.zh} |" for reason, text in UNREADABLE.items())
    return "\n".join(["| `dlq_reason` | what is wrong, what to do | 说明 |", "|---|---|---|", *unread, *rows])


def _dead_letter_headers() -> str:
    rows = (f"| `{name}` | {text} |" for name, text in DEAD_LETTER_HEADERS.items())
    return "\n".join(["| header | says |", "|---|---|", *rows])


_TABLES: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {"actions": _actions, "reasons": _reasons, "dead-letter-headers": _dead_letter_headers}
)
