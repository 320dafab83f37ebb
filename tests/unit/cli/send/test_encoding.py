"""A file that breaks the promise of its mark is refused before anything of it is sent."""

from __future__ import annotations

import io

import pytest

from services.cli.send.columns import UnusableFile
from services.cli.send.submissions import opened_submissions

HEADER = "narrative,place\r\n"
ROWS = "冰箱坏了,上海\r\n"
MANY = ROWS * 100_000
"""More than is looked at in one go."""


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ((HEADER + ROWS).encode("utf-16") + b"\x00", "UTF-16"),
        ((HEADER + MANY).encode("utf-16")[:-1], "UTF-16"),
        ((HEADER + MANY).encode("utf-8-sig") + ROWS.encode("gbk"), "UTF-8"),
        ((HEADER + ROWS).encode("utf-8-sig")[:-4], "UTF-8"),
    ],
    ids=["odd byte", "half a character", "another encoding further on", "cut off"],
)
def test_a_mark_that_does_not_hold_to_the_end_is_refused(content: bytes, named: str) -> None:
    with pytest.raises(UnusableFile, match=f"mark of {named}"), opened_submissions(None, io.BytesIO(content)):
        pass


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_one_that_holds_is_read_from_its_start(encoding: str) -> None:
    with opened_submissions(None, io.BytesIO((HEADER + MANY).encode(encoding))) as file:
        assert sum(1 for _ in file.rows(default_channel="file")) == 100_000
