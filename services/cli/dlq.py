"""``cbus dlq ls|show|replay``: what could not be handled, why, and sending it back once the cause is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Annotated, Any

import typer

from services.cli.dead_letter_record import DeadLetter, DeadLetterReference, parse_reference, read_dead_letter
from services.cli.dlq_replay import send_back
from services.cli.kafka_access import (
    all_partitions,
    bus_topics_of,
    cli_settings,
    is_dead_letter_topic,
    open_reader,
    scan,
)
from services.cli.options import BootstrapOption, JsonOption
from services.cli.output import print_json, print_json_line, print_table, say
from shared.errors import ComplaintBusError, InvalidEvent
from shared.streaming.records import ConsumerRecord, TopicPartition

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
    """How many, by topic, origin and reason."""
    with closing(open_reader(cli_settings(bootstrap).kafka)) as reader:
        letters = list(_select(reader, topic, reason))
    if each:
        _print_each(letters, as_json)
    else:
        _print_counts(letters, as_json)


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
    with closing(open_reader(cli_settings(bootstrap).kafka)) as reader:
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")] = False,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """Send dead letters back to the topic they came from, with the same ce_id; name them, or give --topic/--reason."""
    if not references and topic is None and reason is None:
        raise typer.BadParameter("name dead letters, or select them with --topic or --reason")
    wanted = [_reference(text) for text in references or ()]
    settings = cli_settings(bootstrap).kafka
    with closing(open_reader(settings)) as reader:
        letters = [_find(reader, each) for each in wanted] or list(_select(reader, topic, reason))
    sent = letters if dry_run else send_back(settings, letters)
    for letter in letters:
        if as_json:
            print_json_line({"reference": str(letter.reference), "to": letter.origin_topic, "sent": not dry_run})
    say(
        f"{'would send' if dry_run else 'sent'} {len(sent)} of {len(letters)} dead letters back to where they came from"
    )


def _select(reader: Any, topic: str | None, reason: str | None) -> Iterator[DeadLetter]:
    """Dead letters of one topic or all, of one reason or all."""
    names = [name for name in bus_topics_of(reader) if is_dead_letter_topic(name)]
    if topic is not None and topic not in names:
        raise ComplaintBusError(f"there is no dead-letter topic {topic}; there are: {', '.join(names) or 'none'}")
    partitions = all_partitions(reader, [topic] if topic is not None else names)
    return (letter for letter in readable(scan(reader, partitions)) if reason is None or letter.reason == reason)


def readable(records: Iterable[ConsumerRecord]) -> Iterator[DeadLetter]:
    """The dead letters among ``records``; of what is none it is said where it lies, and the rest goes on."""
    for record in records:
        try:
            yield read_dead_letter(record)
        except InvalidEvent as problem:
            say(f"left out: {problem.detail}; something else than the bus wrote it")


def _find(reader: Any, reference: DeadLetterReference) -> DeadLetter:
    if reference.partition in (reader.partitions_for_topic(reference.topic) or ()):
        for record in scan(reader, [TopicPartition(reference.topic, reference.partition)]):
            if record.offset == reference.offset:
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
