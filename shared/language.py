"""The two languages the bus writes in, English and Chinese, and a text in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


def language_of(tag: str) -> Language:
    """The one to write in for a BCP 47 tag or the name of a locale: Chinese for any Chinese, English for the rest."""
    is_chinese = tag[:2].lower() == "zh" and not tag[2:3].isalpha()  # "zha" is another language
    return "zh" if is_chinese else "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    en: str
    zh: str

    def read_in(self, language: Language) -> str:
        """The text in ``language``."""
        return self.zh if language == "zh" else self.en
