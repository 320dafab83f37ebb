"""Masked data is recognisable to who knows it and of no use to who does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.masking import mask_address, mask_complainant, mask_name, mask_narrative, mask_number


@pytest.mark.parametrize(
    ("name", "masked"), [("张三", "张*"), ("张三丰", "张**"), ("王", "王*"), ("Jane Example", "J***"), ("", "*")]
)
def test_a_name_keeps_its_first_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("number", "masked"), [("13800000000", "138****0000"), ("5550100", "5***"), ("+8613800000000", "+86****0000")]
)
def test_a_number_keeps_its_ends(number: str, masked: str) -> None:
    assert mask_number(number) == masked


def test_an_address_keeps_its_domain() -> None:
    assert mask_address("zhang@example.cn") == "z***@example.cn"
    assert mask_address("not an address") == "not****ress"


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
        "email": "z***@example.cn",
        "minor": True,
        "handles": {"wechat": "***"},
        "id_card": "***",
    }


def test_a_narrative_shows_only_its_length() -> None:
    assert mask_narrative({"text": "四个字吧", "persons_involved": ["李四"]}) == {
        "text": "(4 characters)",
        "persons_involved": "***",
    }
    assert mask_narrative("12345") == {"text": "(5 characters)"}


@given(st.text(min_size=9, max_size=40))
def test_the_middle_of_a_long_number_never_shows(number: str) -> None:
    masked = mask_number(number)
    assert len(masked) == 11
    assert masked[3:7] == "****"
