"""Which of the two languages somebody is written to in."""

from __future__ import annotations

import pytest

from shared.language import Language, Text, language_of


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        *((tag, "zh") for tag in ("zh", "zh-CN", "ZH-hant-TW", "zh_CN.UTF-8", "zh.UTF-8")),
        *((tag, "en") for tag in ("en", "en-GB", "fr", "zha", "z", "", "C.UTF-8")),
    ],
)
def test_any_chinese_is_chinese_and_the_rest_is_english(tag: str, language: Language) -> None:
    assert language_of(tag) == language
    assert Text("yes", "是").read_in(language_of(tag)) == {"zh": "是", "en": "yes"}[language]
