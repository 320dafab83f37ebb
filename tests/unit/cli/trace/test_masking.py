"""Masked data is recognisable to who knows it and of no use to who does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.trace.masking import (
    LEAST_HIDDEN,
    MOST_VISIBLE,
    mask_address,
    mask_complainant,
    mask_name,
    mask_narrative,
    mask_number,
    significant,
)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"), ("张三丰", "张**"), ("王", "*"), ("Jane Example", "J***"), ("", "*"), ("\u200b王", "*"),
        ("e\u0301", "*"), ("· ·", "*"),
    ],
)  # fmt: skip
def test_a_name_keeps_its_first_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13800000000", "138****0000"),
        ("+8613800000000", "+86****0000"),
        ("+86 138-0000-0000", "+86****0000"),
        ("138 0000 0000", "138****0000"),
        ("55501234", "****1234"),
        ("5550100", "****100"),
        ("12320", "****0"),
        ("110", "****"),
        ("1         5550100", "****0100"),
        ("", "****"),
    ],
)
def test_a_number_keeps_its_ends_and_the_shorter_it_is_the_less_of_them(number: str, masked: str) -> None:
    assert mask_number(number) == masked


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("zhang@example.cn", "z***@e***.cn"),
        ("z@q.cn", "***@***.cn"),
        ("zhang@lihua-family.com.cn", "z***@l***.cn"),
        ("张三@例子.中国", "张***@例***.中国"),
        ("x@a.13800000000", "***@a***"),
        ("zhang@localhost", "z***@l***"),
        ("not an address", "not****ress"),
    ],
)
def test_an_address_keeps_what_tells_it_from_others(address: str, masked: str) -> None:
    assert mask_address(address) == masked


def test_a_complainant_is_masked_field_by_field() -> None:
    masked = mask_complainant(
        {
            "name": "张三",
            "phone": "13800000000",
            "email": "z@example.cn",
            "anonymous": False,
            "minor": True,
            "handles": {"wechat": "o-123456"},
            "id_card": "110101199003070000",
        }
    )
    assert masked == {
        "name": "张*",
        "phone": "138****0000",
        "email": "***@e***.cn",
        "minor": True,
        "handles": {"wechat": "***"},
        "id_card": "***",
    }


@pytest.mark.parametrize("key", ["13800138000", "zhang san", "\x1b[2J", "", "o-123456", "张三"])
def test_the_name_of_a_handle_shows_only_where_it_is_one_of_a_medium(key: str) -> None:
    assert mask_complainant({"handles": {key: "o-1", "weibo": "u-1"}}) == {"handles": {"***": "***", "weibo": "***"}}


def test_a_narrative_shows_only_its_length() -> None:
    assert mask_narrative({"text": "四个字吧", "persons_involved": ["李四"]}) == {
        "text": "(4 characters)",
        "persons_involved": "***",
    }
    assert mask_narrative("12345") == {"text": "(5 characters)"}


def shown_of(masked: str) -> int:
    return len(significant(masked))


_ANY = st.text(max_size=60) | st.text("0123456789", max_size=20) | st.text("0123456789 -()+\u00a0\u200b", max_size=40)
_SCRIPTS = st.text(
    st.characters(categories=["Lu", "Ll", "Lo", "Lm", "Nd", "Mn", "Mc", "Cf", "Zs", "Pd", "So"]), max_size=40
)


@given(_ANY | _SCRIPTS)
def test_of_any_number_at_most_a_share_shows_and_four_never_do(number: str) -> None:
    length, shown = len(significant(number)), shown_of(mask_number(number))
    assert shown <= length * MOST_VISIBLE
    assert shown == 0 or length - shown >= LEAST_HIDDEN


@given(_ANY | _SCRIPTS)
def test_of_any_name_at_most_a_share_shows(name: str) -> None:
    assert shown_of(mask_name(name)) <= len(significant(name)) * MOST_VISIBLE


@given(_ANY | _SCRIPTS, _ANY | _SCRIPTS, st.sampled_from(["", ".cn", ".com", ".中国", ".example"]))
def test_of_any_address_at_most_a_share_shows(local: str, host: str, top_level: str) -> None:
    address = f"{local}@{host.replace('@', '')}{top_level}"
    masked = mask_address(address)
    named = masked.rpartition(".")[2] if "." in masked else ""
    assert shown_of(masked) - shown_of(named) <= (len(significant(address)) - shown_of(named)) * MOST_VISIBLE


@given(st.emails())
def test_no_part_of_a_real_address_is_given_away(address: str) -> None:
    local, _, domain = address.rpartition("@")
    masked = mask_address(address)
    assert len(local) == 1 or local not in masked
    assert domain not in masked or len(domain) < 4
