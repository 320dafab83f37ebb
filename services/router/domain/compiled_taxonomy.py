"""The taxonomy made ready for thousands of texts a second: one index over all terms, and what each term means."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.router.domain.danger_reading import ContextReader, Reading, in_chinese, in_one_breath, occurrences
from services.router.domain.term_index import TermIndex
from shared.events.decisions import Severity

if TYPE_CHECKING:
    from services.router.domain.taxonomy import Danger, Taxonomy

Span = tuple[int, int]

_NO_TERMS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Meaning:
    """What finding a term says."""

    votes: tuple[tuple[str, float], ...] = ()
    strength: float = 0.0
    severity: Severity | None = None
    danger: Danger | None = None
    hides: frozenset[str] = _NO_TERMS
    neutral: bool = False


@dataclass(frozen=True, slots=True)
class DangerFound:
    """A danger term that its context did not take back."""

    term: str
    danger: Danger
    reading: Reading


class CompiledTaxonomy:
    """Finds the taxonomy's terms in a text and knows what each means."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        votes = _votes(taxonomy)
        severities = _severities(taxonomy)
        dangers = {term: danger for danger in taxonomy.safety.dangers for term in danger.terms}
        neutral = frozenset(taxonomy.neutral_terms)
        terms = {*votes, *severities, *dangers, *neutral}
        hidden = _hidden_terms(terms)
        self._index = TermIndex(terms)
        self._meanings = {
            term: Meaning(
                tuple(votes.get(term, ())),
                max((weight for _, weight in votes.get(term, ())), default=0.0),
                severities.get(term),
                dangers.get(term),
                _NO_TERMS if term in dangers else hidden[term],
                term in neutral,
            )
            for term in terms
        }
        self._names = {
            name.lower(): category.id
            for category in taxonomy.categories
            for name in (category.label_zh, category.label_en, *category.aliases, category.id)
        }
        self._simplified = str.maketrans({pair[0]: pair[1] for pair in taxonomy.traditional})
        self._traditional = re.compile("|".join(re.escape(pair[0]) for pair in taxonomy.traditional) or r"(?!)")
        safety = taxonomy.safety
        self._harmless = TermIndex(safety.harmless)
        self._chinese = ContextReader(safety.chinese, words=False)
        self._english = ContextReader(safety.english, words=True)

    def category_of(self, name: str | None) -> str | None:
        """The category a declared name means: an id, an alias or a label, in any case; None when unknown."""
        return None if name is None else self._names.get(name.strip().lower())

    def simplified(self, text: str) -> str:
        """``text`` in the script of the terms, of the same length."""
        if text.isascii() or self._traditional.search(text) is None:  # translating costs as much as finding terms
            return text
        return text.translate(self._simplified)

    def find(self, text: str) -> list[tuple[str, Meaning]]:
        """The terms in ``text``, sorted, with their meaning.

        A longer term hides the shorter ones inside it, a neutral term only where it stands itself: "没有质量问题？
        确实有质量问题" is about quality. A danger term neither hides nor is hidden.
        """
        meanings = self._meanings
        found = [(term, meanings[term]) for term in sorted(self._index.find(text))]
        hidden, neutral = _hidden_by(found)
        if neutral:
            found = _without(_only_inside(neutral, found, text), found)
            hidden, _ = _hidden_by(found)
        return _without(hidden, found)

    def read_dangers(self, text: str, terms: Sequence[tuple[str, Danger]]) -> list[DangerFound]:
        """Of the danger ``terms`` found in ``text``, those that happened or nearly did."""
        lowered = _lowered(text)
        places = {term: list(occurrences(term, lowered)) for term, _ in terms}
        phrases = [span for phrase in self._harmless.find(lowered) for span in occurrences(phrase, lowered)]
        taken = [span for span in phrases if in_one_breath(lowered, *span)]
        taken += [span for spans in places.values() for span in spans]
        readings = ((term, danger, self._read(lowered, term, danger, places[term], taken)) for term, danger in terms)
        return [DangerFound(term, danger, reading) for term, danger, reading in readings if reading]

    def _read(self, text: str, term: str, danger: Danger, spans: list[Span], taken: list[Span]) -> Reading:
        """The weightiest reading among the term's occurrences outside longer ones."""
        if not spans:  # the index found it where the pattern does not ("fire's"): no context may take it back
            return Reading.HAPPENED
        readings = (
            self._reader(text, term, start).read(text, start, end, conditional_counts=danger.conditional_counts)
            for start, end in _outside(spans, taken)
        )
        return max(readings, default=Reading.TAKEN_BACK)

    def _reader(self, text: str, term: str, start: int) -> ContextReader:
        return self._english if term.isascii() and not in_chinese(text, start) else self._chinese


def _without(hidden: set[str], found: list[tuple[str, Meaning]]) -> list[tuple[str, Meaning]]:
    if not hidden:
        return found
    return [(term, meaning) for term, meaning in found if term not in hidden or meaning.danger]


def _hidden_by(found: list[tuple[str, Meaning]]) -> tuple[set[str], list[tuple[str, Meaning]]]:
    """What the terms ``found`` hide in the whole text, and the neutral ones among them, which hide where they stand."""
    hidden: set[str] = set()
    neutral: list[tuple[str, Meaning]] = []
    for entry in found:
        meaning = entry[1]
        if meaning.neutral:
            neutral.append(entry)
        elif meaning.hides:
            hidden |= meaning.hides
    return hidden, neutral


def _only_inside(neutral: list[tuple[str, Meaning]], found: list[tuple[str, Meaning]], text: str) -> set[str]:
    """Those of the terms ``found`` that occur inside ``neutral`` terms and nowhere else."""
    inside = {term for term, _ in found if any(term in meaning.hides for _, meaning in neutral)}
    if not inside:
        return inside
    lowered = _lowered(text)
    taken = [span for term, _ in neutral for span in occurrences(term, lowered)]
    return {term for term in inside if not _outside(occurrences(term, lowered), taken)}


def _lowered(text: str) -> str:
    """``text`` as occurrences are looked for in it."""
    return text.lower().replace("’", "'")


def _outside(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Those of ``spans`` that do not lie within a longer one: "fire" in "catch fire" is read as "catch fire"."""
    return [
        (start, end)
        for start, end in spans
        if not any(first <= start and end <= last and last - first > end - start for first, last in taken)
    ]


def _votes(taxonomy: Taxonomy) -> dict[str, list[tuple[str, float]]]:
    votes: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for category in taxonomy.categories:
        for weight, terms in category.terms.items():
            for term in terms:
                votes[term].append((category.id, weight))
    return votes


def _severities(taxonomy: Taxonomy) -> dict[str, Severity]:
    low = dict.fromkeys(taxonomy.severity.low_terms, Severity.LOW)
    return low | dict.fromkeys(taxonomy.severity.high_terms, Severity.HIGH)


def _hidden_terms(terms: Iterable[str]) -> dict[str, frozenset[str]]:
    """For each term the other terms that stand inside it."""
    known = frozenset(terms)
    return {term: (frozenset(_pieces(term)) - {term}) & known for term in known}


def _pieces(term: str) -> Iterator[str]:
    """Everything that could be found inside ``term``: runs of words, or of characters."""
    parts = term.split() if term.isascii() else list(term)
    joint = " " if term.isascii() else ""
    for start in range(len(parts)):
        for end in range(start + 1, len(parts) + 1):
            yield joint.join(parts[start:end])
