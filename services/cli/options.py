"""Options that several commands share, so that they are spelled and explained alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")]

BootstrapOption = Annotated[
    str | None,
    typer.Option(
        "--bootstrap",
        metavar="HOST:PORT",
        help="Kafka. Default: $CBUS_KAFKA__BOOTSTRAP_SERVERS, else the local stack that runs here.",
    ),
]

DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Keep the data in this directory. Default: a temporary one, thrown away."),
]

BackendOption = Annotated[
    Literal["auto", "embedded", "docker"],
    typer.Option("--backend", help="How to run the servers: auto takes Docker if its engine answers."),
]
