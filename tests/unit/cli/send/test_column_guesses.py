"""An unknown column is told with the field that was probably meant, and with none where nothing is like it."""

from __future__ import annotations

import pytest

from services.cli.send.columns import UnusableFile, column_names, fields_of_columns


def told(column: str) -> str:
    with pytest.raises(UnusableFile) as refused:
        fields_of_columns(["narrative", column], ignore_unknown=False)
    return str(refused.value)


@pytest.mark.parametrize(
    ("column", "meant"),
    [
        ("email", "'complainant.email'"), ("Email", "'complainant.email'"), ("e-mail", "'complainant.email'"),
        ("E Mail", "'complainant.email'"), ("mail", "'complainant.email'"), ("customer_email", "'complainant.email'"),
        ("complainant.mail", "'complainant.email'"), ("Phone", "'complainant.phone'"),
        ("ｐｈｏｎｅ", "'complainant.phone'"), ("order_ref", "'order_reference'"),
        ("name", "'complainant.name' or 'product.name'"), ("Model", "'product.model'"),
        ("recieved_at", "'received_at'"), ("客户邮箱", "'complainant.email'"), ("Order Reference", "'order_reference'"),
    ],
)  # fmt: skip
def test_the_field_that_was_meant_is_named(column: str, meant: str) -> None:
    assert f"{column!r} (did you mean {meant}?)" in told(column)


@pytest.mark.parametrize("column", ["colour", "zzz", "备用", "1", "hotline agent"])
def test_where_nothing_is_like_it_nothing_is_guessed(column: str) -> None:
    assert "did you mean" not in told(column)


@pytest.mark.parametrize("field", [name for name in column_names() if not name.endswith("*")])
def test_the_last_part_of_a_fields_name_leads_to_it(field: str) -> None:
    part = field.rpartition(".")[2].upper()
    assert f"{field!r}" in told(part).partition("?)")[0]
