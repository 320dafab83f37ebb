"""The ledger: what was asked and told comes back whole, and what was cut off is an open question."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.torture.load.json_lines import DurableLines, read_lines
from tests.torture.load.ledger import Kind, Ledger, Outcome, body_bytes, operations, outcome_of_status, read_ledger

NOON = datetime(2026, 3, 9, 4, 0, tzinfo=UTC)


def test_an_operation_comes_back_with_its_outcome(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl", lambda: NOON)
    number = ledger.invoke(Kind.SUBMIT, key="k-1", channel="web", body_sha256="00", submission={"a": 1})
    ledger.answer(number, Kind.SUBMIT, Outcome.OK, status=202, complaint_id="c-1")
    ledger.close()
    (operation,) = read_ledger(tmp_path / "ledger.jsonl")
    assert (operation.kind, operation.outcome) == (Kind.SUBMIT, Outcome.OK)
    assert (operation.invoked["key"], operation.answered["complaint_id"]) == ("k-1", "c-1")
    assert ledger.outcomes == {(Kind.SUBMIT, Outcome.OK): 1}


def test_an_operation_without_an_answer_is_open() -> None:
    (operation,) = operations([{"op": 1, "state": "invoke", "kind": "submit"}])
    assert operation.outcome is Outcome.INFO


def test_an_answer_nobody_asked_for_is_a_corrupt_ledger() -> None:
    with pytest.raises(ValueError, match="operation 7"):
        operations([{"op": 7, "state": "ok"}])


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(202, Outcome.OK), (422, Outcome.FAIL), (409, Outcome.FAIL), (503, Outcome.INFO), (500, Outcome.INFO)],
)
def test_only_a_client_error_is_a_definite_no(status: int, outcome: Outcome) -> None:
    assert outcome_of_status(status) is outcome


def test_lines_of_many_threads_are_all_there_and_whole(tmp_path: Path) -> None:
    lines = DurableLines(tmp_path / "lines.jsonl")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: lines.append({"n": n, "text": "投诉" * 50}), range(200)))
    assert sorted(line["n"] for line in read_lines(tmp_path / "lines.jsonl")) == list(range(200))


def test_a_last_line_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(json.dumps({"n": 1}) + '\n{"n": 2')
    assert list(read_lines(path)) == [{"n": 1}]


def test_no_file_is_no_lines(tmp_path: Path) -> None:
    assert list(read_lines(tmp_path / "absent.jsonl")) == []


def test_the_same_body_is_always_the_same_bytes() -> None:
    assert body_bytes({"b": "投", "a": 1}) == body_bytes({"a": 1, "b": "投"}) == '{"a":1,"b":"投"}'.encode()
