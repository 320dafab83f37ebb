"""``cbus deadline``: when is it due? One question by options, or JSON Lines in, JSON Lines out.

Exit code 0: answered; 1: at least one question was refused, with its reason; 2: wrong use.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

import typer

from services.cli.ask.deadline_request import Calendars, answer
from services.cli.console.json_lines import answer_line, run_batch
from services.cli.console.options import ConfigDirOption, JsonOption
from services.cli.console.output import say
from services.sla.domain.deadlines import Unit
from shared.errors import ConfigurationError


def deadline_command(
    config_dir: ConfigDirOption,
    start: Annotated[
        str | None, typer.Option("--from", help="Start, ISO 8601; without an offset read in the calendar's zone.")
    ] = None,
    n: Annotated[float | None, typer.Option("--n", help="How many units.")] = None,
    unit: Annotated[Unit | None, typer.Option("--unit", help="What is counted.")] = None,
    calendar: Annotated[str, typer.Option("--calendar", help="Name of a configured calendar.")] = "cn",
    timezone: Annotated[str | None, typer.Option("--timezone", help="IANA zone instead of the calendar's.")] = None,
    pause: Annotated[
        list[str] | None, typer.Option("--pause", metavar="FROM/TO", help="Time that does not count; repeatable.")
    ] = None,
    day_end: Annotated[
        Literal["close", "24:00"], typer.Option("--day-end", help="When the last working day ends.")
    ] = "close",
    roll_forward: Annotated[
        bool, typer.Option(help="natural_days: a last day that is not a working day moves to the next one.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """When something promised is due. Without --from: JSON Lines on stdin, answers on stdout in the same order.

    A line holds from, n, unit and calendar (a name, or an object with tz, hours, holidays, special_dates); it may
    hold id, timezone, pauses (objects with from and to), day_end and roll_forward.
    """
    calendars = Calendars(config_dir)
    try:
        if start is None and n is None and unit is None:
            exit_code = _answer_stdin(calendars)
        else:
            question = {
                "from": start,
                "n": n,
                "unit": unit,
                "calendar": calendar,
                "timezone": timezone,
                "pauses": [_split_pause(text) for text in pause or ()],
                "day_end": day_end,
                "roll_forward": roll_forward,
            }
            exit_code = _answer_one(question, calendars, as_json=as_json)
    except ConfigurationError as error:
        say(f"configuration refused: {error}")
        raise typer.Exit(1) from None
    raise typer.Exit(exit_code)


def _answer_stdin(calendars: Calendars) -> int:
    if sys.stdin.isatty():
        raise typer.BadParameter("give --from, --n and --unit, or JSON Lines on standard input")
    return run_batch(lambda question: answer(question, calendars), sys.stdin.buffer, sys.stdout)


def _answer_one(question: dict[str, Any], calendars: Calendars, *, as_json: bool) -> int:
    missing = [f"--{name}" for name in ("from", "n", "unit") if question[name] is None]
    if missing:
        raise typer.BadParameter(f"{' and '.join(missing)} missing: a single question needs --from, --n and --unit")
    found = answer_line(lambda asked: answer(asked, calendars), json.dumps(question), 1)
    if as_json:
        typer.echo(json.dumps(found))
    elif "error" not in found:
        typer.echo(f"due by       到期  {found['due']}")
        typer.echo(f"provisional  暂定  {'yes 是' if found['provisional'] else 'no 否'}")
        typer.echo(f"counted days 计入  {', '.join(found['counted_days']) or '-'}")
    else:
        error = found["error"]
        say(f"refused 拒绝  {error['field'] or 'question'}: {error['reason']}")
    return 1 if "error" in found else 0


def _split_pause(text: str) -> list[str]:
    began, slash, ended = text.partition("/")
    if not slash:
        raise typer.BadParameter(f"{text!r} is not FROM/TO", param_hint="--pause")
    return [began, ended]
