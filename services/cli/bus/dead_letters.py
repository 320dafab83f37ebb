"""Many dead letters: those that can be read, and of each refused record the one that counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from services.cli.bus.dead_letter_record import DeadLetter, read_dead_letter
from services.cli.console.output import say
from shared.errors import InvalidEvent
from shared.streaming.dead_letters import REPLAYED_FROM
from shared.streaming.records import ConsumerRecord


def readable(records: Iterable[ConsumerRecord]) -> Iterator[DeadLetter]:
    """The dead letters among ``records``; of what is none it is said where it lies, and the rest goes on."""
    for record in records:
        try:
            yield read_dead_letter(record)
        except InvalidEvent as problem:
            say(f"left out: {problem.detail}; something else than the bus wrote it")


def origin_of(letter: DeadLetter) -> tuple[str, int, int]:
    """The one record that is meant: a service that died in between may have written two dead letters of it."""
    return letter.origin_topic, letter.origin_partition, letter.origin_offset


def one_per_record(letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    """Of each record the letter that counts, in order: not one that was sent back and refused anew, nor a twin.

    ``letters`` must be all of their topics, whatever their reason: a second refusal may have another one.
    """
    sent_back = {letter.header(REPLAYED_FROM) for letter in letters}
    superseded = {origin_of(letter) for letter in letters if str(letter.reference) in sent_back}
    first: dict[tuple[str, int, int], DeadLetter] = {}
    for letter in letters:
        first.setdefault(origin_of(letter), letter)
    return [letter for origin, letter in first.items() if origin not in superseded]
