"""Refusals are told in the language the client would rather read (RFC 9110 §12.4.2, §12.5.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.http.problems import preferred_language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.1, zh-CN", "zh"),
        ("en-GB;q=0.8, zh-Hant-TW;q=0.9", "zh"),
        ("zh;q=0.2, en;q=0.20", "zh"),
        ("en, zh", "en"),
        ("EN;Q=0.1,ZH", "zh"),
        ("de, fr;q=0.9", "en"),
        ("de, zh;q=0.1", "zh"),
        ("zh;q=0", "en"),
        ("en;q=0, zh;q=0", "en"),
        ("en;q=0, *", "zh"),
        ("zh;q=0.5, *;q=0.6", "en"),
        ("zh;q=nan, en;q=0.9", "zh"),
        ("zh ; q=0.3 , en ; q=0.7", "en"),
        (",;=,;;q,,", "en"),
    ],
)
def test_the_weight_decides_then_the_order(accepted: str | None, language: str) -> None:
    assert preferred_language(accepted) == language


@given(zh=st.integers(0, 1000), en=st.integers(0, 1000), is_zh_first=st.booleans())
def test_the_heavier_of_both_is_read_wherever_it_stands(zh: int, en: int, is_zh_first: bool) -> None:
    tags = [f"zh-CN;q={zh / 1000:.3f}", f"en;q={en / 1000:.3f}"]
    language = preferred_language(", ".join(tags if is_zh_first else reversed(tags)))
    if zh != en:
        assert language == ("zh" if zh > en else "en")
    else:
        assert language == ("zh" if is_zh_first and zh else "en")
