"""``cbus send`` against the real door: every row has one outcome, and sending again changes nothing."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.cli.app import app
from shared.events import registry
from shared.events.received import ComplaintSubmitted
from shared.streaming.memory import MemoryBroker
from tests.support.intake_server import RunningIntake, running_intake
from tests.support.scripted_broker import ScriptedBroker

RECEIVED = "complaints.received.v1"


@pytest.fixture(scope="module")
def broker() -> MemoryBroker:
    return MemoryBroker({RECEIVED: 12})


@pytest.fixture(scope="module")
def intake(broker: MemoryBroker, redis_url: str) -> Iterator[RunningIntake]:
    with running_intake(broker, redis_url) as running:
        yield running


def send(intake: RunningIntake | str, file: Path | str, *options: str, stdin: bytes | None = None) -> Result:
    url = intake if isinstance(intake, str) else intake.url
    arguments = ["send", str(file), "--url", url, "--json", "--give-up-after", "5", *options]
    return CliRunner().invoke(app, arguments, input=stdin, env={"LC_ALL": "C", "CBUS_STACK_FILE": f"{os.devnull}/none"})


def complaints(broker: MemoryBroker) -> dict[str, list[ComplaintSubmitted]]:
    found: dict[str, list[ComplaintSubmitted]] = {}
    for record in broker.records(RECEIVED):
        event = registry.decode(record.headers, record.value)[1]
        assert isinstance(event, ComplaintSubmitted)
        found.setdefault(event.complaint.complaint_id, []).append(event)
    return found


def csv_file(path: Path, rows: list[dict[str, str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_every_row_of_a_spreadsheet_becomes_a_complaint(
    intake: RunningIntake, broker: MemoryBroker, tmp_path: Path
) -> None:
    run = uuid.uuid4().hex
    rows = [
        {"narrative": f"冰箱坏了 {number}", "complainant.name": "张三", "amount.value": "19.90", "order_reference": run}
        for number in range(60)
    ]
    receipts = tmp_path / "receipts.jsonl"
    result = send(intake, csv_file(tmp_path / "a.csv", rows, "gb18030"), "--receipts", str(receipts))
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "sent": 60, "accepted": 60, "rejected": 0, "failed": 0, "interrupted": False, "rejections": [], "failures": [],
    }  # fmt: skip
    written = [events[0].complaint for events in complaints(broker).values()]
    mine = [complaint for complaint in written if complaint.order_reference == run]
    assert sorted(complaint.narrative.text for complaint in mine) == sorted(row["narrative"] for row in rows)
    assert {(complaint.channel, complaint.complainant.name) for complaint in mine} == {("file", "张三")}
    noted = [json.loads(line) for line in receipts.read_text().splitlines()]
    assert {each["ticket_number"] for each in noted} == {complaint.ticket_number for complaint in mine}
    assert "query_code" not in receipts.read_text()


def test_rejected_rows_are_reported_by_row_column_and_reason(intake: RunningIntake, tmp_path: Path) -> None:
    rows = [
        {"narrative": "good", "amount.value": "1", "complainant.phone": "13800000000"},
        {"narrative": "  ", "amount.value": "1", "complainant.phone": ""},
        {"narrative": "bad", "amount.value": "dear", "complainant.phone": "1" * 41},
        {"narrative": "worse", "amount.value": "1", "complainant.phone": "1.38E+10"},
    ]
    report = tmp_path / "report.csv"
    result = send(intake, csv_file(tmp_path / "a.csv", rows), "--report", str(report))
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [found[name] for name in ("sent", "accepted", "rejected", "failed")] == [4, 1, 3, 0]
    assert {(each["row"], each["column"]) for each in found["rejections"]} == {
        (3, "narrative"), (4, "amount.value"), (4, "complainant.phone"), (5, "complainant.phone"),
    }  # fmt: skip
    assert {"row": 4, "column": "amount.value", "reason": "must be a number"} in found["rejections"]
    with report.open(encoding="utf-8-sig", newline="") as file:
        kept = list(csv.DictReader(file))
    assert [each["row"] for each in kept] == ["3", "4", "4", "5"]
    assert {each["outcome"] for each in kept} == {"rejected"}


def test_the_same_rows_sent_again_are_the_same_complaints(
    intake: RunningIntake, broker: MemoryBroker, tmp_path: Path
) -> None:
    lines = [json.dumps({"narrative": f"broken {number}", "place": "Wuxi"}) for number in range(30)]
    content = "\n".join([*lines, *lines]).encode()
    (tmp_path / "a.jsonl").write_bytes(content)
    before = len(complaints(broker))
    assert send(intake, tmp_path / "a.jsonl").exit_code == 0
    assert send(intake, "-", stdin=content).exit_code == 0
    assert len(complaints(broker)) == before + 60


def test_the_summary_for_people_says_what_is_wrong(intake: RunningIntake, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"narrative":"a"}\n{"narrative":""}\n')
    result = CliRunner().invoke(app, ["send", str(tmp_path / "a.jsonl"), "--url", intake.url], env={"LC_ALL": "zh_CN"})
    assert result.exit_code == 1
    cells = [
        cell.strip() for line in result.stdout.splitlines() if line.startswith("│") for cell in line.split("│")[1:-1]
    ]
    assert cells == ["2", "narrative", "为空"]  # "fewer than 1 character" is how a machine says it
    assert "sent 2: 1 accepted, 1 rejected, 0 failed" in result.stdout


@pytest.mark.parametrize(
    ("content", "said"), [(b"narrativ\nx\n", "did you mean 'narrative'"), (b"", "empty"), (None, "No such file")]
)
def test_wrong_use_is_told_before_anything_is_sent(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "a.csv").write_bytes(content)
    result = send("http://127.0.0.1:1", tmp_path / "a.csv")
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


def test_an_outage_is_sat_out_with_the_same_keys(redis_url: str, tmp_path: Path) -> None:
    broker = ScriptedBroker("refuse", uuid.uuid4().hex)
    (tmp_path / "a.jsonl").write_text('{"narrative":"a"}\n{"narrative":"b"}\n')
    with running_intake(broker, redis_url) as intake:
        process = _send_process(intake.url, tmp_path / "a.jsonl", "--give-up-after", "30")
        deadline = time.monotonic() + 20
        while len(broker.sent) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        broker.manner = "acknowledge"
        output, _ = process.communicate(timeout=60)
    assert (process.returncode, json.loads(output)["accepted"]) == (0, 2)
    assert len({record.key for record in broker.sent}) == 2


def test_rows_without_a_clear_answer_are_failed_not_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"narrative":"a"}\n')
    result = send("http://127.0.0.1:1", tmp_path / "a.jsonl", "--give-up-after", "0.2")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["failed"], found["rejected"]) == (1, 1, 0)
    assert "no answer from http://127.0.0.1:1" in found["failures"][0]["reason"]


def test_ctrl_c_reports_what_was_done_so_far(intake: RunningIntake, broker: MemoryBroker, tmp_path: Path) -> None:
    run = uuid.uuid4().hex
    (tmp_path / "a.jsonl").write_text(f'{{"narrative":"a","order_reference":"{run}"}}\n' * 5000)
    process = _send_process(intake.url, tmp_path / "a.jsonl", "--rate", "100")
    deadline = time.monotonic() + 20
    while not _mine(broker, run) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    found = json.loads(output)
    assert (process.returncode, found["interrupted"], errors) == (1, True, b"")
    assert 0 < found["accepted"] == len(_mine(broker, run)) < 5000


def _mine(broker: MemoryBroker, order_reference: str) -> list[Any]:
    return [
        e for events in complaints(broker).values() for e in events if e.complaint.order_reference == order_reference
    ]


def _send_process(url: str, file: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "services.cli", "send", str(file), "--url", url, "--json", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
