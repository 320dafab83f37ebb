"""Which dead letters go back to where they came from, which do not, and why. What the bus holds is passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.cli.bus.dead_letter_record import DeadLetter
from services.cli.bus.dead_letters import origin_of
from shared.events import clients, topics
from shared.events.journey import department_of_queue

_OBSERVERS_DEAD_LETTERS: Final = topics.dead_letter_topic("auditor")
_CHANNELS_DEAD_LETTERS: Final = topics.dead_letter_topic("intake")
_READERS: Final = {topic.name: topic.readers for topic in topics.bus_topics([])}

NOT_WHOLE: Final = "it was too large to be kept whole; 'cbus dlq show' tells where the record itself lies"
OF_AN_OBSERVER: Final = (
    f"{_OBSERVERS_DEAD_LETTERS} never goes back: the auditor only watches, and whom these records were meant for has "
    "had them; written again they would be there twice for everybody. Restart the auditor with the mended code; its "
    "state can be rebuilt from the topics it reads"
)
OF_A_CHANNEL: Final = (
    f"{_CHANNELS_DEAD_LETTERS} never goes back: it came from outside and was on no topic. What it says, if it is a "
    "complaint, is sent through intake's door"
)
REPLAYED_BEFORE: Final = "sent back before, and still on its topic; --again sends it once more"
SAME_RECORD: Final = "the same record as another dead letter, which stands for both"
SETTLED: Final = (
    f"its message has an outcome on {topics.NOTIFICATION_EVENTS} already (sent or failed); nobody is written to twice"
)


@dataclass(frozen=True, slots=True)
class OnTheBus:
    """What the bus says about some dead letters."""

    replayed: frozenset[str] = frozenset()
    """References that stand on a record of their origin as ``replayed-from``."""
    settled: frozenset[str] = frozenset()
    """Notification ids with an outcome that nothing follows: sent or failed."""
    partitions: Mapping[str, int] = field(default_factory=dict)
    """How many partitions each origin has; 0 or absent: it does not exist."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one dead letter. ``why_not`` None: it goes back."""

    letter: DeadLetter
    why_not: str | None = None
    is_done: bool = False
    """Left out because what it asks for has happened, which is no failure."""


def has_one_purpose(origin: str) -> bool:
    """Whether a record sent back there reaches just whom it was meant for, or readers that know it by its id."""
    return origin in (topics.RECEIVED, topics.NOTIFICATION_REQUESTS) or topics.is_written_by_outsiders(origin)


def readers_of(origin: str) -> str:
    """Who reads a topic, in words."""
    department = department_of_queue(origin)
    if department is None:
        return ", ".join(_READERS.get(origin, ("whoever reads it",)))
    return ", ".join(dict.fromkeys((department, *clients.readers_of(origin))))


def refusal_of(letter: DeadLetter, *, all_readers: bool) -> str | None:
    """Why ``letter`` may not go back, whatever the bus holds; None when it may."""
    if letter.record.topic == _OBSERVERS_DEAD_LETTERS:
        return OF_AN_OBSERVER
    if letter.record.topic == _CHANNELS_DEAD_LETTERS:
        return OF_A_CHANNEL
    if not letter.is_complete:
        return NOT_WHOLE
    if has_one_purpose(letter.origin_topic) or all_readers:
        return None
    return (
        f"{letter.origin_topic} is read by {readers_of(letter.origin_topic)}: sent back for {letter.service}, it would "
        "be there a second time for every one of them; --all-readers sends it all the same"
    )


def judge(letters: Sequence[DeadLetter], on_the_bus: OnTheBus, *, again: bool, all_readers: bool) -> list[Verdict]:
    """The verdict on each of ``letters``, in order. ``again``: also what was sent back before."""
    known = _replayed_origins(letters, on_the_bus)
    judged: set[tuple[str, int, int]] = set()
    verdicts = []
    for letter in letters:
        verdict = _judge_one(letter, on_the_bus, all_readers)
        if verdict.why_not is None and origin_of(letter) in judged:
            verdict = Verdict(letter, SAME_RECORD, is_done=True)
        elif verdict.why_not is None and origin_of(letter) in known and not again:
            verdict = Verdict(letter, REPLAYED_BEFORE, is_done=True)
        if verdict.why_not is None:
            judged.add(origin_of(letter))
        verdicts.append(verdict)
    return verdicts


def warnings_of(verdicts: Sequence[Verdict], on_the_bus: OnTheBus) -> list[str]:
    """What the options that were given may do with those that go back."""
    going = [verdict.letter for verdict in verdicts if verdict.why_not is None]
    known = _replayed_origins([verdict.letter for verdict in verdicts], on_the_bus)
    twice = sum(origin_of(letter) in known for letter in going)
    warnings = [
        f"--all-readers: {origin} is read by {readers_of(origin)}; every one of them sees these records a second time"
        for origin in sorted({letter.origin_topic for letter in going if not has_one_purpose(letter.origin_topic)})
    ]
    if twice:
        warnings.append(
            f"--again: {twice} of these were sent back before and are written once more. Who knows them by their ce_id "
            "drops them; a message to a person that has no outcome yet goes out twice, and nothing marks the second"
        )
    return warnings


def _replayed_origins(letters: Sequence[DeadLetter], on_the_bus: OnTheBus) -> set[tuple[str, int, int]]:
    return {origin_of(letter) for letter in letters if str(letter.reference) in on_the_bus.replayed}


def _judge_one(letter: DeadLetter, on_the_bus: OnTheBus, all_readers: bool) -> Verdict:
    refusal = refusal_of(letter, all_readers=all_readers)
    if refusal is not None:
        return Verdict(letter, refusal)
    if not 0 <= letter.origin_partition < on_the_bus.partitions.get(letter.origin_topic, 0):
        return Verdict(letter, f"there is no {letter.origin_topic}[{letter.origin_partition}]; was the topic deleted?")
    if letter.null_headers:
        names = ", ".join(letter.null_headers)
        return Verdict(letter, f"has a header without a value ({names}), which this client cannot write")
    if letter.origin_topic == topics.NOTIFICATION_REQUESTS and letter.header("ce_id") in on_the_bus.settled:
        return Verdict(letter, SETTLED, is_done=True)
    return Verdict(letter)
