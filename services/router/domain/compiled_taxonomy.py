"""The taxonomy made ready for thousands of texts a second: one index over all terms, and what each term means."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import filterfalse

from services.router.domain.covering import Covering, has_line_end
from services.router.domain.danger_reading import ContextReader, Reading, in_chinese, in_one_breath
from services.router.domain.reading_copy import ReadingCopy, reading_copy
from services.router.domain.taxonomy import Danger, Taxonomy
from services.router.domain.term_index import Sightings, Span, TermIndex, word_bytes
from shared.events.decisions import Severity

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
    """Finds the taxonomy's terms in a text and knows what each means. Made once: it takes a while."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        votes = _votes(taxonomy)
        severities = _severities(taxonomy)
        dangers = {term: danger for danger in taxonomy.safety.dangers for term in danger.terms}
        neutral = frozenset(taxonomy.neutral_terms)
        terms = _spelled_once({*votes, *severities, *dangers, *neutral})
        hidden = _hidden_terms(terms)
        self._harmless = frozenset(taxonomy.safety.harmless)
        self._index = TermIndex(terms | self._harmless)
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
        self._chinese = ContextReader(safety.chinese, words=False)
        self._english = ContextReader(safety.english, words=True)

    def category_of(self, name: str | None) -> str | None:
        """The category a declared name means: an id, an alias or a label, in any case; None when unknown."""
        return None if name is None else self._names.get(name.strip().lower())

    def copy_of(self, text: str) -> ReadingCopy:
        """``text`` as it is read: folded, and in the script of the terms."""
        copy = reading_copy(text)
        if copy.text.isascii() or self._traditional.search(copy.text) is None:  # translating costs as much as a scan
            return copy
        return copy._replace(text=copy.text.translate(self._simplified))

    def scan(self, copy: ReadingCopy) -> Sightings:
        """Every term of the taxonomy in ``copy``, harmless phrases included, with its places."""
        return self._index.scan(copy.text)

    def meanings(self, sightings: Sightings) -> list[tuple[str, Meaning]]:
        """The terms found that count, sorted, with their meaning.

        A longer term hides the shorter ones inside it, a neutral term only where it stands itself: "没有质量问题？
        确实有质量问题" is about quality. A danger term neither hides nor is hidden.
        """
        meanings = self._meanings
        found = [(term, meanings[term]) for term in sorted(sightings.terms) if term in meanings]
        hidden, neutral = _hidden_by(found)
        if neutral:
            found = _without(_only_inside(neutral, found, sightings), found)
            hidden, _ = _hidden_by(found)
        return _without(hidden, found)

    def read_dangers(
        self, copy: ReadingCopy, sightings: Sightings, terms: Sequence[tuple[str, Danger]]
    ) -> list[DangerFound]:
        """Of the danger ``terms`` found in ``copy``, those that happened or nearly did."""
        if not terms:
            return []
        spans = [span for term, _ in terms for span in sightings.spans(term)]
        copy = _unwrapped(copy, spans)
        covering = Covering([*spans, *self._harmless_spans(copy, sightings)])
        readings = (
            (term, danger, self._read(copy, danger, term, filterfalse(covering.hides, sightings.spans(term))))
            for term, danger in terms
        )
        return [DangerFound(term, danger, reading) for term, danger, reading in readings if reading]

    def _harmless_spans(self, copy: ReadingCopy, sightings: Sightings) -> Iterator[Span]:
        """Harmless phrases said in one breath; where a line ends in one, it may be two sentences."""
        for phrase in sightings.terms & self._harmless:
            for span in sightings.spans(phrase):
                if in_one_breath(copy.text, *span) and not has_line_end(span, copy.line_ends):
                    yield span

    def _read(self, copy: ReadingCopy, danger: Danger, term: str, spans: Iterable[Span]) -> Reading:
        """The weightiest reading among the occurrences ``spans`` of the term."""
        weightiest = Reading.TAKEN_BACK
        for start, end in spans:
            reader = self._reader(copy.text, term, start)
            reading = reader.read(copy, start, end, conditional_counts=danger.conditional_counts)
            weightiest = max(weightiest, reading)
            if weightiest is Reading.HAPPENED:
                break
        return weightiest

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


def _only_inside(
    neutral: list[tuple[str, Meaning]], found: list[tuple[str, Meaning]], sightings: Sightings
) -> set[str]:
    """Those of the terms ``found`` that occur inside ``neutral`` terms and nowhere else."""
    hidden = frozenset[str]().union(*(meaning.hides for _, meaning in neutral))
    inside = {term for term, _ in found if term in hidden}
    if not inside:
        return inside
    covering = Covering([span for term, _ in neutral for span in sightings.spans(term)])
    return {term for term in inside if all(map(covering.hides, sightings.spans(term)))}


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


def _unwrapped(copy: ReadingCopy, spans: Iterable[Span]) -> ReadingCopy:
    """``copy`` without the line ends inside of ``spans``: a line that ends in the middle of a term was only wrapped."""
    if not copy.line_ends:
        return copy
    covering = Covering(spans)
    return copy._replace(
        line_ends=tuple(place for place in copy.line_ends if not covering.holds((place - 1, place + 1)))
    )


def _spelled_once(terms: Iterable[str]) -> set[str]:
    """``terms``, of those with the same words ("rip off", "rip-off") the first: else it would count twice."""
    by_words = {tuple(word_bytes(term)) if term.isascii() else term: term for term in sorted(terms, reverse=True)}
    return set(by_words.values())


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
