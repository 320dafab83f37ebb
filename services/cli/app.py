"""``cbus``: the operator's command line. Each command is a file of its own, loaded when it is asked for.

So ``cbus doctor`` runs where nothing else would. Data goes to stdout, progress to stderr; exit code 0: done, 1: refused
with a reason, 2: wrong use (design, Command line).
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from services.cli.commands import COMMANDS, Command
from services.cli.console import system_failure
from shared.errors import ComplaintBusError


class CommandsLoadedWhenAsked(TyperGroup):
    """Loads a command's module only when that command is run or explains itself."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command as the overview and completion show it, not loaded; None if there is no such one."""
        known = COMMANDS.get(cmd_name)
        return None if known is None else TyperCommand(cmd_name, help=known.summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Name, command and its arguments; from here on it is the loaded command."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name, COMMANDS[name]) if command is not None and name is not None else None, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an option that is refused is told without the words of the library that refused it."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as refused:
            refused.message = refused.message.removeprefix("Value error, ")
            raise

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run; what was refused on purpose, by Kafka or by the system becomes a message on stderr and exit code 1."""
        try:
            return super().main(*args, **kwargs)
        except BrokenPipeError:
            raise
        except Exception as failure:
            told = _in_words(failure)
            if told is None:
                raise
            from services.cli.console.terminal_text import visible  # as below

            typer.echo(visible(f"cbus: {told}"), err=True)
            sys.exit(1)


def _in_words(failure: BaseException) -> str | None:
    """What the person at the terminal can do something about; None for a mistake of ours, which stays a traceback."""
    while isinstance(failure, BaseExceptionGroup):  # tasks that ran side by side
        failure = failure.exceptions[0]
    if isinstance(failure, ComplaintBusError):
        return str(failure)
    return _kafka_failure(failure) or (system_failure.in_words(failure) if isinstance(failure, OSError) else None)


def _kafka_failure(failure: BaseException) -> str | None:
    """Kafka's refusal in words; None for anything else. Without the client loaded it cannot be one."""
    if "kafka.errors" not in sys.modules or not isinstance(failure, Exception):
        return None
    from services.cli.bus.kafka_failure import in_words

    return in_words(failure)


def load(name: str, known: Command) -> Any:
    """The command itself, with everything it needs."""
    module, _, attribute = known.place.partition(":")
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
        try:
            app(prog_name="cbus")
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # ``cbus … | head``: the reader has seen enough
        sys.stderr.close()
    except OSError as failure:  # the last of the output did not fit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(f"cbus: {system_failure.in_words(failure)}")
