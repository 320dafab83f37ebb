"""Text in any encoding is read as it was written or not at all: never as something else."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.cli.app import app
from services.cli.send.columns import UnusableFile
from services.cli.send.submissions import opened_submissions

HEADER = "channel,channel_message_id,narrative\r\n"
COMMON = "".join(bytes((first, second)).decode("gb2312") for first in range(0xB0, 0xD7) for second in range(0xA1, 0xFF))
TRADITIONAL = "".join(
    bytes((first, second)).decode("big5")
    for first in range(0xA4, 0xC6)
    for second in [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
)
ACCENTS = "àâäáãåçèéêëíîïñóôöõøùúûüœßÀÉÖÜ"
ENCODINGS = [
    "utf-8", "utf-8-sig", "gbk", "gb18030", "big5", "cp950", "big5hkscs", "utf-16", "utf-16-le", "utf-16-be", "utf-32",
    "utf-32-le", "hz", "shift_jis",  "iso2022_jp", "cp1252", "iso8859-15", "mac_roman",
]  # fmt: skip


def narratives(content: bytes, encoding: str | None = None) -> list[str] | None:
    """What is read of a file; None: it is refused."""
    try:
        with opened_submissions(None, io.BytesIO(content), "csv", encoding) as file:
            return [row.document["narrative"] for row in file.rows(default_channel="file")]
    except UnusableFile:
        return None


def as_file(text: str) -> str:
    return f'{HEADER}web,a-1,"{text}"\r\n'


_LATIN = st.text("abcdefghijklmnoprstuvwz", min_size=1, max_size=8)
_ACCENTED = st.builds("{}{}{}".format, st.text("bcdfgl", min_size=1, max_size=4), st.sampled_from(ACCENTS), _LATIN)
_SIGNS = st.sampled_from(["，", "。", "！", " ", "\n", "1", "iPhone", ": ", "（", "）", "APP"])


def chinese(characters: str) -> st.SearchStrategy[str]:
    """A text with one word of three characters at least, between words of all kinds."""
    word = st.text(characters, min_size=3, max_size=12)
    others = st.lists(word | _LATIN | _SIGNS, max_size=6).map("".join)
    return st.builds("{}{}{}".format, others, word, others)


@settings(max_examples=150)
@given(chinese(COMMON) | chinese(TRADITIONAL), st.sampled_from(ENCODINGS))
@example("电热水器通电后起火", "gbk")
@example("電熱水器通電後起火，我家孩子受傷", "big5")
@example("茅茅茅", "gbk")
def test_chinese_text_is_read_as_it_was_written_or_refused(text: str, encoding: str) -> None:
    try:
        content = as_file(text).encode(encoding)
    except UnicodeEncodeError:
        return
    assert narratives(content) in ([text], None)


@settings(max_examples=150)
@given(st.lists(_ACCENTED | _LATIN, min_size=1, max_size=12).map(" ".join), st.sampled_from(ENCODINGS))
@example("They don’t answer and won’t refund", "cp1252")
@example("une machine créée à l'été", "cp1252")
@example("“Never again” – 20 € lost", "mac_roman")
def test_latin_text_is_read_as_it_was_written_or_refused(text: str, encoding: str) -> None:
    try:
        content = as_file(text).encode(encoding)
    except UnicodeEncodeError:
        return
    assert narratives(content) in ([text], None)


@given(chinese(COMMON), st.integers(1, 3))
def test_a_utf_8_that_was_cut_within_a_character_is_refused(text: str, missing: int) -> None:
    content = f"{HEADER}web,a-1,{text.replace(',', '')}".replace('"', "").encode()
    cut = content[:-missing]
    if _ends_within_a_character(cut):
        assert narratives(cut) is None


def _ends_within_a_character(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False


@given(chinese(COMMON), chinese(TRADITIONAL))
def test_a_file_put_together_from_two_encodings_is_refused(first: str, second: str) -> None:
    content = as_file(first).encode() + f'web,a-2,"{second}"\r\n'.encode("big5", "ignore")
    read = narratives(content)
    assert read is None or read[0] == first


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize(
    "text",
    ["冰箱坏了三次都没有修好，客服还骂人", "我的iPhone屏幕碎了，APP也打不开", "王堃买的东风牌插座冒烟，孩子触电"],
)
def test_what_people_send_is_not_asked_back(text: str, encoding: str) -> None:
    assert narratives(as_file(text).encode(encoding)) == [text]


@pytest.mark.parametrize(
    "text",
    ["déjà vu: la machine créée à Paris", "Größe paßt nicht, 20 € weg", "¥100 and 3° too hot", "Привет, не работает"],
)
def test_utf_8_of_other_languages_is_not_asked_back(text: str) -> None:
    assert narratives(as_file(text).encode()) == [text]


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        ("電熱水器通電後起火，孩子燙傷", "big5", "--encoding (perhaps big5)"),
        ("They don’t answer and won’t refund", "cp1252", "windows-1252"),
        ("电热水器通电后起火", "utf-16-le", "perhaps utf-16-le"),
        ("电热水器通电后起火", "hz", "7-bit"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_the_name_makes_it_readable(text: str, encoding: str, said: str) -> None:
    content = as_file(text).encode(encoding)
    with pytest.raises(UnusableFile) as refused, opened_submissions(None, io.BytesIO(content)):
        pass
    assert said in str(refused.value)
    assert text[:4] not in str(refused.value)
    assert "--encoding" in refused.value.read_in("zh")
    assert narratives(content, encoding) == [text]


def test_a_cut_file_is_refused_with_the_line_where_it_breaks(tmp_path: Path) -> None:
    file = tmp_path / "cut.csv"
    file.write_bytes(as_file("电热水器").encode() + "web,a-2,电热水器通电后起火".encode()[:-1])
    result = CliRunner().invoke(app, ["send", str(file), "--url", "http://127.0.0.1:1"], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "line 3" in result.stderr


@pytest.mark.parametrize("name", ["klingon", "rot13", "base64", "", "utf-8\0"])
def test_a_name_that_is_no_encoding_is_wrong_use(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(as_file("x"))
    result = CliRunner().invoke(app, ["send", str(tmp_path / "a.csv"), "--encoding", name])
    assert result.exit_code == 2, result.output


def test_a_name_the_file_does_not_keep_is_refused() -> None:
    assert narratives(as_file("电热水器").encode("gbk"), "utf-8") is None
    assert narratives(as_file("电热水器").encode("utf-8-sig"), "utf-8") == ["电热水器"]


def test_the_common_characters_are_those_of_the_standards() -> None:
    assert len(COMMON) >= 3600
    assert all(unicodedata.category(character) == "Lo" for character in COMMON)
