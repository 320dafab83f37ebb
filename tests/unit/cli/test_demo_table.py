"""The demo's table fits a terminal of 80 columns and says everything in both languages."""

from __future__ import annotations

import io
import re
from collections import Counter
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.console import Console

from services.cli.demo_figures import DemoFigures, SenderFigures
from services.cli.demo_ledger import LedgerFigures
from services.cli.demo_table import demo_table

DEPARTMENT = "after-sales-service"


def figures() -> DemoFigures:
    bus = LedgerFigures(
        received=1200,
        registered=1190,
        open=700,
        types=Counter({"complaint.resolved.v1": 490}),
        dispatched_to=Counter({DEPARTMENT: 1500}),
        breached_in=Counter({DEPARTMENT: 3}),
        resolved_in=Counter({DEPARTMENT: 490}),
        dead_letters=Counter(),
        duplicated=(),
    )
    senders = SenderFigures(sent=1200, accepted=1200, rejected=0, unconfirmed=0, accept_seconds=(0.01,))
    return DemoFigures(60.0, datetime(2026, 3, 2, tzinfo=UTC), senders, bus, (0.1,), {"router": 0.0}, restarts=1)


def shown() -> list[str]:
    page = io.StringIO()
    Console(file=page, width=80).print(demo_table(figures(), "http://127.0.0.1:8080", 3600))
    return page.getvalue().splitlines()


def test_it_fits_80_columns() -> None:
    assert max(map(cell_len, shown())) <= 80


def test_every_figure_is_named_in_english_and_chinese() -> None:
    words = set(re.findall(r"[\w]+", " ".join(shown())))
    english = "accepted received registered dispatched open resolved letters department breached clocks restarts"
    chinese = "受理 收到 登记 派发 未结 解决 死信 部门 超时 时限 通知 积压 全程 重启"
    assert not {*english.split(), *chinese.split()} - words
