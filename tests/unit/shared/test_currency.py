"""Currencies: every code of ISO 4217, the names people give the renminbi, and nothing else."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.events.complaint import Money
from shared.events.currency import CODES, by_currency, currency_code


@pytest.mark.parametrize(
    "name", ["CNY", "cny", " Cny ", "RMB", "rmb", "CNH", "¥", "￥", "CN¥", "元", "人民币", "人民幣", "yuan"]
)
def test_the_renminbi_has_many_names(name: str) -> None:
    assert currency_code(name) == "CNY"
    assert Money.model_validate({"value": "1", "currency": name}).currency == "CNY"


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_means_itself_in_any_case(code: str) -> None:
    assert currency_code(code) == currency_code(code.lower()) == code


@pytest.mark.parametrize("name", ["", " ", "XYZ", "XXX", "XTS", "dollars", "$", "CNYY", "USDT", "元元"])
def test_anything_else_is_no_currency(name: str) -> None:
    assert currency_code(name) is None


def test_a_reader_of_the_log_tolerates_a_code_it_does_not_know() -> None:
    assert Money.model_validate({"value": "1", "currency": "QQQ"}).currency == "QQQ"


def test_amounts_go_by_code_and_none_is_lost() -> None:
    assert by_currency({"rmb": Decimal(1), "usd": Decimal(2)}) == {"CNY": Decimal(1), "USD": Decimal(2)}
    with pytest.raises(ValueError, match="'¥': CNY is given twice"):
        by_currency({"RMB": Decimal(1), "¥": Decimal(2)})
    with pytest.raises(ValueError, match="'XYZ' is no currency"):
        by_currency({"XYZ": Decimal(1)})
