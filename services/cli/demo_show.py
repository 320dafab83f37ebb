"""Showing the demo while it runs: a live table on a terminal, a line every five seconds elsewhere. All on stderr."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live

from services.cli.demo_figures import DemoFigures, one_line
from services.cli.demo_table import demo_table
from services.cli.output import say

TABLE_EVERY_SECONDS = 0.5
LINE_EVERY_SECONDS = 5.0


def show_until(
    done: threading.Event,
    seconds: float | None,
    observe: Callable[[], DemoFigures],
    *,
    intake_url: str,
    speed: float,
) -> None:
    """Return when ``done`` is set or ``seconds`` have passed. What ``observe`` raises ends it."""
    console = Console(stderr=True)
    deadline = None if seconds is None else time.monotonic() + seconds
    if not console.is_terminal:
        while _wait(done, deadline, LINE_EVERY_SECONDS):
            say(one_line(observe()))
        return
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while _wait(done, deadline, TABLE_EVERY_SECONDS):
            live.update(demo_table(observe(), intake_url, speed), refresh=True)


def _wait(done: threading.Event, deadline: float | None, pause: float) -> bool:
    """Wait one pause; False when it is over."""
    remaining = pause if deadline is None else min(pause, deadline - time.monotonic())
    return remaining > 0 and not done.wait(remaining)
