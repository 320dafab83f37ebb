"""The demo's figures at one instant, from three independent sources: the senders, the bus, the services' metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.cli.demo.audit import DemoAudit
from services.cli.demo.feed import CountedRejection
from services.cli.demo.ledger import LedgerFigures
from services.cli.demo.percentiles import in_milliseconds

SHOWN_REFUSALS = 5
_CLOCK_RESULTS = ("armed", "warned", "breached", "met", "cancelled", "corrected", "escalated")
_NOTIFICATION_RESULTS = ("sent", "failed", "skipped")


@dataclass(frozen=True, slots=True)
class SenderFigures:
    """What the senders saw."""

    sent: int
    accepted: int
    rejected: int
    unconfirmed: int
    accept_seconds: tuple[float, ...]
    refusals: tuple[CountedRejection, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoFigures:
    """Everything the table and the summary show. ``lag`` is None where a service does not say."""

    elapsed_seconds: float
    demo_now: datetime
    senders: SenderFigures
    bus: LedgerFigures
    end_to_end_seconds: tuple[float, ...]
    lag: Mapping[str, float | None]
    restarts: int
    ticket: str | None = None
    """One to trace: of the first case that was answered, until then of the first that was accepted."""

    @property
    def clocks(self) -> dict[str, int]:
        """Clock events by result."""
        return {result: self.bus.types[f"sla.{result}.v1"] for result in _CLOCK_RESULTS}

    @property
    def notifications(self) -> dict[str, int]:
        """Messages by result."""
        return {result: self.bus.types[f"notification.{result}.v1"] for result in _NOTIFICATION_RESULTS}

    @property
    def latency_ms(self) -> dict[str, dict[str, float | None]]:
        """202 (first request to answer), and end to end (first request to visible in a department's queue)."""
        return {
            "accept": in_milliseconds(self.senders.accept_seconds),
            "end_to_end": in_milliseconds(self.end_to_end_seconds),
        }


def summary_of(
    figures: DemoFigures,
    *,
    lost: int | None,
    audit: DemoAudit | None,
    speed: float,
    rate: float,
    backend: str,
    stopped_by: str,
) -> dict[str, Any]:
    """The summary, as written to ``--summary``. ``lost`` and ``audit`` are None where it was not waited for them."""
    bus, senders = figures.bus, figures.senders
    return {
        "sent": senders.sent,
        "accepted": senders.accepted,
        "rejected": senders.rejected,
        "refusals": [asdict(refusal) for refusal in senders.refusals[:SHOWN_REFUSALS]],
        "unconfirmed": senders.unconfirmed,
        "received": bus.received,
        "registered": bus.registered,
        "dispatched": sum(bus.dispatched_to.values()),
        "per_department": dict(sorted(bus.dispatched_to.items())),
        "resolved": bus.resolved,
        "open": bus.open,
        "ticket": figures.ticket,
        "clocks": figures.clocks,
        "notifications": figures.notifications,
        "dead_letters": sum(bus.dead_letters.values()),
        "dead_letter_reasons": dict(bus.dead_letters),
        "lost": lost,
        "duplicated": len(bus.duplicated),
        "audit": None if audit is None else audit._asdict(),
        "latency_ms": figures.latency_ms,
        "seconds": round(figures.elapsed_seconds, 1),
        "speed": speed,
        "rate": rate,
        "backend": backend,
        "restarts": figures.restarts,
        "stopped_by": stopped_by,
    }


def one_line(figures: DemoFigures) -> str:
    """The figures on one line, where there is no terminal to draw a table on."""
    bus, clocks = figures.bus, figures.clocks
    end_to_end = figures.latency_ms["end_to_end"]
    refused = f"refused {figures.senders.rejected}  " if figures.senders.rejected else ""
    return (
        f"{figures.elapsed_seconds:5.0f} s  accepted {figures.senders.accepted}  {refused}registered {bus.registered}  "
        f"dispatched {sum(bus.dispatched_to.values())}  open {bus.open}  resolved {bus.resolved}  "
        f"warned {clocks['warned']}  breached {clocks['breached']}  met {clocks['met']}  "
        f"notified {figures.notifications['sent']}  "
        f"end to end p50 {_ms(end_to_end['p50'])} p99 {_ms(end_to_end['p99'])}"
    )


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"
