"""Nothing of a record acts on the terminal: it is written out, in every way the command prints; JSON stays the same."""

from __future__ import annotations

import io
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.console.json_lines import run_batch
from services.cli.console.output import print_json, print_json_line, print_table, say
from services.cli.console.terminal_text import visible, visible_cell, visible_json

_ACTING = [
    *map(chr, [*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0)]),
    *"\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2069\ufeff",
    "\U000e0041",
    "\ud800",
]
"""C0 and C1 controls, marks of direction, what has no width, tags, half a pair."""
_KEPT_BY_LINES = "\t"


def acts(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


@pytest.mark.parametrize("character", _ACTING)
@pytest.mark.parametrize("way", ["table", "title", "column", "say", "json", "json_line", "batch"])
def test_no_way_of_printing_sends_it_to_the_terminal(
    way: str, character: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"前{character}[31mafter"
    sink = io.StringIO()
    ways: dict[str, Any] = {
        "table": lambda: print_table(None, ("facts",), [(text,)]),
        "title": lambda: print_table(text, ("facts",), [("1" * 60,)]),
        "column": lambda: print_table(None, (text,), [("1" * 60,)]),
        "say": lambda: say(text),
        "json": lambda: print_json({"facts": text}),
        "json_line": lambda: print_json_line({"facts": text}),
        "batch": lambda: run_batch(lambda _: {"facts": text}, ['{"id":"1"}'], sink),
    }
    ways[way]()
    printed = "".join(capsys.readouterr()) + sink.getvalue()
    assert "after" in printed
    assert [each for each in printed if acts(each) and each not in ("\n", _KEPT_BY_LINES)] == []
    assert way not in ("table", "title") or _KEPT_BY_LINES not in printed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"), ("a\u202eb", r"a\u202eb"), ("\x9b31m", r"\x9b31m"), ("a\r\nb", r"a\r\nb"),
        ("\U000e0041", r"\U000e0041"), ("[red]电水壶[/red]", "[red]电水壶[/red]"), ("é 'ok' 🔥", "é 'ok' 🔥"),
    ],
)  # fmt: skip
def test_a_cell_shows_what_stood_there(text: str, shown: str) -> None:
    assert visible_cell(text) == shown


def test_what_is_said_may_have_several_lines() -> None:
    assert visible("one\n\ttwo\x07") == "one\n\ttwo\\x07"


@given(st.recursive(st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner, max_size=3)))
def test_json_is_the_same_document(data: object) -> None:
    for indent in (None, 2):
        assert json.loads(visible_json(json.dumps(data, ensure_ascii=False, indent=indent))) == data


@given(st.text())
def test_what_is_plain_is_left_alone(text: str) -> None:
    plain = "".join(each for each in text if each.isprintable() and not acts(each))
    assert visible_json(plain) == visible(plain)
