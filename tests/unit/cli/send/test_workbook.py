"""A workbook is read as what its cells hold; one that cannot be is refused by name, with what to do."""

from __future__ import annotations

import datetime
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.cli.app import app
from services.cli.send.columns import CHINESE_NAMES, UnusableFile, column_names, fields_of_columns
from services.cli.send.display_artefacts import CHOICES, INSTANTS
from services.cli.send.row import Row
from services.cli.send.submissions import opened_submissions
from services.intake.domain.submission import Instant, Submission
from shared.events.complaint import Complainant, Consent
from tests.unit.cli.send.test_command import Door


def a_workbook(*rows: tuple[Any, ...], more: tuple[str, ...] = ()) -> bytes:
    """A workbook of one filled sheet, and of one more for each of these texts."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for text in more:
        book.create_sheet().append([text])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rows_of(content: bytes, **options: Any) -> list[Row]:
    with opened_submissions(None, io.BytesIO(content)) as file:
        assert file.format == "xlsx"
        return list(file.rows(default_channel="file", **options))


def test_cells_are_read_as_what_they_hold() -> None:
    [row] = rows_of(
        a_workbook(
            ("投诉内容", "联系电话", "金额", "complainant.minor", "订单号", "城市"),
            ("冰箱坏了，\n三次没修", 13800138000, 12.5, True, "00123", None),
        )
    )
    assert row.document == {
        "narrative": {"text": "冰箱坏了，\n三次没修"}, "complainant": {"phone": "13800138000", "minor": "true"},
        "amount": {"value": "12.5"}, "order_reference": "00123", "channel": "file",
    }  # fmt: skip


def test_rows_are_numbered_as_the_spreadsheet_numbers_them_and_blank_ones_left_out() -> None:
    found = rows_of(a_workbook(("narrative", "place"), ("a", None), (None, None), (" ", ""), ("b", "Wuxi")))
    assert [row.number for row in found] == [2, 5]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("#N/A", "error value"), ("#REF!", "error value"), (110101199003070000, "15 digits"), (1e18, "15 digits"),
        ("=A1", "formula without a value"), (datetime.date(2026, 3, 2), "is a date"), ("####", "too narrow"),
    ],
)  # fmt: skip
def test_a_cell_that_lost_its_value_is_refused_with_row_and_column(cell: Any, said: str) -> None:
    [row] = rows_of(a_workbook(("narrative", "complainant.phone"), ("broken", cell)))
    [problem] = row.problems
    assert (row.number, problem.column) == (2, "complainant.phone")
    assert said in problem.reason


DATES = [datetime.date(2026, 3, 2), datetime.datetime.fromisoformat("2026-03-02T09:30"), datetime.time(9, 30)]
TAKE_DATES = {*INSTANTS, "narrative", "narrative.text", "narrative.subject", "desired_remedy"}
FIELDS = [name.replace("*", "微博") for name in column_names() if not name.startswith("narrative")]


@pytest.mark.parametrize("field", FIELDS)
def test_what_is_kept_as_another_kind_is_refused_where_a_text_was_typed(field: str) -> None:
    for cell, taken in [
        *((date, field in TAKE_DATES) for date in DATES),
        (True, field.startswith(CHOICES) or field == "desired_remedy"),
    ]:
        [row] = rows_of(a_workbook(("narrative", field), ("broken", cell)))
        assert [problem.column for problem in row.problems] == ([] if taken else [field]), cell
        assert all("format the column as text" in problem.reason for problem in row.problems)


def test_instants_and_choices_are_those_of_a_submission() -> None:
    assert {name for name, field in Submission.model_fields.items() if field.annotation == (Instant | None)} == INSTANTS
    truths = {f"complainant.{name}" for name, field in Complainant.model_fields.items() if field.annotation is bool}
    assert {name for name in column_names() if name.startswith(CHOICES)} == truths | {
        f"consent.{name}" for name in Consent.model_fields
    }


@settings(max_examples=30)
@given(
    st.lists(st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20), min_size=1, max_size=8)
)
def test_what_was_written_is_read_back(texts: list[str]) -> None:
    kept = [text for text in texts if text.strip() and not text.startswith(("=", "#"))]
    found = rows_of(a_workbook(("narrative",), *((f"的{text}",) for text in kept)))
    assert [row.document["narrative"] for row in found] == [f"的{text}" for text in kept]


def other_zip(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password-protected"),
        (other_zip("content.xml", "mimetype"), "no XLSX workbook"),
        (other_zip("xl/workbook.xml"), "damaged"),
        (a_workbook(("narrative",), ("x",))[:300], "damaged"),
        (a_workbook(("narrative",), ("x",), more=("narrative",)), "several sheets are filled: Sheet, Sheet1"),
        (a_workbook(), "the file is empty"),
        (a_workbook(("place",), ("Wuxi",)), "no column 'narrative'"),
        (a_workbook(("narrative", "priority"), ("x", "1")), "unknown columns: 'priority'"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_as_a_workbook_says_which_and_what_to_do(content: bytes, said: str) -> None:
    with pytest.raises(UnusableFile, match=said):
        rows_of(content)


def test_without_its_reader_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(UnusableFile, match="pip install openpyxl"):
        rows_of(a_workbook_made_before)


a_workbook_made_before = a_workbook(("narrative",), ("x",))


def test_a_name_that_says_xlsx_makes_no_workbook_of_a_text(tmp_path: Any) -> None:
    (tmp_path / "a.xlsx").write_text("narrative\nx\n")
    with pytest.raises(UnusableFile, match="no XLSX workbook"), opened_submissions(tmp_path / "a.xlsx", io.BytesIO()):
        pass


def test_chinese_names_stand_for_fields_that_exist_and_for_one_each() -> None:
    assert set(CHINESE_NAMES) <= set(column_names())
    names = [name for each in CHINESE_NAMES.values() for name in each]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("header", [" 投诉内容*", "投诉内容（必填）", "投诉 内容：", "投诉内容(必填)"])
def test_marks_around_a_name_do_not_hide_it(header: str) -> None:
    assert fields_of_columns([header], ignore_unknown=False) == {header: "narrative.text"}


@pytest.mark.parametrize(
    "header", [["投诉内容", "narrative.text"], ["电话", "手机", "narrative"], ["投诉内容", "narrative"]]
)
def test_two_columns_for_one_field_are_refused(header: list[str]) -> None:
    with pytest.raises(UnusableFile):
        fields_of_columns(header, ignore_unknown=False)


def test_a_workbook_is_sent_row_by_row(tmp_path: Any) -> None:
    (tmp_path / "a.xlsx").write_bytes(a_workbook(("投诉内容",), ("冰箱坏了",), ("#REF!",), ("漏水",)))
    door = Door()
    with door.open() as url:
        result = CliRunner().invoke(app, ["send", str(tmp_path / "a.xlsx"), "--url", url, "--json"])
    report = json.loads(result.stdout)
    assert (report["accepted"], door.posts, result.exit_code) == (2, 2, 1)
    assert [(each["row"], each["column"]) for each in report["rejections"]] == [(3, "投诉内容")]


@pytest.mark.parametrize("content", [b"\x8f\x01\xfe\x00" * 40, "投诉".encode("utf-16-le"), b""])
def test_a_file_called_xlsx_that_is_none_is_told_so_whatever_its_bytes_would_be_as_text(
    content: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "complaints.xlsx"
    file.write_bytes(content)
    with pytest.raises(UnusableFile, match="no XLSX workbook"), opened_submissions(file, io.BytesIO()):
        pass
