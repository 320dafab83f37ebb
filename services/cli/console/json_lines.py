"""Batches as JSON Lines: one object in, one object out, in the same order; a bad line gets its error in its place.

An answer is ``{"id", …}``, an error ``{"id", "error": {"line", "field", "reason"}}``. Reasons never repeat what the
line says, for it may be personal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Never, TextIO

import typer
from pydantic import ValidationError

from services.cli.console.terminal_text import visible_json
from services.intake.domain.wording import field_reason
from shared.events.strict_json import NotJson, parse_object

FileArgument = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="JSON Lines. Default: standard input."),
]

_NAMES = ("id", "complaint_id", "channel_message_id")


class LineRefused(Exception):
    """A line that cannot be answered: which field is wrong (None: the line as a whole), and why."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


def run_batch(handle: Callable[[dict[str, Any]], dict[str, Any]], source: Iterable[bytes | str], sink: TextIO) -> int:
    """Answer every line of ``source`` that is not blank; the exit code: 0, or 1 when a line was refused.

    ``handle`` gets the object and returns the answer without its id; it may raise LineRefused or pydantic's
    ValidationError.
    """
    exit_code = 0
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        answer = answer_line(handle, line, number)
        exit_code = 1 if "error" in answer else exit_code
        sink.write(visible_json(json.dumps(answer, ensure_ascii=False)) + "\n")
    sink.flush()
    return exit_code


def run_batch_command(handle: Callable[[dict[str, Any]], dict[str, Any]], file: Path | None) -> Never:
    """``run_batch`` from ``file`` or standard input to standard output, as a command ends: by its exit code."""
    if file is None and sys.stdin.isatty():
        raise typer.BadParameter("give a FILE, or JSON Lines on standard input")
    with ExitStack() as stack:
        source = sys.stdin.buffer if file is None else stack.enter_context(file.open("rb"))
        raise typer.Exit(run_batch(handle, source, sys.stdout))


def identity_of(document: object) -> Any:
    """What the sender calls this line: ``id``, or the complaint's own id; None when it says nothing."""
    if not isinstance(document, dict):
        return None
    return next((document[name] for name in _NAMES if document.get(name) is not None), None)


def answer_line(handle: Callable[[dict[str, Any]], dict[str, Any]], line: bytes | str, number: int) -> dict[str, Any]:
    """The answer to one line, or its error: what ``run_batch`` writes for the line with this number."""
    identity = None
    try:
        document = parse_line(line)
        identity = identity_of(document)
        return {"id": identity} | handle(document)
    except LineRefused as refused:
        field, reason = refused.field, refused.reason
    except ValidationError as error:
        field, reason = _first_problem(error)
    return {"id": identity, "error": {"line": number, "field": field, "reason": reason}}


def parse_line(line: bytes | str) -> dict[str, Any]:
    """The object in one line, read as strictly as at the door. Raises LineRefused."""
    parsed = parse_object(line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line)
    if not isinstance(parsed, NotJson):
        return parsed
    problem = parsed.problems[0]
    reason = field_reason(problem, "en")
    if problem.code == "repeated_name":
        raise LineRefused(problem.field, reason)
    place = problem.field.removeprefix("line 1 ")
    raise LineRefused(None, f"not a JSON object: {place} {reason}" if place else f"not a JSON object: {reason}")


def _first_problem(error: ValidationError) -> tuple[str | None, str]:
    problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return ".".join(str(part) for part in problem["loc"]) or None, problem["msg"].removeprefix("Value error, ")
