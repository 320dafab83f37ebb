"""What complaints can be about, and which words say so: versioned data, ``deploy/config/taxonomy.yaml``.

The taxonomy holds evidence, not rules: terms with weights per category, terms that signal danger, and the cues that
turn a danger into something denied, feared or narrowly avoided. ``classify`` weighs what it finds. Terms are written in
the notation of ``term_notation``; cues are regular expressions, because a cue is a piece of grammar.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from services.router.domain.config_model import AmountsByCurrency, ConfigModel
from services.router.domain.reading_copy import reading_copy
from services.router.domain.term_index import word_bytes
from services.router.domain.term_notation import expand_all
from shared.events.decisions import Severity
from shared.language import language_of

_SEVERITY_ZH: Final[Mapping[Severity, str]] = MappingProxyType({Severity.MEDIUM: "中", Severity.HIGH: "高"})

UNCLEAR: Final = "other"
"""The category of a complaint that says too little, or too much at once, to be put anywhere else."""


def _expanded(notations: tuple[str, ...]) -> tuple[str, ...]:
    terms = tuple(dict.fromkeys(reading_copy(term).text for term in expand_all(notations)))
    for term in terms:
        if (term.isascii() and not word_bytes(term)) or len(term) < 2:
            raise ValueError(f"{term!r}: a term needs a word, or two characters of a script without words")
    return terms


def _compiles(cues: tuple[str, ...]) -> tuple[str, ...]:
    for cue in cues:
        try:
            re.compile(cue)
        except re.error as error:
            raise ValueError(f"{cue!r} is not a regular expression: {error}") from None
    return cues


Terms = Annotated[tuple[str, ...], AfterValidator(_expanded)]
"""Terms as they are looked for, all forms written out, folded as the texts are."""

Cues = Annotated[tuple[str, ...], AfterValidator(_compiles)]
"""Regular expressions over lower-case text."""


def _character_pairs(pairs: tuple[str, ...]) -> tuple[str, ...]:
    for pair in pairs:
        if len(pair) != 2 or pair[0] == pair[1] or pair.isascii():
            raise ValueError(f"{pair!r}: must be two different characters, the one met and the one it is read as")
    if twice := [character for character, times in Counter(pair[0] for pair in pairs).items() if times > 1]:
        raise ValueError(f"these are read as two characters: {', '.join(twice)}")
    return pairs


CharacterPairs = Annotated[tuple[str, ...], AfterValidator(_character_pairs)]
"""Characters of one script, each followed by the one of the other script for which it is read."""

Weight = Annotated[float, Field(gt=0, le=20)]


class Category(ConfigModel):
    """One thing a complaint can be about."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60, description="Name used in events and rules.")
    label_zh: str = Field(min_length=1, description="Name for people, Chinese.")
    label_en: str = Field(min_length=1, description="Name for people, English.")
    aliases: tuple[str, ...] = Field((), description="Other names by which channels declare this category.")
    terms: dict[Weight, Terms] = Field(
        default_factory=dict, description="Terms by weight: 3 says it outright, 2 strongly hints, 1 leans that way."
    )

    minimum_severity: Severity | None = Field(
        None, description="Severity at least, whatever is said politely: medium or high."
    )

    @model_validator(mode="after")
    def _minimum_leaves_critical_to_danger(self) -> Category:
        if self.minimum_severity in {Severity.LOW, Severity.CRITICAL}:
            raise ValueError(
                f"minimum_severity: {self.minimum_severity.value!r} is not possible; 'low' would change nothing, and"
                " only a danger found in the text is 'critical': write 'medium' or 'high', or leave it out"
            )
        return self

    @model_validator(mode="after")
    def _one_weight_per_term(self) -> Category:
        times = Counter(term for terms in self.terms.values() for term in terms)
        if twice := [term for term, count in times.items() if count > 1]:
            raise ValueError(f"terms: these have two weights: {', '.join(twice)}")
        return self

    def reason_of_minimum(self, language: str) -> str:
        """Why it is as grave as it is, in Chinese or English as ``language`` (BCP 47) asks."""
        if self.minimum_severity is None:
            raise ValueError(f"category {self.id!r} has no minimum_severity")
        if language_of(language) == "zh":
            return f"“{self.label_zh}”类投诉的严重程度至少为“{_SEVERITY_ZH[self.minimum_severity]}”"
        return f"About '{self.label_en}': at least {self.minimum_severity.value} severity"


class Thresholds(ConfigModel):
    """When evidence is enough. Below it the category is 'other', which a person reads."""

    doubt: float = Field(
        ge=0, description="Weight always on the side of 'other', so that one weak term is not certain."
    )
    minimum_evidence: float = Field(ge=0, description="Weight the winning category needs.")
    minimum_share: float = Field(ge=0, le=1, description="Share of all evidence, doubt included, the winner needs.")
    minimum_lead: float = Field(ge=0, description="Weight by which the winner must lead the second; a tie is unclear.")
    declared_weight: float = Field(ge=0, description="Weight of the category the complainant or channel declared.")


class SeveritySignals(ConfigModel):
    """What raises or lowers severity when no danger is signalled; everything else is medium."""

    high_terms: Terms = Field((), description="Terms of grave or public matters: media, courts, many people, ruin.")
    low_terms: Terms = Field((), description="Terms of suggestions and enquiries; they count when nothing is grave.")
    high_amounts: AmountsByCurrency = Field(
        default_factory=dict, description="By ISO 4217 currency: an amount in dispute from here on is high."
    )
    minor: Severity = Field(Severity.HIGH, description="Severity, at least, when the complainant is under age.")


class Danger(ConfigModel):
    """One kind of danger to life or health."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the kind.")
    label_zh: str = Field(min_length=1, description="Name for people, Chinese.")
    label_en: str = Field(min_length=1, description="Name for people, English.")
    harm: bool = Field(description="True: harm done or imminent, critical. False: a hazard, high.")
    category: str | None = Field(None, description="Category it is evidence for; none when any matter can lead to it.")
    weight: Weight = Field(1, description="Weight of each of its terms for that category.")
    conditional_counts: bool = Field(False, description="True: 'if … then I will …' is a threat, not a hypothesis.")
    terms: Terms = Field(min_length=1, description="Terms that signal it.")


class ContextCues(ConfigModel):
    """What around a danger term takes the danger out of it, in one language."""

    denials: Cues = Field(description="Before the term, joined by fillers only: it did not happen.")
    fillers: Cues = Field((), description="What may stand between a denial and the term.")
    double_denials: Cues = Field((), description="Right before a denial: it happened after all.")
    denials_after: Cues = Field((), description="Right after the term: it did not happen.")
    hypotheticals: Cues = Field((), description="Before the term within reach: feared, warned of or supposed.")
    hypotheticals_after: Cues = Field((), description="Right after the term: supposed.")
    near_misses: Cues = Field((), description="Before the term within reach: it may happen or nearly did, a hazard.")
    near_misses_after: Cues = Field((), description="Right after the term: a risk of it, a hazard.")
    facts: Cues = Field((), description="Between cue and term: a fact after all, the cue does not count.")
    reach: int = Field(ge=0, le=40, description="How far a hypothetical reaches: characters (zh) or words (en).")


class SafetySignals(ConfigModel):
    """Danger comes first, and a miss is worse than a false alarm: only clear cues take a danger back."""

    dangers: tuple[Danger, ...] = Field(description="Kinds of danger.")
    harmless: Terms = Field((), description="Phrases that contain a danger term but no danger.")
    chinese: ContextCues = Field(description="Cues around Chinese terms.")
    english: ContextCues = Field(description="Cues around English terms.")


class Taxonomy(ConfigModel):
    """Categories, severities and dangers, with the words that signal them."""

    version: str = Field(min_length=1, max_length=40, description="Written into every classification.")
    thresholds: Thresholds = Field(description="When evidence is enough.")
    categories: tuple[Category, ...] = Field(description="What a complaint can be about; 'other' among them.")
    traditional: CharacterPairs = Field(
        (), description="Traditional characters, each with the simplified one it stands for."
    )
    neutral_terms: Terms = Field((), description="Longer terms that mean nothing; they hide the shorter terms inside.")
    severity: SeveritySignals = Field(description="How urgent it is.")
    safety: SafetySignals = Field(description="Danger to life and health.")

    @model_validator(mode="after")
    def _consistent(self) -> Taxonomy:
        problems = [*_repeated_names(self.categories), *_unknown_categories(self), *_terms_in_traditional(self)]
        if UNCLEAR not in self.category_ids:
            problems.append(f"categories: {UNCLEAR!r} is missing; it takes what cannot be classified")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def category_ids(self) -> tuple[str, ...]:
        """All category ids, in file order."""
        return tuple(category.id for category in self.categories)

    @cached_property
    def by_id(self) -> Mapping[str, Category]:
        """The categories by their ids."""
        return {category.id: category for category in self.categories}


def _repeated_names(categories: tuple[Category, ...]) -> list[str]:
    names = Counter(name.lower() for category in categories for name in {category.id, *category.aliases})
    return [f"categories: the name {name!r} is given twice" for name, times in names.items() if times > 1]


def _unknown_categories(taxonomy: Taxonomy) -> list[str]:
    return [
        f"safety.dangers.{index}.category: there is no category {danger.category!r}"
        for index, danger in enumerate(taxonomy.safety.dangers)
        if danger.category is not None and danger.category not in taxonomy.category_ids
    ]


def _terms_in_traditional(taxonomy: Taxonomy) -> list[str]:
    """Texts are searched in simplified characters, so a term with a traditional one would never be met."""
    read_otherwise = frozenset(pair[0] for pair in taxonomy.traditional)
    lists = [
        taxonomy.neutral_terms,
        taxonomy.severity.high_terms,
        taxonomy.severity.low_terms,
        taxonomy.safety.harmless,
        *(danger.terms for danger in taxonomy.safety.dangers),
        *(terms for category in taxonomy.categories for terms in category.terms.values()),
    ]
    spoilt = read_otherwise.intersection("".join("".join(terms) for terms in lists))
    return [
        f"traditional: no term can be found that has {character}; write it simplified" for character in sorted(spoilt)
    ]
