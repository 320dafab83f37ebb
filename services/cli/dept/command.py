"""``cbus dept DEPT …``: a department's own client, on kafka-python alone. ``tail`` reads, everything else reports.

A report is judged by the router; one that the case's state does not allow comes back, with the reason, on
``departments.<dept>.dead-letters.v1`` (``cbus dept DEPT refused``).
"""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.console.options import BootstrapOption, JsonOption
from services.cli.console.output import say
from services.cli.dept.refused import refused_command
from services.cli.dept.report import report, resolution_of
from services.cli.dept.tail import tail_command
from shared.events.departments import Action
from shared.invisible import is_given

dept_app = typer.Typer(no_args_is_help=True, help="A department's own client: read the queue, report what was done.")

ComplaintArgument = Annotated[str, typer.Argument(metavar="COMPLAINT_ID|TICKET", help="The case, as 'tail' shows it.")]
AtOption = Annotated[
    str | None, typer.Option("--at", metavar="INSTANT", help="When it was done, ISO 8601 with offset. Default: now.")
]


@dept_app.callback()
def _department(
    context: typer.Context,
    department: Annotated[str, typer.Argument(metavar="DEPT", help="Department id.")],
) -> None:
    """A department's own client: read the queue, report what was done."""
    context.obj = department


dept_app.command("tail")(tail_command)
dept_app.command("refused")(refused_command)


@dept_app.command("accept")
def accept(
    context: typer.Context,
    complaint_id: ComplaintArgument,
    at: AtOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """The department takes the case on."""
    report(context, complaint_id, Action.ACCEPT, at, as_json, bootstrap)


@dept_app.command("contact")
def contact(
    context: typer.Context,
    complaint_id: ComplaintArgument,
    at: AtOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """The department spoke to the complainant: the first substantive feedback."""
    report(context, complaint_id, Action.CONTACT, at, as_json, bootstrap)


@dept_app.command("progress")
def progress(
    context: typer.Context,
    complaint_id: ComplaintArgument,
    finding: Annotated[bool, typer.Option("--finding", help="The facts are verified (preliminary finding).")] = False,
    at: AtOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """Work goes on."""
    report(context, complaint_id, Action.PROGRESS, at, as_json, bootstrap, preliminary_finding=finding)


@dept_app.command("return")
def return_case(
    context: typer.Context,
    complaint_id: ComplaintArgument,
    reason: Annotated[str, typer.Option(help="Reason code, e.g. not_our_product.")],
    suggest: Annotated[str | None, typer.Option(metavar="DEPT", help="Whose case it is.")] = None,
    at: AtOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """The case is not this department's (退单)."""
    report(context, complaint_id, Action.RETURN, at, as_json, bootstrap, reason=reason, suggested_department=suggest)


@dept_app.command("resolve")
def resolve(
    context: typer.Context,
    complaint_id: ComplaintArgument,
    status: Annotated[str | None, typer.Option(help="Outcome in one phrase. A lead department must give it.")] = None,
    cause: Annotated[str | None, typer.Option(help="What was found to be the cause.")] = None,
    measures: Annotated[str | None, typer.Option(help="What was or will be done.")] = None,
    at: AtOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """The department's part is done. The answer goes to the consumer: no personal data in it.

    A lead gives --status, --cause and --measures, all three; a co-handler may leave them out, all three.
    """
    parts = [part for part in (status, cause, measures) if part is not None]
    if parts and (len(parts) < 3 or not all(map(is_given, parts))):
        raise typer.BadParameter("--status, --cause and --measures belong together, and each says something")
    resolution = resolution_of(*parts) if parts else None
    if resolution is None:
        say("without --status, --cause and --measures only a co-handler's part is resolved; a lead's is not taken")
    report(context, complaint_id, Action.RESOLVE, at, as_json, bootstrap, resolution=resolution)


@dept_app.command("hold")
def hold(
    context: typer.Context,
    complaint_id: ComplaintArgument,
    reason: Annotated[str, typer.Option(help="Reason code, e.g. waiting_for_complainant.")],
    at: AtOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """Work waits for a named cause; clocks that may pause do."""
    report(context, complaint_id, Action.HOLD, at, as_json, bootstrap, reason=reason)


@dept_app.command("resume")
def resume(
    context: typer.Context,
    complaint_id: ComplaintArgument,
    at: AtOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """Work goes on after a hold."""
    report(context, complaint_id, Action.RESUME, at, as_json, bootstrap)


@dept_app.command("call-back")
def call_back(
    context: typer.Context,
    complaint_id: ComplaintArgument,
    solved: Annotated[bool | None, typer.Option("--solved/--not-solved", help="What the complainant said.")] = None,
    at: AtOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """The complainant was called back after the resolution."""
    report(context, complaint_id, Action.CALL_BACK, at, as_json, bootstrap, solved=solved)
