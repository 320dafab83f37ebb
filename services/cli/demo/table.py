"""The demo's live table: figures, what they mean, and what a person can do meanwhile. Fits 80 columns and 24 lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deploy.stack_file import stack_file_export
from services.cli.console.terminal_text import visible
from services.cli.demo.figures import DemoFigures

_JOURNEY = (
    "accepted\n受理",
    "received\n收到",
    "registered\n登记",
    "dispatched\n派发",
    "open\n未结",
    "resolved\n解决",
    "dead letters\n死信",
)
_DEPARTMENT = ("department\n部门", "sent\n派发", "done\n解决", "late\n超时")
_ALWAYS_SHOWN = ("armed", "warned", "breached", "met")
_SHOWN_REFUSALS = 3
SAMPLE_BODY = '{"channel":"web","narrative":"The kettle smokes. 电热水壶冒烟"}'


@dataclass(frozen=True, slots=True)
class Progress:
    """What is waited for: ``done`` of ``steps`` are behind us, ``text`` is the one under way."""

    done: int
    steps: int
    text: str


def demo_table(
    figures: DemoFigures, intake_url: str | None, speed: float, progress: Progress | None = None
) -> RenderableType:
    """Everything at a glance. ``intake_url`` None: the door is closed, nothing can be submitted or traced any more."""
    title = f"Complaint Bus 投诉总线 – demo time {figures.demo_now:%Y-%m-%d %H:%M} UTC, {speed:g} × real time"
    parts: list[RenderableType] = [
        Text(title, style="bold"),
        _journey(figures),
        _departments(figures),
        _clocks(figures),
        Text(meaning(figures, speed), style="dim"),
    ]
    if progress is not None:
        parts.append(_bar(progress))
    elif intake_url is not None:
        parts.append(Text(what_to_try(intake_url, figures.ticket), no_wrap=True, overflow="ignore"))
    return Group(*parts)


def meaning(figures: DemoFigures, speed: float) -> str:
    """What the figures of open and resolved cases mean, in both languages, two lines."""
    passed = figures.elapsed_seconds * speed / 3600
    span_en, span_zh = (f"{passed:.0f} hours", f"{passed:.0f} 小时") if passed < 48 else _days(passed / 24)
    return (
        f"{figures.elapsed_seconds:.0f} s × {speed:g} = {span_en}; an answer takes half a day. "
        "Open: new or slow cases.\n"
        f"已过 {span_zh}；答复约需半天，未结的是新到的或拖延的。"
    )


def _days(days: float) -> tuple[str, str]:
    return f"{days:.1f} days", f"{days:.1f} 天"


def submit_command(intake_url: str) -> str:
    """A command that submits a complaint when it is pasted."""
    return f"curl -s {intake_url}/v1/complaints \\\n  -H 'Content-Type: application/json' \\\n  -d '{SAMPLE_BODY}'"


def what_to_try(intake_url: str, ticket: str | None) -> str:
    """Commands for another terminal, each of which works as it stands."""
    head = "In another terminal 另开终端 (source .venv/bin/activate); Ctrl-C stops 停止:"
    tools = (stack_file_export(), None if ticket is None else f"cbus trace {ticket}")
    told = " && ".join(word for word in tools if word is not None)
    return "\n".join(filter(None, (head, submit_command(intake_url), told)))


def _journey(figures: DemoFigures) -> Table:
    table = Table(*_JOURNEY, box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    bus = figures.bus
    cells = (
        figures.senders.accepted,
        bus.received,
        bus.registered,
        sum(bus.dispatched_to.values()),
        bus.open,
        bus.resolved,
        sum(bus.dead_letters.values()),
    )
    table.add_row(*map(str, cells))
    return table


def _departments(figures: DemoFigures) -> Table:
    """Two departments a line, so that all of them stay on a small screen."""
    table = Table(*_DEPARTMENT, *_DEPARTMENT, box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    names = sorted(figures.bus.dispatched_to)
    half = (len(names) + 1) // 2
    for left, right in zip_longest(names[:half], names[half:]):
        table.add_row(*_department(figures, left), *_department(figures, right))
    return table


def _department(figures: DemoFigures, name: str | None) -> Iterable[str | Text]:
    if name is None:
        return ("", "", "", "")
    bus = figures.bus
    late = bus.breached_in[name]
    counts = str(bus.dispatched_to[name]), str(bus.resolved_in[name])
    return (name, *counts, Text(str(late), "red" if late else ""))


def _clocks(figures: DemoFigures) -> Table:
    table = Table(show_header=False, box=None)
    clocks = {result: count for result, count in figures.clocks.items() if count or result in _ALWAYS_SHOWN}
    table.add_row("clocks 时限", _pairs(clocks))
    table.add_row("notified 通知", _pairs(figures.notifications))
    table.add_row("lag 积压", _pairs(figures.lag))
    waits = {name: _pairs(of, unit=" ms") for name, of in figures.latency_ms.items()}
    table.add_row("202 受理", f"{waits['accept']}   end to end 全程  {waits['end_to_end']}")
    if figures.restarts:
        table.add_row("restarts 重启", str(figures.restarts))
    if figures.senders.rejected:
        table.add_row(Text("refused 拒收", "red"), Text(visible(refused_text(figures))))
    return table


def refused_text(figures: DemoFigures) -> str:
    """How many submissions the door refused, and the first reasons with the first place of each."""
    reasons = (f"{each.count} × {each.reason} ({each.first})" for each in figures.senders.refusals[:_SHOWN_REFUSALS])
    return f"{figures.senders.rejected} of {figures.senders.sent}\n" + "\n".join(reasons)


def _bar(progress: Progress) -> Table:
    line = Table.grid(padding=(0, 1))
    line.add_row(ProgressBar(total=progress.steps, completed=progress.done, width=24), Text(progress.text))
    return line


def _pairs(figures: object, unit: str = "") -> str:
    items = dict(figures).items() if isinstance(figures, dict) else ()
    return "  ".join(f"{name} {'–' if value is None else f'{value:.0f}{unit}'}" for name, value in items)
