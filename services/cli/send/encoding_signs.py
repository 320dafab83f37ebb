"""Which encoding a file is written in: by signs for and against, never because it happens to decode.

Almost any bytes decode as GB18030, and some Chinese text decodes as UTF-8: what comes out is mojibake that nobody
notices before a person reads it. So a reading is taken only when it looks like text and no other reading does as well;
everything else is asked back (``--encoding``). Signs against: private-use characters; Han beyond the common ones or
glued to Latin letters throughout, as single accented bytes give; a UTF-8 that fails only somewhere; zero bytes.

What no sign can tell apart: a file whose only Chinese is one or two characters next to Latin letters, ``A茅`` in GBK
and ``Aé`` in UTF-8 being the same bytes; it is read as UTF-8. Nor are Japanese and Korean EUC told from GB 2312, whose
bytes they share; asking back for their sake would ask back many a true GBK file.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

Chunks = Callable[[], Iterable[bytes]]
"""The bytes of the file from its start, as often as asked."""

MOST_UNUSUAL: Final = 0.1
LEAST_COMMON: Final = 2 / 3
LEAST_COMMON_OF_A_RIVAL: Final = 0.9

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN_RUN: Final = re.compile(f"([A-Za-z]?)([{_HAN}]+)(?=([A-Za-z]?))")
_LONGEST_GLUED: Final = 2
"""Accented letters stand alone or in pairs, and two bytes make one character."""
_PRIVATE_USE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_NON_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_NON_ASCII_RUN: Final = re.compile(r"([\x00-\x7f]?)([^\x00-\x7f]+)(?=([\x00-\x7f]?))")
_LONG_UTF_8: Final = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_SEVEN_BIT: Final = re.compile(rb"\x1b[$(]|~\{[!-~]{2,}~\}")


@dataclass(frozen=True, slots=True)
class Judgement:
    """``encoding`` is certain enough; None: ``reason`` says which sign is against it, ``likely`` what it may be."""

    encoding: str | None
    reason: str = ""
    likely: str = ""
    place: int = 0
    """For a broken UTF-8: the byte at which it breaks, from 0."""


@dataclass(slots=True)
class Reading:
    """What a file is like when it is read in one encoding."""

    decodes: bool = True
    non_ascii: int = 0
    private: int = 0
    common: int = 0
    han: int = 0
    usual: int = 0
    han_runs: int = 0
    glued_runs: int = 0

    @property
    def looks_like_text(self) -> bool:
        """Mostly common Han and common signs, and nothing that stands for no character."""
        enough = self.common >= LEAST_COMMON * self.han and self.non_ascii - self.usual <= MOST_UNUSUAL * self.non_ascii
        return self.decodes and not self.private and self.han > 0 and enough

    @property
    def is_rival(self) -> bool:
        """Whether it gives Chinese that cannot be put aside; a few characters it lacks do not speak against it."""
        share = LEAST_COMMON_OF_A_RIVAL
        return self.han > 0 and self.common >= share * self.han and self.usual >= share * self.non_ascii

    @property
    def is_glued(self) -> bool:
        """Whether Han stands only next to Latin letters, as accents read in a wrong encoding do."""
        return self.han_runs > 0 and self.glued_runs == self.han_runs


def judge(chunks: Chunks) -> Judgement:
    """The encoding of a file that has no mark at its start."""
    if any(b"\0" in chunk for chunk in chunks()):
        return Judgement(None, "zero_bytes", "utf-16-le, utf-16-be")
    if any(_SEVEN_BIT.search(chunk) for chunk in chunks()):
        return Judgement(None, "seven_bit", "hz, iso2022_jp")
    failure = _utf_8_failure(chunks())
    return _judge_utf_8(chunks) if failure is None else _judge_other(chunks, *failure)


def _judge_utf_8(chunks: Chunks) -> Judgement:
    """It is UTF-8 to its end. Two-byte characters alone may also be pairs of another encoding."""
    if any(_LONG_UTF_8.search(chunk) for chunk in chunks()) or _is_latin(chunks):
        return Judgement("utf-8")
    rivals = [name for name in ("gb18030", "big5") if read_as(name, chunks()).is_rival]
    return Judgement(None, "ambiguous", ", ".join(["utf-8", *rivals])) if rivals else Judgement("utf-8")


def _judge_other(chunks: Chunks, failed_at: int, at_the_end: bool) -> Judgement:
    """It is not UTF-8 to its end."""
    if at_the_end or _is_mostly_utf_8(chunks):
        return Judgement(None, "broken_utf_8", place=failed_at)
    found = read_as("gb18030", chunks())
    has_rival = read_as("big5", chunks()).is_rival
    if not found.looks_like_text or found.is_glued:
        reason = "no_common_chinese" if found.decodes else "does_not_decode"
        return Judgement(None, reason, "big5" if has_rival else "windows-1252, big5, gb18030")
    if has_rival:
        return Judgement(None, "ambiguous", "gb18030, big5")
    return Judgement("gb18030")


def read_as(encoding: str, chunks: Iterable[bytes]) -> Reading:
    """Count what ``encoding`` makes of the file; what does not decode counts as nothing usual."""
    decoder, reading = codecs.getincrementaldecoder(encoding)("replace"), Reading()
    common, usual = _common_han(encoding), _usual_signs(encoding)
    for text in (*(decoder.decode(chunk) for chunk in chunks), decoder.decode(b"", final=True)):
        characters = _NON_ASCII.findall(text)
        reading.decodes = reading.decodes and "\ufffd" not in text
        reading.private += len(_PRIVATE_USE.findall(text))
        reading.non_ascii += len(characters)
        reading.common += sum(character in common for character in characters)
        reading.usual += sum(character in usual for character in characters)
        runs = _HAN_RUN.findall(text)
        reading.han_runs += len(runs)
        reading.glued_runs += sum(bool(a or z) and len(run) <= _LONGEST_GLUED for a, run, z in runs)
        reading.han += sum("\u3400" <= character <= "\u9fff" for character in characters)
    return reading


@cache
def _common_han(encoding: str) -> frozenset[str]:
    """The characters of the first level of the standard: 3,755 of GB 2312, 5,401 of Big5."""
    first, last = (0xA440, 0xC67E) if encoding == "big5" else (0xB0A1, 0xD7F9)
    return _decoded("big5" if encoding == "big5" else "gb2312", first, last)


@cache
def _usual_signs(encoding: str) -> frozenset[str]:
    """Han of both levels, punctuation and full-width forms."""
    if encoding == "big5":
        return _decoded("big5", 0xA140, 0xA3BF) | _decoded("big5", 0xA440, 0xF9D5)
    return _decoded("gb2312", 0xA1A1, 0xA1FE) | _decoded("gb2312", 0xA3A1, 0xA3FE) | _decoded("gb2312", 0xB0A1, 0xF7FE)


def _decoded(encoding: str, first: int, last: int) -> frozenset[str]:
    pairs = (number.to_bytes(2, "big") for number in range(first, last + 1) if number & 0xFF >= 0x40)
    return frozenset("".join(pair.decode(encoding, "ignore") for pair in pairs)) - {"\ufffd"}


def _utf_8_failure(chunks: Iterable[bytes]) -> tuple[int, bool] | None:
    """The byte at which the file stops being UTF-8, and whether that is only its end that is missing."""
    decoder, read, held = codecs.getincrementaldecoder("utf-8")(), 0, 0
    try:
        for chunk in chunks:
            held = len(decoder.getstate()[0])
            decoder.decode(chunk)
            read += len(chunk)
        held = len(decoder.getstate()[0])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return read - held + error.start, error.reason == "unexpected end of data"
    return None


def _is_mostly_utf_8(chunks: Chunks) -> bool:
    """More long UTF-8 characters than bytes that belong to none: something in it was cut or pasted in."""
    whole = broken = 0
    for chunk in chunks():
        whole += len(_LONG_UTF_8.findall(chunk))
        broken += chunk.decode("utf-8", "replace").count("\ufffd")
    return whole > broken


def _is_latin(chunks: Chunks) -> bool:
    """Accented letters inside words of Latin letters, and single signs: how UTF-8 of European languages looks."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    texts = (decoder.decode(chunk) for chunk in chunks())
    return all(_is_part_of_a_word(*found) for text in texts for found in _NON_ASCII_RUN.findall(text))


def _is_part_of_a_word(before: str, run: str, after: str) -> bool:
    if len(run) == 1 and not run.isalpha():
        return True
    is_latin = all(unicodedata.name(character, "").startswith("LATIN ") for character in run)
    return len(run) <= 2 and is_latin and (before.isalpha() or after.isalpha())
