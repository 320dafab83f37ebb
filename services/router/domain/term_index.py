"""Finds which of some hundred terms occur in a text, in one pass over it and without a third-party scanner.

Two alphabets, two ways. Terms in ASCII are words or phrases and match whole words, whatever punctuation stands between
them: the text is cut into words once and looked up in a set. Every other term (Chinese has no word boundaries) matches
anywhere: the text's pairs of neighbouring characters are looked up, and only terms one of whose pairs occurs are searched
for. The cost grows with the text, hardly with the number of terms (``tests/bench`` measures it).
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

_PAIR: Final = "I"  # two UTF-16 code units seen as one number

_WORD_BYTES: Final = bytes(
    ord(chr(byte).lower()) if chr(byte).isalnum() and byte < 128 else ord(" ") for byte in range(256)
)
"""Translation of UTF-8 bytes: ASCII letters in lower case, digits as they are, everything else a space."""


class TermIndex:
    """An immutable set of terms that can be looked for together."""

    __slots__ = ("_pairs", "_phrases", "_single_words", "_sought_pairs", "_sought_words")

    def __init__(self, terms: Iterable[str]) -> None:
        """``terms`` in lower case; other than ASCII they need two characters or more."""
        sought = sorted(set(terms))
        words = [term for term in sought if term.isascii()]
        self._single_words = {word_bytes(term)[0]: term for term in words if len(word_bytes(term)) == 1}
        self._phrases = _by_rarest_word(term for term in words if len(word_bytes(term)) > 1)
        self._pairs = _by_rarest_pair(term for term in sought if not term.isascii())
        self._sought_words = frozenset(self._single_words.keys() | self._phrases.keys())
        self._sought_pairs = frozenset(self._pairs)

    def find(self, text: str) -> list[str]:
        """The terms that occur in ``text``, each once, in no particular order."""
        found: list[str] = []
        words = word_bytes(text)
        present = self._sought_words.intersection(words)
        if present:
            self._find_words(present, words, found)
        if not text.isascii():
            self._find_pairs(text, found)
        return found

    def _find_words(self, present: frozenset[bytes], words: list[bytes], found: list[str]) -> None:
        joined = b""
        for word in present:
            if word in self._single_words:
                found.append(self._single_words[word])
            if word in self._phrases:
                joined = joined or b" %b " % b" ".join(words)
                found.extend(term for term, phrase in self._phrases[word] if phrase in joined)

    def _find_pairs(self, text: str, found: list[str]) -> None:
        lowered = text.lower()
        for pair in self._sought_pairs.intersection(_pairs(lowered)):
            found.extend(term for term in self._pairs[pair] if term in lowered)


def word_bytes(text: str) -> list[bytes]:
    """The ASCII words of ``text``, lower case, without apostrophes (``didn't`` is ``didnt``)."""
    if not text.isascii():
        text = text.replace("’", "'")
    return text.encode("utf-8", "replace").translate(_WORD_BYTES, b"'").split()


def _by_rarest_word(terms: Iterable[str]) -> dict[bytes, tuple[tuple[str, bytes], ...]]:
    """Phrases filed under the one of their words that fewest other phrases have (a longer word is rarer)."""
    phrases = {term: word_bytes(term) for term in terms}
    frequency = Counter(word for words in phrases.values() for word in set(words))
    filed: dict[bytes, list[tuple[str, bytes]]] = defaultdict(list)
    for term, words in phrases.items():
        rarest = min(words, key=lambda word: (frequency[word] / len(word), word))
        filed[rarest].append((term, b" %b " % b" ".join(words)))
    return {word: tuple(entries) for word, entries in filed.items()}


def _by_rarest_pair(terms: Iterable[str]) -> dict[int, tuple[str, ...]]:
    pairs_of = {term: set(_pairs(term)) for term in terms}
    frequency = Counter(pair for pairs in pairs_of.values() for pair in pairs)
    filed: dict[int, list[str]] = defaultdict(list)
    for term, pairs in pairs_of.items():
        filed[min(pairs, key=lambda pair: (frequency[pair], pair))].append(term)
    return {pair: tuple(entries) for pair, entries in filed.items()}


def _pairs(text: str) -> array[int]:
    """Every two neighbouring UTF-16 units of ``text`` as numbers: those at even places, then those at odd places."""
    units = text.encode("utf-16-le", "surrogatepass")
    pairs = array(_PAIR, units[: len(units) // 4 * 4])
    pairs.frombytes(units[2 : 2 + (len(units) - 2) // 4 * 4])
    return pairs
