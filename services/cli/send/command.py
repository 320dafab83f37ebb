"""``cbus send``: submit the rows of a JSON Lines, CSV or XLSX file through intake's HTTP door.

Exit code 0: every row is durable; 1: some were rejected, got no clear answer or were not sent any more; 2: wrong use,
nothing was sent. The same file sent again gets the same tickets, so after an interruption it is simply sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.stack_file import running_stack
from services.cli.console.options import JsonOption
from services.cli.send.answers import DoorAnswer, Rejected
from services.cli.send.columns import UnusableFile
from services.cli.send.door import IntakeClient
from services.cli.send.pace import PacedRows
from services.cli.send.report import SendReport
from services.cli.send.row import Row
from services.cli.send.submissions import Format, SubmissionFile, opened_submissions
from shared.events.complaint import Channel
from shared.language import Language, language_of

DEFAULT_URL = "http://127.0.0.1:8080"


def send_command(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON Lines, CSV or XLSX; - reads standard input.")],
    url: Annotated[
        str | None,
        typer.Option(
            envvar="CBUS_INTAKE_URL", help=f"Intake's address. Default: the stack that runs here, else {DEFAULT_URL}."
        ),
    ] = None,
    channel: Annotated[Channel, typer.Option(help="Channel of rows that name none.")] = Channel.FILE,
    file_format: Annotated[
        Format | None, typer.Option("--format", help="Default: by the file's name, else its first character.")
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(help="Of the text, e.g. gb18030, big5, windows-1252. Default: what its bytes show for certain."),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=512, help="Rows on their way at a time.")] = 16,
    rate: Annotated[float | None, typer.Option(min=0.01, help="At most this many rows a second.")] = None,
    give_up_after: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to keep trying one row without a clear answer.")
    ] = 60.0,
    ignore_unknown_columns: Annotated[
        bool, typer.Option("--ignore-unknown-columns", help="Leave columns of a table out that are no fields.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write every rejected row here: row, column, reason (CSV if named .csv).")
    ] = None,
    receipts: Annotated[
        Path | None, typer.Option(help="Write row, complaint id and ticket number of accepted rows here (JSON Lines).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Submit complaints from a file. The first row of a table names the fields, nested ones as complainant.email.

    Common Chinese column names are known as well. A workbook's one filled sheet is read.

    The same file sent again gets the same tickets. A changed file is another one: to correct rejected rows, send them
    alone, or give every row a channel_message_id, which then names it in any file.
    """
    path = None if file == "-" else Path(file)
    _require_writable(report, "--report")
    _require_writable(receipts, "--receipts")
    with _refusing_bad_files(), opened_submissions(path, sys.stdin.buffer, file_format, encoding) as submissions:
        rows = submissions.rows(
            default_channel=channel.value, ignore_unknown_columns=ignore_unknown_columns, language=_language()
        )
        sending = Sending(submissions, rows, url or _default_url(), concurrency, rate, give_up_after)
        with _written(receipts) as receipts_file:
            outcome = asyncio.run(sending.run(SendReport(receipts_file)))
    outcome.print(as_json=as_json)
    if report is not None:
        outcome.write(report)
    raise typer.Exit(0 if outcome.all_accepted else 1)


@dataclass(frozen=True)
class Sending:
    """One run over one file."""

    submissions: SubmissionFile
    rows: Iterator[Row]
    url: str
    concurrency: int
    rate: float | None
    give_up_after_seconds: float

    async def run(self, report: SendReport) -> SendReport:
        """Send every row; on Ctrl-C take no more, finish what is on its way, and report so far."""
        stop = asyncio.Event()
        client = IntakeClient(
            self.url,
            connections=self.concurrency,
            give_up_after_seconds=self.give_up_after_seconds,
            language=_language(),
            stop=stop,
            jitter=random.random,
        )
        with _stopping_on_signals(stop), _progress(self.submissions.lines) as progress:
            rows = PacedRows(self.rows, self.rate, stop)
            async with asyncio.TaskGroup() as workers:
                for _ in range(self.concurrency):
                    workers.create_task(self._work(client, report, progress, rows))
        await client.close()
        report.interrupted = rows.has_more
        return report

    async def _work(self, client: IntakeClient, report: SendReport, progress: Progress, rows: PacedRows) -> None:
        task = progress.task_ids[0]
        while (row := await rows.take()) is not None:
            report.note(row, await self._outcome(client, row))
            progress.update(task, completed=report.sent, accepted=report.accepted, refused=report.rejected)

    async def _outcome(self, client: IntakeClient, row: Row) -> DoorAnswer:
        if row.problems:
            return Rejected(row.problems)
        return await client.submit(row.document, self.submissions.idempotency_key(row))


@contextlib.contextmanager
def _stopping_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM sets ``stop``; a second one ends the program at once."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def ask_to_stop() -> None:
        stop.set()
        for number in numbers:
            loop.remove_signal_handler(number)

    for number in numbers:
        loop.add_signal_handler(number, ask_to_stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _progress(rows: int) -> Progress:
    """A bar on stderr if that is a terminal. ``rows`` is about right: cells may hold line ends."""
    progress = Progress(
        TextColumn("sending"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[accepted]} accepted, {task.fields[refused]} rejected"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
    progress.add_task("rows", total=rows or None, accepted=0, refused=0)
    return progress


@contextlib.contextmanager
def _refusing_bad_files() -> Iterator[None]:
    try:
        yield
    except UnusableFile as refusal:
        raise typer.BadParameter(refusal.read_in(_language()), param_hint="FILE") from None
    except OSError as refusal:
        raise typer.BadParameter(str(refusal), param_hint="FILE") from None


def _require_writable(path: Path | None, option: str) -> None:
    """What comes of the rows must not be lost after they were sent. What the file holds by now stays, so far."""
    try:
        if path is not None:
            path.open("a").close()
    except OSError as refusal:
        raise typer.BadParameter(f"cannot be written ({refusal}); nothing was sent", param_hint=option) from None


@contextlib.contextmanager
def _written(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    with path.open("w", encoding="utf-8") as file:
        yield file


def _default_url() -> str:
    stack = running_stack()
    return (stack and stack.intake_url) or DEFAULT_URL


def _language() -> Language:
    """The language of the terminal, for reasons that are shown to a person."""
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return language_of(locale)
