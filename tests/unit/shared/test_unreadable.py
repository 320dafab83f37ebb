"""What a department reads of a record nobody could read: both languages, what to do, nothing of its content."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidEvent
from shared.events import registry
from shared.events.departments import DepartmentUpdate
from shared.events.envelope import Headers
from shared.streaming.records import ConsumerRecord
from shared.streaming.reducing import _read

CASE = "0b3f8a52-6b64-5c8e-9d53-0f6f6a1c7d10"
UPDATE = {"complaint_id": CASE, "action": "accept", "happened_at": "2026-03-02T09:00:00+08:00"}
HEADERS = [
    ("ce_id", b"u-1"),
    ("ce_type", b"assignment.updated.v1"),
    ("ce_source", b"/departments/quality"),
    ("ce_subject", CASE.encode()),
    ("ce_time", b"2026-03-02T09:00:00+08:00"),
]
LONGEST = 500
GUIDE = Path(__file__).parents[3] / "docs" / "departments.md"


def refused(*, headers: Headers = HEADERS, key: bytes | None = CASE.encode(), value: Any = UPDATE) -> InvalidEvent:
    """Why this record of a department cannot be read."""
    body = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(InvalidEvent) as error:
        _read(ConsumerRecord("departments.quality.updates.v1", 0, 0, key, body, headers, 0))
    return error.value


def changed(**headers: bytes | None) -> Any:
    return [(name, headers.get(name, value)) for name, value in HEADERS]


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"headers": []}, "missing_header", "headers ce_id, ce_type, ce_source, ce_subject, ce_time are absent"),
    ({"headers": HEADERS[1:]}, "missing_header", "header ce_id is absent"),
    ({"headers": HEADERS[2:]}, "missing_header", "headers ce_id, ce_type are absent"),
    ({"headers": changed(ce_time=b"1772442000")}, "bad_header", "+08:00"),
    ({"headers": changed(ce_source=None)}, "bad_header", "null"),
    ({"headers": changed(ce_type=b"assignment.updated")}, "unknown_type", "assignment.updated.v1"),
    ({"value": None}, "empty_value", "no value"),
    ({"key": None}, "key_mismatch", "no key"),
    ({"key": b"another"}, "key_mismatch", "The key is not ce_subject"),
    ({"key": CASE.upper().encode()}, "key_mismatch", "upper and lower case only"),
    ({"headers": changed(ce_subject=CASE.upper().encode())}, "key_mismatch", "upper and lower case only"),
    ({"value": b"{"}, "schema", "not JSON"),
    ({"value": b"\xff"}, "schema", "UTF-8"),
    ({"value": b"[]"}, "schema", "object"),
    ({"value": b'{"action": "accept", "action": "hold"}'}, "schema", "action (repeated_name): appears more than once"),
    ({"value": {}}, "schema", "happened_at (missing): is required"),
    ({"value": UPDATE | {"reason": "x" * 201}}, "schema", "reason (string_too_long): is longer than 200 characters"),
    ({"value": UPDATE | {"solved": "perhaps"}}, "schema", "must be true or false"),
    ({"value": UPDATE | {"action": 1}}, "schema", "must be a text"),
    ({"value": UPDATE | {"resolution": "done"}}, "schema", "must be an object"),
    ({"value": UPDATE | {"happened_at": "2026-03-02T09:00:00"}}, "schema", "needs an offset such as +08:00"),
    ({"value": UPDATE | {"happened_at": "0001-01-01T00:00:00+14:00"}}, "schema", "outside the years 1 to 9999"),
]


@pytest.mark.parametrize(("record", "reason", "said"), REFUSED)
def test_it_says_what_is_wrong_and_what_to_do_in_both_languages(record: dict[str, Any], reason: str, said: str) -> None:
    problem = refused(**record)
    assert problem.reason == reason
    assert said in problem.detail
    assert len(problem.detail) <= LONGEST
    english, chinese = problem.detail.split(" / ")
    assert re.search(r"send again", english)
    assert "重发" in chinese


@pytest.mark.parametrize("reason", sorted({reason for _, reason, _ in REFUSED}))
def test_the_guide_explains_each_reason(reason: str) -> None:
    (row,) = re.findall(rf"^\| `{reason}` \| (.*) \| (.*) \|$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert "send again" in row[0]
    assert "重发" in row[1]


def test_the_guide_says_which_headers_are_required() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert "`ce_id`, `ce_type`, `ce_source`, `ce_subject` and `ce_time` are required" in text


def test_without_the_headers_that_may_be_absent_it_is_read() -> None:
    key, message = _read(ConsumerRecord("t", 0, 0, CASE.encode(), json.dumps(UPDATE).encode(), HEADERS, 0))
    assert key.decode() == CASE == message.envelope.subject


FIELDS = st.sampled_from(sorted(DepartmentUpdate.model_fields))
CANARY = "王小二-13800000000"
WRONG = st.sampled_from([CANARY, [CANARY], {CANARY: CANARY}, 10**30, None, CANARY * 300])


@given(st.dictionaries(FIELDS, WRONG))
def test_any_wrong_fields_are_told_within_a_header_and_without_content(fields: dict[str, Any]) -> None:
    try:
        registry.parse(DepartmentUpdate, json.dumps(fields).encode())
    except InvalidEvent as problem:
        detail = problem.detail
    else:
        return
    english, chinese = detail.split(" / ")
    assert len(detail) <= LONGEST
    assert "Correct and send again" in english
    assert "请更正后重发" in chinese
    assert CANARY not in detail
    assert not re.search(r"not acceptable \(", detail), "a problem without words of its own"
