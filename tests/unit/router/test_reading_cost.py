"""What a text costs grows as the text does, whatever it repeats, nests or leaves open: one complaint stops nobody."""

from __future__ import annotations

import gc
import itertools
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from services.router.domain.classify import classify
from services.router.domain.covering import Covering
from shared.events.complaint import Narrative
from tests.unit.router.shipped_config import COMPILED, TAXONOMY

LONGEST = 20_000
"""Characters the door lets through."""

DANGERS = [term for danger in TAXONOMY.safety.dangers for term in danger.terms]
ALL_TERMS = sorted({term for category in TAXONOMY.categories for terms in category.terms.values() for term in terms})
UNITS = {
    "one danger again and again": "着火",
    "dangers that overlap": "自爆炸裂",
    "English dangers": "fire ",
    "every danger": "".join(DANGERS),
    "every danger, with spaces": " ".join(DANGERS),
    "every term": "".join(ALL_TERMS),
    "every term, with spaces": " ".join(ALL_TERMS),
    "denied each time": "没有着火，",
    "feared each time": "怕着火，",
    "denied in English": "no fire, ",
    "a possessive each time": "the fire's ",
    "neutral terms": "没有质量问题",
    "harmless phrases": "打不着火",
    "harmless phrases, wrapped": "打不着\n火",
    "one character a line": "着\n火\n",
    "spaces": " " * 100,
    "ideographic spaces": "着" + "　" * 99 + "a",
    "apostrophes": "'",
    "apostrophes in words": "a'''''''",
    "tags left open": "<a ",
    "tags in tags": "<b<i>",
    "comments left open": "<!--",
    "references": "&#30528;&#28779;&nbsp;",
    "references left open": "&#",
    "marks out of order": "\u0301\u0323",
    "letters with marks out of order": "a" + "\u0301\u0323" * 50,
    "zero-width characters": "着\u200b火",
    "full-width letters": "ｆｉｒｅ　",
    "characters that stand for eighteen": "\ufdfa",
    "suppositions": "if ",
    "suppositions in Chinese": "如果",
    "denials": "no not ",
    "denials in Chinese": "没有",
    "marks on Han characters": "着\u0301火\u0336",
    "terminal codes": "着\x1b[31m火",
    "terminal codes left open": "\x1b[1;",
    "backslashes": "\\",
    "escapes": r"\u7740\u706b",
    "escapes left open": "\\u7",
    "signs between characters": "着*火_",
    "signs alone": "*",
    "private use": "着\ue000火",
    "half a surrogate pair": "\ud83d着火",
}


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_four_times_the_text_costs_about_four_times_as_much(unit: str) -> None:
    """Squared growth would make it sixteen times; the processor's own time, so that a busy machine does not matter."""
    short, long = (_text(unit, length) for length in (LONGEST // 4, LONGEST))
    ratio = min(_seconds_of(long) / _seconds_of(short) for _ in range(2))
    assert ratio < 9 or _seconds_of(long) < 0.005  # so little that the clock's own grain shows


def test_a_character_of_the_worst_text_costs_no_more_than_a_page_of_a_plain_one() -> None:
    plain = _seconds_of(_text("这台冰箱不制冷，客服一直不回电话。", LONGEST)) / LONGEST
    with _no_collection():
        worst = max(_measured(partial(_classify, _text(unit, LONGEST))) for unit in UNITS.values()) / LONGEST
    assert worst < 200 * plain


@pytest.mark.parametrize("denial", ["没有", "no "])
def test_no_two_fillers_can_be_read_in_so_many_ways_that_it_takes_long(denial: str) -> None:
    """ "大的" is a filler, and so are "大" and "的": forty of them can be read in a million times a million ways."""
    cues = TAXONOMY.safety.chinese if denial == "没有" else TAXONOMY.safety.english
    joint, end = ("", "啊着火") if denial == "没有" else (" ", " xx fire")
    fillers = list(dict.fromkeys(_plain_form(filler) for filler in cues.fillers))
    started = time.process_time()
    for one, other in itertools.combinations_with_replacement(fillers, 2):
        between = joint.join([one, other] * 20)[: 76 - len(denial)]
        _classify(f"{denial}{between}{end}")
    assert time.process_time() - started < 20  # one pair that is read in every way takes days


@pytest.mark.parametrize("count", [1000, 4000])
def test_spans_are_not_compared_all_with_all(count: int) -> None:
    asked = _Counted([(place, place + 1 + place % 7) for place in range(count)])
    covering = Covering(asked)
    assert asked.reads == 1
    naive = [
        any(first <= start and end <= last and last - first > end - start for first, last in asked.spans)
        for start, end in asked.spans[:200]
    ]
    assert [covering.hides(span) for span in asked.spans[:200]] == naive


class _Counted:
    """Spans that count how often they are gone through."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self.spans = spans
        self.reads = 0

    def __iter__(self) -> Iterator[tuple[int, int]]:
        self.reads += 1
        return iter(self.spans)


def _text(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]


def _classify(text: str) -> None:
    classify(Narrative.model_construct(text=text, subject=None), COMPILED)


def _seconds_of(text: str) -> float:
    """Processor time of one classification, the least of three."""
    with _no_collection():
        return min(_measured(partial(_classify, text)) for _ in range(3))


def _measured(action: Callable[[], None]) -> float:
    started = time.process_time()
    action()
    return time.process_time() - started


@contextmanager
def _no_collection() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _plain_form(cue: str) -> str:
    """A text that a filler's expression matches: without what is optional or only looked at."""
    plain = re.sub(r"\(\?!.*?\)|\(\?:\\s\+and\)\?|.\?(?!:)", "", cue)
    return re.sub(r"\(\?:([^|)]*)[^)]*\)", r"\1", plain)
