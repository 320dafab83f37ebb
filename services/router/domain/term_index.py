"""Finds which of some thousand terms occur in a text, and where, in one scan of it.

Two alphabets, two automata (Aho and Corasick 1975), each of which looks at a character once for all terms. Those in
ASCII are words or phrases and match whole words, whatever punctuation stands between them: they are looked for in
the text's words, one space apart. Every other term (Chinese has no word boundaries) matches anywhere. The cost grows
with the text alone, however many terms it repeats, nests or overlaps (decision 0014).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate
from typing import Final

from ahocorasick_rs import AhoCorasick, BytesAhoCorasick

Span = tuple[int, int]
Hit = tuple[int, int, int]
"""Number of the term, start and end."""

_WORD_BYTES: Final = bytes(
    ord(chr(byte).lower()) if chr(byte).isalnum() and byte < 128 else ord(" ") for byte in range(256)
)
"""Translation of UTF-8 bytes: ASCII letters in lower case, digits as they are, everything else a space."""

_WORD: Final = re.compile(r"[a-z0-9]+(?:['’]++[a-z0-9]+)*")
"""A word in a text in lower case, as ``word_bytes`` sees it; apostrophes around it do not belong to it."""


class TermIndex:
    """An immutable set of terms that can be looked for together."""

    __slots__ = ("_anywhere", "_anywhere_terms", "_phrases", "_phrases_terms")

    def __init__(self, terms: Iterable[str]) -> None:
        """``terms`` in lower case. Those with the same words (``rip off``, ``rip-off``) are found together."""
        sought = sorted(frozenset(terms))
        self._phrases_terms = tuple(term for term in sought if term.isascii())
        self._phrases = BytesAhoCorasick([_line(word_bytes(term)) for term in self._phrases_terms])
        self._anywhere_terms = tuple(term for term in sought if not term.isascii())
        self._anywhere = AhoCorasick(self._anywhere_terms)

    def scan(self, text: str) -> Sightings:
        """The terms that occur in ``text``, which is in lower case, and their places in it."""
        line = _line(word_bytes(text))
        phrases = self._phrases.find_matches_as_indexes(line, overlapping=True)
        anywhere = [] if text.isascii() else self._anywhere.find_matches_as_indexes(_unicode(text), overlapping=True)
        return Sightings(text, line, (self._phrases_terms, phrases), (self._anywhere_terms, anywhere))


class Sightings:
    """What an index found in one text. Places are worked out only when they are asked for, and then all at once."""

    def __init__(
        self,
        text: str,
        line: bytes,
        phrases: tuple[tuple[str, ...], list[Hit]],
        anywhere: tuple[tuple[str, ...], list[Hit]],
    ) -> None:
        self._text = text
        self._line = line
        self._phrases = phrases
        self._anywhere = anywhere
        self.terms = {phrases[0][hit[0]] for hit in phrases[1]}
        self.terms.update([anywhere[0][hit[0]] for hit in anywhere[1]])

    def spans(self, term: str) -> list[Span]:
        """Start and end in the text of every occurrence of ``term``, in order."""
        return self._spans[term]

    @cached_property
    def _spans(self) -> dict[str, list[Span]]:
        found: dict[str, list[Span]] = defaultdict(list)
        names, hits = self._anywhere
        for number, start, end in hits:
            found[names[number]].append((start, end))
        if self._phrases[1]:
            self._add_phrases(found)
        return found

    def _add_phrases(self, found: dict[str, list[Span]]) -> None:
        """From places in the line of words to places in the text, by way of the words' numbers."""
        words = [word.span() for word in _WORD.finditer(self._text)]
        begins = [0, *accumulate(len(word) + 1 for word in self._line.split())]
        names, hits = self._phrases
        for number, start, end in hits:
            first, last = bisect_left(begins, start), bisect_left(begins, end - 1) - 1
            found[names[number]].append((words[first][0], words[last][1]))


def word_bytes(text: str) -> list[bytes]:
    """The ASCII words of ``text``, lower case, without apostrophes (``didn't`` is ``didnt``)."""
    if not text.isascii():
        text = text.replace("’", "'")
    return text.encode("utf-8", "replace").translate(_WORD_BYTES, b"'").split()


def _line(words: list[bytes]) -> bytes:
    """The words with a space before and after each, so that a phrase between spaces is one of whole words."""
    return b" %b " % b" ".join(words)


def _unicode(text: str) -> str:
    """``text`` without halves of surrogate pairs, which no UTF-8 can hold; as long as it was."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
