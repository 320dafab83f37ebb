"""What counts as one JSON object, and that the same content always has the same canonical bytes."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.strict_json import DEEPEST_NESTING, NotJson, canonical, parse_object

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(st.text(max_size=8), _VALUES, max_size=5)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b'{"a":1}{"b":2}', "not_json"),
        (b'{"a":1,}', "not_json"),
        (b"[1]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b'{"a":1,"a":2}', "repeated_name"),
        (b'{"a":{"b":1,"b":1}}', "repeated_name"),
        (b'{"a":NaN}', "not_a_number"),
        (b'{"a":-Infinity}', "not_a_number"),
        (b'{"a":1e999}', "not_a_number"),
        (b'{"a":"\xff"}', "not_utf8"),
        ('{"a":"冰箱"}'.encode("gb18030"), "not_utf8"),
        ('{"a":"x"}'.encode("utf-16"), "not_utf8"),
        (b"[" * 200_000, "too_deep"),
        (b'{"a":' * 50_000, "too_deep"),
        (b'{"a":' * (DEEPEST_NESTING + 1) + b"1" + b"}" * (DEEPEST_NESTING + 1), "too_deep"),
        (b'{"a":' + b"9" * 100_000 + b"}", "number_too_long"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(body: bytes, code: str) -> None:
    parsed = parse_object(body)
    assert isinstance(parsed, NotJson)
    assert [problem.code for problem in parsed.problems] == [code]


def test_a_syntax_error_is_placed_but_the_text_is_not_repeated() -> None:
    parsed = parse_object('{"narrative": "我叫张三" oops}'.encode())
    assert isinstance(parsed, NotJson)
    assert parsed.problems[0].field == "line 1 column 22"


def test_a_byte_order_mark_is_tolerated() -> None:
    assert parse_object(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


def test_nesting_up_to_the_limit_is_read() -> None:
    body = b'{"a":' * DEEPEST_NESTING + b"1" + b"}" * DEEPEST_NESTING
    assert isinstance(parse_object(body), dict)


@given(_OBJECTS, st.randoms(use_true_random=False), st.sampled_from([None, 1, 4]))
def test_order_of_names_and_white_space_do_not_change_the_canonical_bytes(
    document: dict[str, Any], order: random.Random, indent: int | None
) -> None:
    shuffled = _shuffled(document, order)
    body = json.dumps(shuffled, indent=indent, ensure_ascii=order.random() < 0.5).encode("utf-8", "surrogatepass")
    parsed = parse_object(body)
    if isinstance(parsed, dict):  # a lone surrogate written as itself is not UTF-8
        assert canonical(parsed) == canonical(document)


@given(_OBJECTS)
def test_the_canonical_bytes_hold_the_whole_content(document: dict[str, Any]) -> None:
    """So other content has other bytes."""
    assert json.loads(canonical(document)) == document


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_refusal(body: bytes) -> None:
    assert isinstance(parse_object(body), dict | NotJson)


def _shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        order.shuffle(items)
        return {name: _shuffled(child, order) for name, child in items}
    return [_shuffled(child, order) for child in value] if isinstance(value, list) else value
