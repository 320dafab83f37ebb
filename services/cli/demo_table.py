"""The demo's live table."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from services.cli.demo_figures import DemoFigures

_JOURNEY = (
    "accepted\n受理",
    "received\n收到",
    "registered\n登记",
    "dispatched\n派发",
    "open\n未结",
    "resolved\n解决",
    "dead letters\n死信",
)
_ALWAYS_SHOWN = ("armed", "warned", "breached", "met")


def demo_table(figures: DemoFigures, intake_url: str, speed: float) -> RenderableType:
    """Everything at a glance, for a terminal of 80 columns."""
    title = f"Complaint Bus 投诉总线 – demo time {figures.demo_now:%Y-%m-%d %H:%M} UTC, {speed:g} × real time"
    footer = f"submit your own: POST {intake_url}/v1/complaints\nfollow one: cbus trace TICKET   stop: Ctrl-C"
    return Group(
        Text(title, style="bold"), _journey(figures), _departments(figures), _clocks(figures), Text(footer, style="dim")
    )


def _journey(figures: DemoFigures) -> Table:
    table = Table(*_JOURNEY)
    bus = figures.bus
    cells = (
        figures.senders.accepted,
        bus.received,
        bus.registered,
        sum(bus.dispatched_to.values()),
        bus.open,
        bus.types["complaint.resolved.v1"],
        sum(bus.dead_letters.values()),
    )
    table.add_row(*map(str, cells))
    return table


def _departments(figures: DemoFigures) -> Table:
    table = Table("department 部门", "dispatched 派发", "resolved 解决", "breached 超时")
    bus = figures.bus
    for department, dispatched in sorted(bus.dispatched_to.items()):
        resolved, breached = bus.resolved_in[department], bus.breached_in[department]
        table.add_row(department, str(dispatched), str(resolved), Text(str(breached), "red" if breached else ""))
    return table


def _clocks(figures: DemoFigures) -> Table:
    table = Table(show_header=False)
    clocks = {result: count for result, count in figures.clocks.items() if count or result in _ALWAYS_SHOWN}
    table.add_row("clocks 时限", _pairs(clocks))
    table.add_row("notified 通知", _pairs(figures.notifications))
    table.add_row("lag 积压", _pairs(figures.lag))
    for name, label in (("accept", "202 受理"), ("end_to_end", "end to end 全程")):
        table.add_row(label, _pairs(figures.latency_ms[name], unit=" ms"))
    if figures.restarts:
        table.add_row("restarts 重启", str(figures.restarts))
    return table


def _pairs(figures: object, unit: str = "") -> str:
    items = dict(figures).items() if isinstance(figures, dict) else ()
    return "  ".join(f"{name} {'–' if value is None else f'{value:g}{unit}'}" for name, value in items)
