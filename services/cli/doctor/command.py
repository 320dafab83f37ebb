"""``cbus doctor``: can Complaint Bus run here, and if not, what to install."""

from __future__ import annotations

from dataclasses import asdict

import typer

from services.cli.console.options import ConfigDirOption, JsonOption
from services.cli.console.output import print_json, print_table
from services.cli.doctor.checks import Check, State, examine


def doctor_command(
    config_dir: ConfigDirOption,
    as_json: JsonOption = False,
) -> None:
    """Check this machine and say what to install. Exit code 1 when something needed is missing."""
    checks = examine(config_dir)
    healthy = all(check.state != "missing" for check in checks)
    if as_json:
        print_json({"ok": healthy, "checks": [asdict(check) for check in checks]})
    else:
        _print(checks)
    raise typer.Exit(0 if healthy else 1)


def _print(checks: list[Check]) -> None:
    rows = [(_mark(check.state), check.name, check.found, check.advice or "") for check in checks]
    print_table(None, ("", "what", "found", "to do"), rows)


def _mark(state: State) -> str:
    return state.upper() if state == "missing" else state
