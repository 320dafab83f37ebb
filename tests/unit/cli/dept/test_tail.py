"""One record of a department's queue as a line."""

from __future__ import annotations

from typing import Any

from services.cli.dept.tail import queue_line
from shared.events import topics
from tests.unit.cli.records import CASE, queued, record


def test_a_header_without_a_value_is_left_out() -> None:
    odd: Any = (("note", None),)
    line = queue_line(record(topics.department_topic("quality"), queued(), extra_headers=odd))
    assert (line["type"], line["complaint_id"]) == ("assignment.dispatched.v1", CASE)
