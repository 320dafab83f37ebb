"""``cbus dlq ls|show|replay``: what could not be handled, why, and sending it back once the cause is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Annotated, Any

import typer

from services.cli.bus.dead_letter_record import DeadLetter, DeadLetterReference, parse_reference, read_dead_letter
from services.cli.bus.dead_letters import one_per_record, readable
from services.cli.bus.kafka_access import all_partitions, bus_topics_of, cli_settings, open_reader, scan
from services.cli.bus.kafka_rights import expected_topics, hidden_topics, missing_right, require_visible
from services.cli.console.options import BootstrapOption, JsonOption
from services.cli.console.output import print_json, print_json_line, print_table, say
from services.cli.dlq.replay import send_back
from services.cli.dlq.traces import look_for
from services.cli.dlq.verdict import Verdict, judge, refusal_of, warnings_of
from shared.errors import ComplaintBusError
from shared.events.journey import is_dead_letter_topic
from shared.settings import KafkaSettings
from shared.streaming.records import TopicPartition

dlq_app = typer.Typer(no_args_is_help=True, help="Dead letters: records that could not be handled.")

ReferencesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="TOPIC/PARTITION/OFFSET…", help="Which ones, as 'ls --each' prints them.")
]
TopicOption = Annotated[str | None, typer.Option("--topic", help="Only this dead-letter topic.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only this reason.")]


@dlq_app.command("ls")
def list_dead_letters(
    topic: TopicOption = None,
    reason: ReasonOption = None,
    each: Annotated[bool, typer.Option("--each", help="One line per record instead of counts.")] = False,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """How many records, by topic, origin and reason; one that was sent back and refused anew counts once."""
    settings = cli_settings(bootstrap).kafka
    with closing(open_reader(settings)) as reader:
        hidden = _hidden(settings, reader, topic)
        found = list(_select(reader, topic, None))
    standing = one_per_record(found)
    if len(standing) < len(found):
        say(f"left out: {len(found) - len(standing)} older letters of records that are listed by their last one")
    letters = [letter for letter in standing if reason is None or letter.reason == reason]
    if each:
        _print_each(letters, as_json)
    else:
        _print_counts(letters, as_json)
    if hidden:
        say(f"not all: {missing_right(settings, hidden)}")
        raise typer.Exit(1)


@dlq_app.command("show")
def show(
    reference: Annotated[str, typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help="As 'ls --each' prints it.")],
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Also print the value, which may hold personal data.")
    ] = False,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """One dead letter: reason, origin and headers; the value only with --reveal."""
    wanted = _reference(reference)
    settings = cli_settings(bootstrap).kafka
    with closing(open_reader(settings)) as reader:
        require_visible(settings, [wanted.topic], reader.topics())
        letter = _find(reader, wanted)
    described = letter.as_json()
    if reveal:
        described["value"] = letter.record.value.decode(errors="replace") if letter.record.value is not None else None
    if as_json:
        print_json(described)
    else:
        headers = {f"header {name}": value for name, value in described.pop("headers").items()}
        print_table(None, ("field", "value"), (described | headers).items())


@dlq_app.command("replay")
def replay(
    references: ReferencesArgument = None,
    topic: TopicOption = None,
    reason: ReasonOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also those sent back before. A person may get a message twice, unmarked.")
    ] = False,
    all_readers: Annotated[
        bool,
        typer.Option(
            "--all-readers",
            help="Also into topics with several readers, e.g. the case log: each of them sees the record once more.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")] = False,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """Send dead letters back to the topic they came from, with the same ce_id; name them, or give --topic/--reason.

    Sent back once, a letter is left out from then on. Exit code 1: some could not go back; stderr says which and why.
    """
    if not references and topic is None and reason is None:
        raise typer.BadParameter("name dead letters, or select them with --topic or --reason")
    wanted = [_reference(text) for text in references or ()]
    settings = cli_settings(bootstrap).kafka
    with closing(open_reader(settings)) as reader:
        named = {each.topic for each in wanted} or {name for name in (topic,) if name is not None}
        require_visible(settings, named or _dead_letter_topics(), reader.topics())
        letters = [_find(reader, each) for each in wanted] or list(_select(reader, topic, reason))
        allowed = [letter for letter in letters if refusal_of(letter, all_readers=all_readers) is None]
        on_the_bus = look_for(reader, allowed)
    verdicts = judge(letters, on_the_bus, again=again, all_readers=all_readers)
    for warning in warnings_of(verdicts, on_the_bus):
        say(warning)
    if not dry_run:
        verdicts = _carried_out(settings, verdicts)
    if as_json:
        _print_verdicts(verdicts, dry_run)
    _say_what_became_of(verdicts, dry_run)
    raise typer.Exit(0 if all(verdict.why_not is None or verdict.is_done for verdict in verdicts) else 1)


def _carried_out(settings: KafkaSettings, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts with what became of those that were to go back."""
    going = [verdict.letter for verdict in verdicts if verdict.why_not is None]
    sent = iter(send_back(settings, going) if going else [])
    return [next(sent) if verdict.why_not is None else verdict for verdict in verdicts]


def _print_verdicts(verdicts: Sequence[Verdict], dry_run: bool) -> None:
    for verdict in verdicts:
        line = {"reference": str(verdict.letter.reference), "to": verdict.letter.origin_topic}
        is_sent = verdict.why_not is None and not dry_run
        print_json_line(line | {"sent": is_sent} | ({"reason": verdict.why_not} if verdict.why_not else {}))


def _say_what_became_of(verdicts: Sequence[Verdict], dry_run: bool) -> None:
    left_out: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.why_not is not None:
            left_out.setdefault(verdict.why_not, []).append(verdict)
    for why_not, those in left_out.items():
        more = f" and {len(those) - 1} more" if len(those) > 1 else ""
        say(f"not sent: {those[0].letter.reference}{more}: {why_not}")
    going = len(verdicts) - sum(map(len, left_out.values()))
    say(f"{'would send' if dry_run else 'sent'} {going} of {len(verdicts)} dead letters back to where they came from")


def _dead_letter_topics() -> list[str]:
    return [name for name in expected_topics() if is_dead_letter_topic(name)]


def _hidden(settings: KafkaSettings, reader: Any, topic: str | None) -> list[str]:
    """Topics whose letters cannot be shown. ComplaintBusError: that is all of them, so there is nothing to show."""
    wanted, seen = [topic] if topic is not None else _dead_letter_topics(), reader.topics()
    if not any(is_dead_letter_topic(name) for name in seen) or topic is not None:
        require_visible(settings, wanted, seen)
    return hidden_topics(settings, wanted, seen)


def _select(reader: Any, topic: str | None, reason: str | None) -> Iterator[DeadLetter]:
    """Dead letters of one topic or all, of one reason or all."""
    names = [name for name in bus_topics_of(reader) if is_dead_letter_topic(name)]
    if topic is not None and topic not in names:
        raise ComplaintBusError(f"there is no dead-letter topic {topic}; there are: {', '.join(names) or 'none'}")
    partitions = all_partitions(reader, [topic] if topic is not None else names)
    return (letter for letter in readable(scan(reader, partitions)) if reason is None or letter.reason == reason)


def _find(reader: Any, reference: DeadLetterReference) -> DeadLetter:
    if reference.partition in (reader.partitions_for_topic(reference.topic) or ()):
        place = TopicPartition(reference.topic, reference.partition)
        record = next(scan(reader, [place], {place: reference.offset}), None)
        if record is not None and record.offset == reference.offset:
            return read_dead_letter(record)
    raise ComplaintBusError(f"there is no dead letter {reference}")


def _reference(text: str) -> DeadLetterReference:
    reference = parse_reference(text)
    if reference is None:
        raise typer.BadParameter(f"{text!r} is not TOPIC/PARTITION/OFFSET")
    return reference


def _print_counts(letters: list[DeadLetter], as_json: bool) -> None:
    counts = Counter((letter.record.topic, letter.origin_topic, letter.reason) for letter in letters)
    columns = ("topic", "origin", "reason", "count")
    rows = [(*group, count) for group, count in sorted(counts.items())]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(None, columns, rows)


def _print_each(letters: list[DeadLetter], as_json: bool) -> None:
    if as_json:
        for letter in letters:
            print_json_line(letter.as_json())
    else:
        rows = [(letter.reference, letter.at, letter.reason, letter.detail) for letter in letters]
        print_table(None, ("reference", "at", "reason", "detail"), rows)
