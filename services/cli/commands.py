"""Every command: where it is, and what the overview says of it.

The overview is told from here alone, so that ``cbus --help`` and the completion of command names load no command and
none of what commands need.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Command(NamedTuple):
    """``place`` is ``module:attribute``; ``summary`` is for the overview, the command's own page says more."""

    place: str
    summary: str


COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "demo": Command(
            "services.cli.demo.command:demo_command",
            "The whole stack with sample complaints, live table; Ctrl-C cleans up. Exit code 1 if a complaint was "
            "refused, lost or duplicated, or the auditor found a hole or did not come to the end.",
        ),
        "up": Command(
            "services.cli.stack.up:up_command",
            "The local stack in the foreground until Ctrl-C; with --services the whole bus. Not for production.",
        ),
        "down": Command("services.cli.stack.down:down_command", "Stop the local stack. Exit code 1 when none runs."),
        "doctor": Command(
            "services.cli.doctor.command:doctor_command",
            "Check this machine and say what to install. Exit code 1 when something needed is missing.",
        ),
        "run": Command(
            "services.cli.bus.run:run_command", "One service in the foreground; its log on stderr is JSON Lines."
        ),
        "send": Command(
            "services.cli.send.command:send_command", "Submit complaints from a JSON Lines, CSV or XLSX file."
        ),
        "classify": Command(
            "services.cli.ask.classify:classify_command",
            "Category, severity and evidence of complaints: JSON Lines in, answers in the same order.",
        ),
        "route": Command(
            "services.cli.ask.route:route_command",
            "Departments, rule and reasons: JSON Lines with complaints in, answers in the same order.",
        ),
        "deadline": Command(
            "services.cli.ask.deadline:deadline_command",
            "When something promised is due. Without --from: JSON Lines in, answers in the same order.",
        ),
        "compose": Command(
            "services.cli.ask.compose:compose_command",
            "Messages that events would cause: JSON Lines in, messages out, in the same order.",
        ),
        "dept": Command(
            "services.cli.dept.command:dept_app", "A department's own client: read the queue, report what was done."
        ),
        "trace": Command(
            "services.cli.trace.command:trace_command",
            "One complaint through every topic, in order. Personal data is masked.",
        ),
        "dlq": Command("services.cli.dlq.command:dlq_app", "Dead letters: records that could not be handled."),
        "audit": Command(
            "services.cli.audit.command:audit_command",
            "The ledger, per hour of receipt: received = registered + duplicate + refused + dead-lettered, and what "
            "follows.",
        ),
    }
)
"""In the order of the help page."""
