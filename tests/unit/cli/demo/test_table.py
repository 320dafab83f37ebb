"""The demo's table fits a terminal of 80 columns and says everything in both languages."""

from __future__ import annotations

import io
import json
import re
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from services.cli.demo.feed import CountedRejection
from services.cli.demo.figures import DemoFigures, SenderFigures
from services.cli.demo.ledger import LedgerFigures
from services.cli.demo.table import Progress, demo_table

DEPARTMENT = "after-sales-service"
URL = "http://127.0.0.1:28080"


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


def figures_of_many_departments() -> DemoFigures:
    dispatched = Counter({f"{DEPARTMENT}-{number}": 100 for number in range(9)})
    return replace(
        figures(), bus=replace(figures().bus, dispatched_to=dispatched), ticket="20260302-XXXXXXXXXX-X", restarts=0
    )


def shown(of: DemoFigures | None = None, url: str | None = URL, progress: Progress | None = None) -> list[str]:
    page = io.StringIO()
    Console(file=page, width=80).print(demo_table(of or figures(), url, 3600, progress))
    return page.getvalue().splitlines()


@pytest.mark.parametrize("table", [shown(), shown(figures_of_many_departments()), shown(url=None)])
def test_it_fits_80_columns_and_24_lines(table: list[str]) -> None:
    assert max(map(cell_len, table)) <= 80
    assert len(table) <= 24


def test_the_stack_file_of_its_own_fits_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUS_STACK_FILE", "var/stack-2.json")
    table = shown(figures_of_many_departments())
    assert len(table) <= 24
    assert any("export CBUS_STACK_FILE=" in line for line in table)


def test_the_command_to_submit_works_as_it_is_pasted(tmp_path: Path) -> None:
    """A shell takes the lines from the screen and passes curl the door's address and a body the door would take."""
    lines = shown(figures_of_many_departments())
    start = next(at for at, line in enumerate(lines) if line.startswith("curl "))
    curl = tmp_path / "curl"
    curl.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    curl.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    pasted = "\n".join(lines[start : start + 3])
    run = subprocess.run(["sh", "-c", pasted], env=environment, capture_output=True, text=True, check=True)
    given = run.stdout.splitlines()
    assert f"{URL}/v1/complaints" in given
    assert json.loads(given[given.index("-d") + 1])["channel"] == "web"


def test_a_ticket_to_trace_is_shown_as_a_command() -> None:
    assert "cbus trace 20260302-XXXXXXXXXX-X" in [line.rstrip() for line in shown(figures_of_many_departments())]


def test_what_open_means_is_said_with_the_time_that_has_passed() -> None:
    text = " ".join(shown())
    assert "60 s × 3600 = 2.5 days" in text
    assert "2.5 天" in text


def test_refusals_are_shown_with_their_first_reasons() -> None:
    refused = CountedRejection("narrative.text: is blank", "bad.jsonl:3", 1500)
    senders = SenderFigures(sent=1505, accepted=0, rejected=1505, unconfirmed=0, accept_seconds=(), refusals=(refused,))
    text = " ".join(shown(replace(figures(), senders=senders)))
    assert not [word for word in ("拒收", "1505 of 1505", "1500 × narrative.text: is blank") if word not in text]


def test_while_it_drains_there_is_a_bar_and_nothing_to_try() -> None:
    lines = shown(progress=Progress(2, 4, "the auditor reads to the end"))
    assert any("━" in line and "the auditor reads to the end" in line for line in lines)
    assert not [line for line in lines if "curl" in line]


def test_every_figure_is_named_in_english_and_chinese() -> None:
    words = set(re.findall(r"[\w]+", " ".join(shown())))
    english = "accepted received registered dispatched open resolved letters department breached clocks restarts"
    chinese = "受理 收到 登记 派发 未结 解决 死信 部门 超时 时限 通知 积压 全程 重启"
    assert not {*english.split(), *chinese.split()} - words
