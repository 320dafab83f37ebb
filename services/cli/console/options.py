"""Options that several commands share, so that they are spelled and explained alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from services.cli.console.checkout import checkout_path

JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")]

AlwaysJsonOption = Annotated[
    bool,
    typer.Option("--json", help="Changes nothing: it is JSON Lines in any case. Taken, so that every command does."),
]
"""For commands that have no other output; scripts may give ``--json`` to all alike."""

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

HttpPortOption = Annotated[
    int | None,
    typer.Option(
        "--http-port",
        min=0,
        max=65535,
        help="Port of intake's door; 0: any, for health pages too. Default: 8080 unless taken.",
    ),
]

ConfigDirOption = Annotated[
    Path,
    typer.Option(
        "--config-dir",
        envvar="CBUS_CONFIG_DIR",
        default_factory=lambda: checkout_path("deploy/config"),
        show_default="deploy/config",
        help="Configuration of the services.",
    ),
]

BackendOption = Annotated[
    Literal["auto", "embedded", "docker"],
    typer.Option("--backend", help="How to run the servers: auto takes Docker if its engine answers."),
]
