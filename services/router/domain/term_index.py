"""Finds which of some thousand terms occur in a text, in one pass over it and without a third-party scanner.

Two alphabets, two ways. Terms in ASCII are words or phrases and match whole words, whatever punctuation stands
between them: the text is cut into words once and followed through a tree of the terms' words. Every other term (Chinese
has no word boundaries) matches anywhere: the text's pairs of neighbouring characters are looked up, and only terms
whose two rarest pairs occur are searched for. The cost grows with the text, hardly with the number of terms.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

_PAIR: Final = "I"  # two UTF-16 code units seen as one number

_COMMON: Final = frozenset(
    "的一是不了在人有我他这个上大为和到以说时要就出会可也你对生能子那得下自过发后作里用所家事成方多"
)
"""Among the commonest characters of Chinese texts: pairs made of them occur too often to be good signposts."""

_WORD_BYTES: Final = bytes(
    ord(chr(byte).lower()) if chr(byte).isalnum() and byte < 128 else ord(" ") for byte in range(256)
)
"""Translation of UTF-8 bytes: ASCII letters in lower case, digits as they are, everything else a space."""


class _Node:
    """A place in the tree of words: the term that ends here, if any, and the words that lead on."""

    __slots__ = ("following", "term")

    def __init__(self) -> None:
        self.term: str | None = None
        self.following: dict[bytes, _Node] = {}


class TermIndex:
    """An immutable set of terms that can be looked for together."""

    __slots__ = ("_pairs", "_sought_pairs", "_words")

    def __init__(self, terms: Iterable[str]) -> None:
        """``terms`` in lower case; other than ASCII they need two characters or more."""
        sought = frozenset(terms)
        self._words = _tree_of_words(term for term in sought if term.isascii())
        self._pairs = _by_rarest_pair(term for term in sought if not term.isascii())
        seconds = (second for entries in self._pairs.values() for _, second in entries)
        self._sought_pairs = frozenset((*self._pairs, *seconds))

    def find(self, text: str) -> set[str]:
        """The terms that occur in ``text``."""
        found: set[str] = set()
        self._find_words(word_bytes(text), found)
        if not text.isascii():
            self._find_pairs(text.lower(), found)
        return found

    def _find_words(self, words: list[bytes], found: set[str]) -> None:
        roots = self._words
        words.append(b"")  # no term has an empty word, so every walk ends here at the latest
        for position, word in enumerate(words):
            node = roots.get(word)
            while node is not None:
                if node.term is not None:
                    found.add(node.term)
                position += 1
                node = node.following.get(words[position])

    def _find_pairs(self, text: str, found: set[str]) -> None:
        present = self._sought_pairs.intersection(_pairs(text))
        for pair in present:
            for term, second in self._pairs.get(pair, ()):
                if second in present and term in text:
                    found.add(term)


def word_bytes(text: str) -> list[bytes]:
    """The ASCII words of ``text``, lower case, without apostrophes (``didn't`` is ``didnt``)."""
    if not text.isascii():
        text = text.replace("’", "'")
    return text.encode("utf-8", "replace").translate(_WORD_BYTES, b"'").split()


def _tree_of_words(terms: Iterable[str]) -> dict[bytes, _Node]:
    top = _Node()
    for term in terms:
        node = top
        for word in word_bytes(term):
            node = node.following.setdefault(word, _Node())
        node.term = term
    return top.following


def _by_rarest_pair(terms: Iterable[str]) -> dict[int, tuple[tuple[str, int], ...]]:
    """Terms filed under the pair of theirs that is likely to be rarest, in texts, then among terms; with the second."""
    pairs_of = {term: set(_pairs(term)) for term in terms}
    frequency = Counter(pair for pairs in pairs_of.values() for pair in pairs)
    filed: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for term, pairs in pairs_of.items():
        rarest = sorted(pairs, key=lambda pair: (_commonness(pair), frequency[pair], pair))
        filed[rarest[0]].append((term, rarest[1 if len(rarest) > 1 else 0]))
    return {pair: tuple(entries) for pair, entries in filed.items()}


def _commonness(pair: int) -> int:
    characters = pair.to_bytes(4, sys.byteorder).decode("utf-16-le", "replace")
    return sum(character in _COMMON for character in characters)


def _pairs(text: str) -> array[int]:
    """Every two neighbouring UTF-16 units of ``text`` as numbers: those at even places, then those at odd places."""
    units = text.encode("utf-16-le", "surrogatepass")
    pairs = array(_PAIR, units[: len(units) // 4 * 4])
    pairs.frombytes(units[2 : 2 + (len(units) - 2) // 4 * 4])
    return pairs
