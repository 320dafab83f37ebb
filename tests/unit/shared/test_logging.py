"""A log line is one JSON object with allow-listed fields, whatever is thrown at it."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidEvent
from shared.observability.log_fields import ALLOWED_FIELDS, FIXED_FIELDS
from shared.observability.logging import configure_logging, get_logger

FIELD_VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.datetimes())
SECRET = "Zhang San 13800000000"


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, configuration = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**configuration)


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def logged(level: str = "INFO") -> io.StringIO:
    stream = io.StringIO()
    configure_logging("router", "2", level, stream)
    return stream


def test_a_line_says_when_how_bad_what_and_who() -> None:
    stream = logged()
    get_logger().info("state_restored", partition=3, topic="router.state.v1", duration_seconds=0.25)
    (line,) = lines_of(stream)
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "level": "info",
        "event": "state_restored",
        "service": "router",
        "instance": "2",
        "partition": 3,
        "topic": "router.state.v1",
        "duration_seconds": 0.25,
    }


def test_a_field_not_on_the_list_is_dropped_and_named() -> None:
    stream = logged()
    get_logger().info("complaint_taken_in", complaint_id="c-1", phone=SECRET, narrative=SECRET)
    (line,) = lines_of(stream)
    assert line["dropped_fields"] == ["narrative", "phone"]
    assert line["complaint_id"] == "c-1"
    assert SECRET not in stream.getvalue()


def test_the_message_of_our_own_error_is_logged() -> None:
    stream = logged()
    try:
        raise InvalidEvent("schema", "complaint.narrative (missing)")
    except InvalidEvent as error:
        get_logger().warning("record_refused", error=error, offset=7)
    (line,) = lines_of(stream)
    assert line["error_class"] == "InvalidEvent"
    assert line["error"] == "schema: complaint.narrative (missing)"
    assert "error_stack" not in line


@pytest.mark.parametrize("how", ["exc_info", "exception", "error"])
def test_the_message_of_a_foreign_exception_is_never_logged(how: str) -> None:
    stream = logged()
    try:
        int(SECRET)
    except ValueError as error:
        if how == "exc_info":
            get_logger().error("step_failed", exc_info=True)
        elif how == "exception":
            get_logger().exception("step_failed")
        else:
            get_logger().error("step_failed", error=error)
    (line,) = lines_of(stream)
    assert SECRET not in stream.getvalue()
    assert line["error_class"] == "ValueError"
    assert line["error_at"].startswith("unit/shared/test_logging.py:")
    assert line["error_stack"]


def test_causes_are_named_by_class_only() -> None:
    stream = logged()
    try:
        try:
            int(SECRET)
        except ValueError as cause:
            raise RuntimeError(SECRET) from cause
    except RuntimeError:
        get_logger().exception("step_failed")
    (line,) = lines_of(stream)
    assert line["error_causes"] == ["ValueError"]
    assert SECRET not in stream.getvalue()


def test_a_line_break_cannot_forge_a_second_line() -> None:
    stream = logged()
    get_logger().info("record_refused", reason='x\r\n{"level":"critical","event":"forged"}')
    assert len(stream.getvalue().splitlines()) == 1


def test_a_foreign_library_warns_without_its_values() -> None:
    stream = logged()
    logging.getLogger("smtp").warning("mail to %s refused", SECRET)
    logging.getLogger("smtp").warning(f"mail to {SECRET} refused")
    with_arguments, ready_made = lines_of(stream)
    assert with_arguments["event"] == "foreign_log"
    assert with_arguments["logger"] == "smtp"
    assert with_arguments["log_template"] == "mail to %s refused"
    assert with_arguments["level"] == "warning"
    assert ready_made["origin"].startswith("test_logging:")
    assert SECRET not in stream.getvalue()


def test_a_kafka_client_is_written_out() -> None:
    stream = logged()
    logging.getLogger("kafka.coordinator").warning("group %s has no coordinator", "router")
    (line,) = lines_of(stream)
    assert line["log_message"] == "group router has no coordinator"


def test_a_module_of_ours_may_use_the_standard_library_with_extra_fields() -> None:
    stream = logged()
    logging.getLogger("shared.streaming.loop").info("record refused", extra={"offset": 7, "phone": SECRET})
    logging.getLogger("services.router").debug("too fine")
    (line,) = lines_of(stream)
    assert line["event"] == "record refused"
    assert line["offset"] == 7
    assert line["dropped_fields"] == ["phone"]
    assert SECRET not in stream.getvalue()


def test_an_exception_logged_through_the_standard_library_is_as_safe() -> None:
    stream = logged()
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("shared.streaming.loop").exception("the reducer failed for %s", SECRET)
    (line,) = lines_of(stream)
    assert line["event"] == "the reducer failed for %s"
    assert line["error_class"] == "ValueError"
    assert line["dropped_fields"] == ["args"]
    assert SECRET not in stream.getvalue()


def test_objects_are_reduced_to_their_class() -> None:
    class Complaint:
        def __str__(self) -> str:
            return SECRET

    stream = logged()
    get_logger().info("x", reason=Complaint(), partitions=[1, 2], path=Path("deploy/config"), result={"a": SECRET})
    (line,) = lines_of(stream)
    assert line["reason"] == "<Complaint>"
    assert line["partitions"] == [1, 2]
    assert line["path"] == "deploy/config"
    assert line["result"] == "<dict of 1>"


def test_a_long_value_is_cut() -> None:
    stream = logged()
    get_logger().info("x", reason="r" * 10_000)
    assert len(lines_of(stream)[0]["reason"]) == 500


def test_lines_below_the_level_are_not_written() -> None:
    stream = logged("WARNING")
    get_logger().info("quiet")
    get_logger().warning("loud")
    assert [line["event"] for line in lines_of(stream)] == ["loud"]


def test_a_closed_stream_does_not_disturb_the_service() -> None:
    stream = logged()
    stream.close()
    get_logger().info("nobody_listens")


def test_lines_of_several_threads_do_not_mix() -> None:
    stream = logged()

    def talk() -> None:
        for number in range(50):
            get_logger().info("talk", count=number, reason="x" * 200)

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines_of(stream)) == 200


@given(
    st.dictionaries(
        st.text(max_size=20).filter(lambda name: name not in {"event", "exc_info", "stack_info"}),
        FIELD_VALUES,
        max_size=6,
    )
)
def test_any_fields_give_one_line_with_allowed_names_only(fields: dict[str, Any]) -> None:
    stream = logged()
    get_logger().info("x", **fields)
    assert stream.getvalue().count("\n") == 1
    line = json.loads(stream.getvalue())
    assert set(line) <= ALLOWED_FIELDS | FIXED_FIELDS
