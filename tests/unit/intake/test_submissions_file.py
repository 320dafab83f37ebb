"""Rows of a file as a person wrote them: any spreadsheet's encoding, one bad row at a time, keys that stay the same."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.cli.send.columns import UnusableFile, column_names
from services.cli.send.display_artefacts import artefact_in
from services.cli.send.row import Row
from services.cli.send.submissions import opened_submissions
from services.intake.domain.field_problems import read_fields
from services.intake.domain.submission import Submission
from shared.invisible import is_given

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def rows_of(content: bytes, **options: Any) -> list[Row]:
    with opened_submissions(None, io.BytesIO(content)) as file:
        return list(file.rows(default_channel="file", **options))


def keys_of(path: Path | None, content: bytes = b"") -> list[str | None]:
    with opened_submissions(path, io.BytesIO(content)) as file:
        return [file.idempotency_key(row) for row in file.rows(default_channel="file")]


def documents(content: bytes, **options: Any) -> list[dict[str, Any]]:
    rows = rows_of(content, **options)
    assert all(not row.problems for row in rows)
    return [row.document for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_any_spreadsheets_encoding_is_read(encoding: str, line_end: str) -> None:
    text = line_end.join(["narrative,complainant.name,place", '"冰箱坏了，\n三次没修",张三,上海', "漏水,李四,"])
    assert documents(text.encode(encoding)) == [
        {"narrative": "冰箱坏了，\n三次没修", "complainant": {"name": "张三"}, "place": "上海", "channel": "file"},
        {"narrative": "漏水", "complainant": {"name": "李四"}, "channel": "file"},
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_the_header_uses(delimiter: str) -> None:
    text = delimiter.join(["narrative", "place"]) + "\n" + delimiter.join(["broken", "Wuxi"])
    assert documents(text.encode())[0] == {"narrative": "broken", "place": "Wuxi", "channel": "file"}


@given(st.lists(st.tuples(CELLS, CELLS), max_size=6))
def test_what_a_spreadsheet_writes_is_read_back(cells: list[tuple[str, str]]) -> None:
    columns = "narrative", "complainant.handles.微博"
    assume(not any(artefact_in(column, cell) for row in cells for column, cell in zip(columns, row, strict=True)))
    written = io.StringIO()
    csv.writer(written).writerows([columns, *cells])
    expected: list[dict[str, Any]] = []
    for narrative, handle in cells:
        filled: dict[str, Any] = {"narrative": narrative} if is_given(narrative) else {}
        if is_given(handle):
            filled["complainant"] = {"handles": {"微博": handle}}
        if filled:
            expected.append(filled)
    found = [{k: v for k, v in each.items() if k != "channel"} for each in documents(written.getvalue().encode())]
    assert found == expected


def test_json_lines_keep_the_number_of_their_line() -> None:
    content = b'\xef\xbb\xbf{"narrative":"a"}\r\n\n{"narrative":"b","channel":"shop"}\n{oops\n{"a":1,"a":2}\n[1]\n'
    rows = rows_of(content)
    assert [row.number for row in rows] == [1, 3, 4, 5, 6]
    assert [row.document.get("channel") for row in rows[:2]] == ["file", "shop"]
    assert [(p.column, p.reason) for row in rows[2:] for p in row.problems] == [
        ("", "column 2: is not JSON from here on"),
        ("a", "appears more than once in one object"),
        ("", "must be one JSON object"),
    ]


def test_csv_rows_are_numbered_as_a_spreadsheet_numbers_them() -> None:
    rows = rows_of(b'narrative\n"two\nlines"\n\nbroken\n')
    assert [row.number for row in rows] == [2, 4]


def test_a_row_with_too_many_cells_is_named() -> None:
    [row] = rows_of(b"narrative,place\na,b,c\n")
    assert [(problem.column, problem.reason) for problem in row.problems] == [("", "has 3 cells, the header has 2")]


@pytest.mark.parametrize(
    ("content", "in_english", "in_chinese"),
    [
        (b"narrative\na,b,c\n", "has 3 cells, the header has 1", "有 3 个单元格，而表头只有 1 列"),
        (b"narrative\n1.38E+10\n", "digits were lost", "数字丢失了位数"),
        (b'narrative\n"never closed\n', "nothing after it was sent", "其后内容均未发送"),
        (b'{"narrative":"a","narrative":"b"}\n', "appears more than once", "重复出现"),
    ],
)
def test_problems_of_a_row_are_told_in_the_language_of_the_reader(
    content: bytes, in_english: str, in_chinese: str
) -> None:
    for language, said in (("en", in_english), ("zh", in_chinese)):
        [problem] = rows_of(content, language=language)[0].problems
        assert said in problem.reason


@pytest.mark.parametrize("cell", ["1.38E+10", "1.38001E+10", "6E+17"])
def test_a_number_that_lost_its_digits_is_not_sent(cell: str) -> None:
    [row] = rows_of(f"narrative,complainant.phone\nbroken,{cell}\n".encode())
    assert [problem.column for problem in row.problems] == ["complainant.phone"]


def test_after_an_unclosed_quote_nothing_more_is_sent() -> None:
    rows = rows_of(b'narrative\nfirst\n"never closed\nsecond\n')
    assert [bool(row.problems) for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("content", "said", "in_chinese"),
    [
        (b"", "empty", "第一行必须是列名"),
        (b"place\nWuxi\n", "no column 'narrative'", "缺少 'narrative' 列"),
        (b"narrative,place,place\n", "appear twice: place", "列名重复：place"),
        (b"narrative,narrative.subject\n", "keep one of them", "请只保留其一"),
        (b"narrativ\nx\n", "did you mean 'narrative'", "'narrativ'（是否想写 'narrative'？）"),
        (b"narrative,priority\n", "unknown columns: 'priority'", "未知的列：'priority'"),
        (b'"a"b\n', "not readable as CSV", "第一行无法按 CSV 读取"),
        (b'[{"narrative": "x"}]', "one object per line", "需要每行一个对象"),
        (b"narrative\n\xff\xff\xff", "neither UTF-8 nor GB18030", "既不是 UTF-8 也不是 GB18030"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_whole(content: bytes, said: str, in_chinese: str) -> None:
    with pytest.raises(UnusableFile, match=said) as refused:
        rows_of(content)
    assert refused.value.read_in("en") == str(refused.value)
    assert in_chinese in refused.value.read_in("zh")


def test_unknown_columns_can_be_left_out() -> None:
    content = b"narrative,Remark,complainant.shoe_size\nbroken,later,44\n"
    assert documents(content, ignore_unknown_columns=True) == [{"narrative": "broken", "channel": "file"}]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", b"narrative\nx", "csv"),
        ("a.JSONL", b'{"narrative":"x"}', "jsonl"),
        ("a.dat", b' {"narrative":"x"}', "jsonl"),
        ("a.dat", b"narrative\nx", "csv"),
    ],
)
def test_the_format_is_seen_from_the_name_or_the_content(name: str, content: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with opened_submissions(tmp_path / name, io.BytesIO()) as file:
        assert file.format == kind


def test_the_key_belongs_to_the_content_not_to_the_name(tmp_path: Path) -> None:
    content = b"narrative\nbroken\nbroken\n"
    for name in ("a.csv", "b.txt"):
        (tmp_path / name).write_bytes(content)
    keys = keys_of(None, content)
    assert keys == keys_of(tmp_path / "a.csv") == keys_of(tmp_path / "b.txt")
    assert len(set(keys)) == 2, "the same words in two rows are two complaints"
    assert not set(keys) & set(keys_of(None, content + b"more\n"))


def test_a_row_with_an_id_of_its_own_needs_no_key() -> None:
    assert keys_of(None, b"narrative,channel_message_id\nbroken,A-1\n") == [None]


def test_every_column_there_can_be_is_a_field_of_a_submission() -> None:
    filled = {name: "x" for name in column_names() if name != "narrative" and "*" not in name}
    document: dict[str, Any] = {}
    for name in filled:
        *parents, last = name.split(".")
        place = document
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = "x"
    read = read_fields(Submission, document)
    assert not isinstance(read, Submission)
    assert "extra_forbidden" not in {problem.code for problem in read.fields}


def test_a_large_file_is_read_in_little_time(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    line = json.dumps({"narrative": "冰箱坏了" * 20}, ensure_ascii=False).encode() + b"\n"
    path.write_bytes(line * 50_000)
    started = time.process_time()
    with opened_submissions(path, io.BytesIO()) as file:
        assert sum(1 for _ in file.rows(default_channel="file")) == file.lines == 50_000
    assert time.process_time() - started < 10
