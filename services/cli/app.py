"""``cbus``: the operator's command line. Each command is a file of its own, loaded when it is asked for.

So ``cbus doctor`` runs where nothing else would. Data goes to stdout, progress to stderr; exit code 0: done, 1: refused
with a reason, 2: wrong use (design, Command line).
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

import typer
import typer.main
from typer.core import TyperGroup

from shared.errors import ComplaintBusError

COMMANDS = {
    "demo": "services.cli.demo:demo_command",
    "up": "services.cli.up:up_command",
    "down": "services.cli.down:down_command",
    "doctor": "services.cli.doctor:doctor_command",
    "run": "services.cli.run:run_command",
    "send": "services.cli.send:send_command",
    "parse": "services.cli.parse:parse_command",
    "classify": "services.cli.classify:classify_command",
    "train": "services.cli.train:train_command",
    "evaluate": "services.cli.evaluate:evaluate_command",
    "route": "services.cli.route:route_command",
    "deadline": "services.cli.deadline:deadline_command",
    "compose": "services.cli.compose:compose_command",
    "dept": "services.cli.dept:dept_app",
    "trace": "services.cli.trace:trace_command",
    "dlq": "services.cli.dlq:dlq_app",
    "audit": "services.cli.audit:audit_command",
    "replay": "services.cli.replay:replay_command",
}
"""Command to ``module:attribute``, in the order of the help page; one whose module is not there is not offered."""


class CommandsLoadedWhenAsked(TyperGroup):
    """Loads a command's module only when it is run or the help page names it."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the commands that are there."""
        return [name for name, place in COMMANDS.items() if _is_there(place)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, or None if there is no such one."""
        place = COMMANDS.get(cmd_name)
        return _load(cmd_name, place) if place is not None and _is_there(place) else None

    def invoke(self, ctx: Any) -> Any:
        """Run; an error raised on purpose, or by Kafka, becomes its message on stderr and exit code 1."""
        try:
            return super().invoke(ctx)
        except ComplaintBusError as refusal:
            typer.echo(f"cbus: {refusal}", err=True)
            raise typer.Exit(1) from None
        except Exception as failure:
            told = _kafka_failure(failure)
            if told is None:
                raise
            typer.echo(f"cbus: {told}", err=True)
            raise typer.Exit(1) from None


def _kafka_failure(failure: Exception) -> str | None:
    """Kafka's refusal in words; None for anything else. Without the client loaded it cannot be one."""
    if "kafka.errors" not in sys.modules:
        return None
    from services.cli.kafka_failure import in_words

    return in_words(failure)


def _is_there(place: str) -> bool:
    return importlib.util.find_spec(place.partition(":")[0]) is not None


def _load(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        command = typer.main.get_command(found)
    else:
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        command = typer.main.get_command(alone)
    command.name = name
    return command


app = typer.Typer(
    cls=CommandsLoadedWhenAsked,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Complaint Bus: every consumer complaint, once and durably, to the right department and on time.",
)


@app.callback()
def _root() -> None:
    """Complaint Bus: every consumer complaint, once and durably, to the right department and on time."""


def main() -> None:
    """Entry point of the ``cbus`` script."""
    try:
        app(prog_name="cbus")
    except BrokenPipeError:  # ``cbus … | head``: the reader has seen enough
        sys.stderr.close()
