"""``cbus demo``: the whole stack with sample complaints and simulated departments, watched live; Ctrl-C cleans up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.demo_run import DemoOptions, run_demo
from services.cli.options import BackendOption, ConfigDirOption, DataDirOption, JsonOption
from services.cli.output import print_json, say
from services.cli.stopping import StopAsked, StopSignals


def demo_command(
    config_dir: ConfigDirOption,
    rate: Annotated[float, typer.Option(min=0.01, max=2000, help="Complaints per second.")] = 10.0,
    speed: Annotated[
        float, typer.Option(min=1, max=1_000_000, help="Demo time per real time; 3600: an hour a second.")
    ] = 3600.0,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Stop by itself after this long. Default: at Ctrl-C.")
    ] = None,
    summary: Annotated[Path | None, typer.Option(help="Write the figures to this file as JSON.")] = None,
    samples: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Sample complaints. Default: deploy/samples/*.jsonl.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the departments' behaviour.")] = 1,
    data_dir: DataDirOption = None,
    backend: BackendOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """The whole stack with sample complaints, live table; Ctrl-C cleans up. Exit code 1 if a complaint was lost or
    duplicated, or the auditor found a hole or did not come to the end."""
    options = DemoOptions(rate, speed, seconds, samples, seed, config_dir, data_dir, backend)
    with StopSignals() as signals:
        try:
            figures = run_demo(options, signals)
        except StopAsked:
            say("stopped before there was anything to report")
            raise typer.Exit(1) from None
    _report(figures, summary, as_json)
    raise typer.Exit(0 if is_sound(figures) else 1)


def is_sound(figures: dict[str, Any]) -> bool:
    """Something was accepted, all of it arrived, nothing arrived twice, and the auditor read all and found no hole."""
    audit = figures["audit"]
    wrong = figures["lost"] or figures["duplicated"] or audit["holes"] or audit["unread_records"]
    return bool(figures["accepted"]) and not wrong


def _report(figures: dict[str, Any], summary: Path | None, as_json: bool) -> None:
    if summary is not None:
        summary.parent.mkdir(parents=True, exist_ok=True)
        summary.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if as_json or summary is None:
        print_json(figures)
    say(
        f"accepted {figures['accepted']}, lost {figures['lost']}, duplicated {figures['duplicated']}, "
        f"dead letters {figures['dead_letters']}; auditor: {figures['audit']['complaints']} complaints, "
        f"holes {figures['audit']['holes']}"
    )
    if figures["audit"]["unread_records"]:
        say("the auditor has not read everything, so its verdict is not in: did it end? Its log says why")
