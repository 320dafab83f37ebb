"""Looks for personal data where it must never be: keys, headers, logs, metrics (reliability.md §5, L14).

What was sent (the ledger) is compared with every text that was not meant to carry it. Texts are kept once each, with
numbers and ids masked, so that a million log lines become a few hundred shapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from shared.events.ids import is_ticket_number

_FIXED_LENGTH = {"ce_id": 36, "ce_time": 24, "traceparent": 55}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WHOLE_UUID = re.compile(_UUID.pattern + r"\Z")
_HEX_OR_NUMBER = re.compile(r"\b(?:[0-9a-f]{16,}|[0-9][0-9.,:TZ+-]*)\b")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_PHONE = re.compile(r"(?<![\w.:-])\+?\d[\d -]{5,17}\d(?![\w.:-])")
_CODED_WORD = re.compile(r"(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9][\w-]{7,}")
_CJK = re.compile(r"[\u4e00-\u9fff]")

LATIN_WINDOW, CJK_WINDOW = 32, 8
"""Characters in a row that two texts do not share by chance: a line of English, a clause of Chinese."""


class Leak(NamedTuple):
    """Something of a submission, found where it must not be."""

    operation: int
    kind: str
    where: str


@dataclass
class PersonalData:
    """What complainants said about themselves, and the first operation that said it."""

    emails: dict[str, int] = field(default_factory=dict)
    phones: dict[str, int] = field(default_factory=dict)
    coded_words: dict[str, int] = field(default_factory=dict)
    narratives: dict[str, int] = field(default_factory=dict)

    def see(self, operation: int, submission: Any) -> None:
        """Note what ``submission`` says; anything that is not one is passed over."""
        if not isinstance(submission, Mapping):
            return
        complainant = submission.get("complainant")
        if isinstance(complainant, Mapping):
            if isinstance(email := complainant.get("email"), str):
                self.emails.setdefault(email.lower(), operation)
            if isinstance(phone := complainant.get("phone"), str) and len(_digits(phone)) >= 7:
                self.phones.setdefault(_digits(phone), operation)
        narrative = submission.get("narrative")
        text = narrative.get("text") if isinstance(narrative, Mapping) else narrative
        if isinstance(text, str) and text not in self.narratives:
            self.narratives[text] = operation
            for word in _CODED_WORD.findall(text):
                if not (_WHOLE_UUID.match(word) or is_ticket_number(word)):
                    self.coded_words.setdefault(word, operation)


@dataclass
class FreeText:
    """Texts found in keys, headers, logs and metrics."""

    emails: dict[str, str] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    coded_words: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, str] = field(default_factory=dict)
    """Masked text to where it was seen first."""
    texts_seen: int = 0
    _known_headers: set[tuple[str, bytes | None]] = field(default_factory=set)

    def see_record(self, topic: str, key: str, headers: Mapping[str, bytes | None]) -> None:
        """Note what is unusual in key and headers of a record; the usual is recognised by its form."""
        self.texts_seen += 1
        if not _WHOLE_UUID.match(key):
            self.see(key, f"key on {topic}")
        for name, value in headers.items():
            if value is None or _FIXED_LENGTH.get(name) == len(value) or (name == "ce_subject" and _is(key, value)):
                continue
            if (name, value) not in self._known_headers:
                self._known_headers.add((name, value))
                self.see(value.decode(errors="replace"), f"header {name} on {topic}")

    def see(self, text: str, where: str) -> None:
        """Note a text that nobody promised to be free of personal data."""
        self.texts_seen += 1
        if "@" in text:
            for email in _EMAIL.findall(text):
                self.emails.setdefault(email.lower(), where)
        for phone in _PHONE.findall(text):
            self.phones.setdefault(_digits(phone), where)
        masked = _UUID.sub("#", text)
        for word in _CODED_WORD.findall(masked):
            self.coded_words.setdefault(word, where)
        self.shapes.setdefault(_HEX_OR_NUMBER.sub("#", masked), where)

    def see_logs(self, directory: Path) -> int:
        """Note every line of every log below ``directory``; how many there were."""
        lines = 0
        for file in sorted(directory.rglob("*.log*")):
            with file.open(encoding="utf-8", errors="replace") as log:
                for number, line in enumerate(log, 1):
                    self.see(line.rstrip("\n"), f"{file.name}:{number}")
                    lines += 1
        return lines

    def leaks(self, personal: PersonalData) -> Iterator[Leak]:
        """What of ``personal`` was found."""
        pairs = (
            ("e-mail address", personal.emails, self.emails),
            ("telephone number", personal.phones, self.phones),
            ("coded word of the narrative", personal.coded_words, self.coded_words),
        )
        for kind, said, seen in pairs:
            for value in said.keys() & seen.keys():
                yield Leak(said[value], kind, seen[value])
        yield from self._narrative_leaks(personal.narratives)

    def _narrative_leaks(self, narratives: Mapping[str, int]) -> Iterator[Leak]:
        windows: dict[str, str] = {}
        for shape, where in self.shapes.items():
            for window in _windows(shape, 1):
                windows.setdefault(window, where)
        for text, operation in narratives.items():
            masked = _HEX_OR_NUMBER.sub("#", _UUID.sub("#", text))
            found = next((window for window in _windows(masked, None) if window in windows), None)
            if found is not None:
                yield Leak(operation, "words of the narrative", windows[found])


def _windows(text: str, step: int | None) -> Iterator[str]:
    """Stretches of ``text`` that are long enough to be telling; ``step`` None: every half window."""
    for length, is_telling in ((LATIN_WINDOW, _any), (CJK_WINDOW, _is_mostly_cjk)):
        for start in range(0, len(text) - length + 1, step or length // 2):
            window = text[start : start + length]
            if is_telling(window):
                yield window


def _any(_window: str) -> bool:
    return True


def _is_mostly_cjk(window: str) -> bool:
    return len(_CJK.findall(window)) >= CJK_WINDOW - 2


def _is(key: str, value: bytes) -> bool:
    return value == key.encode()


def _digits(phone: str) -> str:
    return "".join(character for character in phone if character.isdigit())
