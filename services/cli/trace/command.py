"""``cbus trace TICKET|COMPLAINT_ID``: one complaint through every topic, in order; personal data masked."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any
from uuid import UUID

import typer

from services.cli.bus.case_reference import parse_case, ticket_middle
from services.cli.bus.kafka_access import all_partitions, bus_topics_of, cli_settings, open_reader, partition_of, scan
from services.cli.bus.kafka_rights import expected_topics, hidden_topics, missing_right, require_visible
from services.cli.console.options import BootstrapOption, JsonOption
from services.cli.console.output import print_json, print_table, say
from services.cli.trace.story import StoryStep, tell_story
from shared.errors import ComplaintBusError
from shared.events import topics
from shared.events.journey import tells_of_complaints
from shared.streaming.records import TopicPartition


def trace_command(
    case: Annotated[str, typer.Argument(metavar="TICKET|COMPLAINT_ID", help="Ticket number or complaint id.")],
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """One complaint through every topic, in order. Personal data is masked.

    Rows stand by the time they bear. What surely followed another row stands below it, also where the clocks of the
    two writers say otherwise; such a row says so. Equal times stand in the order of a complaint's journey.
    """
    wanted = parse_case(case)
    settings = cli_settings(bootstrap).kafka
    with closing(open_reader(settings)) as reader:
        seen = reader.topics()
        if isinstance(wanted, str):
            require_visible(settings, [topics.LIFECYCLE, topics.RECEIVED], seen)
        hidden = hidden_topics(settings, filter(tells_of_complaints, expected_topics()), seen)
        complaint_id = str(wanted) if isinstance(wanted, UUID) else find_complaint(reader, wanted)
        steps = tell_story(record for record in _records_of(reader, complaint_id))
    if hidden:
        say(f"not all: {missing_right(settings, hidden)}")
    if not steps:
        if hidden:
            raise ComplaintBusError(f"nothing was found about {case} on the topics this user may see")
        raise ComplaintBusError(f"nothing is known about {case}: no record with this key on any topic")
    if as_json:
        print_json({"complaint_id": complaint_id, "steps": [step.as_json() for step in steps]})
    else:
        _print(complaint_id, steps)


def find_complaint(reader: Any, ticket: str) -> str:
    """The complaint with this ticket number.

    The ticket's middle part is the first 50 bits of the complaint id, so keys are compared and no value is read.
    """
    middle = ticket.split("-")[1]
    names = [name for name in (topics.LIFECYCLE, topics.RECEIVED) if name in reader.topics()]
    for name in names:  # the case log lives longer; what is only received has no entry there yet
        for record in scan(reader, all_partitions(reader, [name])):
            if record.key is not None and ticket_middle(record.key) == middle:
                return record.key.decode()
    raise ComplaintBusError(f"no complaint with ticket number {ticket} is on the bus (it may be past the retention)")


def _records_of(reader: Any, complaint_id: str) -> Any:
    """Records with this key, read from the one partition of each topic that can hold it."""
    key = complaint_id.encode()
    counts = {name: len(reader.partitions_for_topic(name) or ()) for name in bus_topics_of(reader)}
    wanted = [TopicPartition(name, partition_of(key, count)) for name, count in counts.items() if count]
    return (record for record in scan(reader, wanted) if record.key == key)


def _print(complaint_id: str, steps: list[StoryStep]) -> None:
    rows = [(step.time, step.who, step.event_type, step.facts_text()) for step in steps]
    print_table(f"complaint {complaint_id}", ("time", "who", "what", "facts"), rows)
