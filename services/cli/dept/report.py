"""Writing one report of a department and saying where it went."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import typer
from pydantic import ValidationError

from services.cli.bus.case_reference import parse_case, ticket_middle
from services.cli.bus.kafka_access import cli_settings
from services.cli.console.output import print_json, say
from services.cli.dept.client import DepartmentQueue, DepartmentUpdates
from shared.errors import ComplaintBusError
from shared.events.decisions import Resolution
from shared.events.departments import Action, DepartmentUpdate
from shared.events.field_wording import field_reason
from shared.events.strict_json import DEEPEST_NESTING
from shared.events.unwritable import unprintable
from shared.invisible import is_blank

_OPTIONS = {"suggested_department": "--suggest", "happened_at": "--at"}
"""Options that are called otherwise than the field they fill."""


def resolution_of(status: str, cause: str, measures: str) -> Resolution:
    """The answer to the consumer; a part that is too long is wrong use."""
    with _limits_told():
        return Resolution(status=status, cause=cause, measures=measures)


def report(
    context: typer.Context,
    complaint_id: str,
    action: Action,
    at: str | None,
    as_json: bool,
    bootstrap: str | None,
    **facts: Any,
) -> None:
    """Write one update of the department in ``context`` and say where it is. ``facts`` are fields of the update."""
    if is_blank(facts.get("reason", "given")):
        raise typer.BadParameter("says nothing: write a reason code, e.g. not_our_product", param_hint="--reason")
    case = _case(complaint_id)
    settings = cli_settings(bootstrap)
    clock = settings.make_clock()
    with _limits_told():  # before anybody is asked: what was typed is wrong whatever the bus says
        happened_at = _instant(at) if at else clock.now()
        update = DepartmentUpdate(complaint_id=str(case), action=action, happened_at=happened_at, **facts)
    _require_printable(update)
    with closing(DepartmentQueue(settings.kafka, context.obj)) as queue:
        update = update.model_copy(update={"complaint_id": _complaint_id(case, queue)})
    with closing(DepartmentUpdates(settings.kafka, clock)) as updates:
        written = updates.report(context.obj, update)
    if as_json:
        print_json({**asdict(written), "update": update.model_dump(mode="json", exclude_none=True)})
    else:
        say(
            f"{action.value} is on {written.topic}[{written.partition}]@{written.offset}; the router judges it "
            f"('cbus dept {context.obj} refused' lists what it does not take)"
        )


@contextmanager
def _limits_told() -> Iterator[None]:
    """What the contract does not take is told by its option and limit, never by what was typed."""
    try:
        yield
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = str(problem["loc"][-1])
        raise typer.BadParameter(problem["msg"], param_hint=_OPTIONS.get(field, f"--{field}")) from None


def _require_printable(update: DepartmentUpdate) -> None:
    problem = next(unprintable(update.model_dump(), DEEPEST_NESTING), None)
    if problem is not None:
        field = problem.field.rpartition(".")[2]
        raise typer.BadParameter(field_reason(problem, "en"), param_hint=_OPTIONS.get(field, f"--{field}"))


def _case(text: str) -> UUID | str:
    try:
        return parse_case(text)
    except ComplaintBusError as error:
        raise typer.BadParameter(str(error)) from None


def _complaint_id(case: UUID | str, queue: DepartmentQueue) -> str:
    """The case: by its id, or by the ticket number of one in the department's queue."""
    if isinstance(case, UUID):
        return str(case)
    middle = case.split("-")[1]
    found = next((record.key for record in queue.present() if record.key and ticket_middle(record.key) == middle), None)
    if found is None:
        raise ComplaintBusError(f"no case with ticket number {case} was ever in this department's queue")
    return found.decode()


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not an ISO 8601 instant", param_hint="--at") from None
    if instant.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no offset, e.g. +08:00", param_hint="--at")
    return instant
