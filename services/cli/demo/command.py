"""``cbus demo``: the whole stack with sample complaints and simulated departments, watched live; Ctrl-C cleans up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.console.options import BackendOption, ConfigDirOption, DataDirOption, HttpPortOption, JsonOption
from services.cli.console.output import print_json, say
from services.cli.console.stopping import StopAsked, StopSignals
from services.cli.demo.run import DemoOptions, run_demo


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
    http_port: HttpPortOption = None,
    data_dir: DataDirOption = None,
    backend: BackendOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """The whole stack with sample complaints, live table; Ctrl-C cleans up.

    Exit code 1 if a complaint was refused at the door, lost or duplicated, if the auditor found a hole or did not come
    to the end, or if a second Ctrl-C left the end unknown.
    """
    options = DemoOptions(rate, speed, seconds, samples, seed, config_dir, data_dir, backend, http_port)
    with StopSignals() as signals:
        try:
            figures = run_demo(options, signals)
        except StopAsked:
            say("stopped before there was anything to report")
            raise typer.Exit(1) from None
    _report(figures, summary, as_json)
    say_what_was_found(figures, data_dir)
    raise typer.Exit(0 if is_sound(figures) else 1)


def is_sound(figures: dict[str, Any]) -> bool:
    """Some were accepted and none refused, all arrived, none twice, and the auditor read all and found no hole."""
    audit = figures["audit"]
    if audit is None or not figures["accepted"]:
        return False
    return not (
        figures["rejected"] or figures["lost"] or figures["duplicated"] or audit["holes"] or audit["unread_records"]
    )


def _report(figures: dict[str, Any], summary: Path | None, as_json: bool) -> None:
    if summary is not None:
        summary.parent.mkdir(parents=True, exist_ok=True)
        summary.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json(figures)


def say_what_was_found(figures: dict[str, Any], data_dir: Path | None) -> None:
    """The verdict in words, on stderr; refusals with their first reasons."""
    if figures["rejected"]:
        say(f"refused at the door: {figures['rejected']} of {figures['sent']}")
        for refusal in figures["refusals"]:
            say(f"  {refusal['count']} × {refusal['reason']} (first: {refusal['first']})")
    if figures["audit"] is None:
        say(
            f"cut short: accepted {figures['accepted']}, dispatched {figures['dispatched']}; "
            "nobody looked whether all arrived"
        )
        return
    audit = figures["audit"]
    say(
        f"accepted {figures['accepted']}, lost {figures['lost']}, duplicated {figures['duplicated']}, "
        f"dead letters {figures['dead_letters']}; auditor: {audit['complaints']} complaints, holes {audit['holes']}"
    )
    if figures["dead_letter_reasons"]:
        counted = ", ".join(f"{count} × {reason}" for reason, count in sorted(figures["dead_letter_reasons"].items()))
        say(f"dead letters, by reason: {counted} (what each means: docs/departments.md)")
    if audit["unread_records"]:
        say("the auditor has not read everything, so its verdict is not in: did it end? Its log says why")
    if data_dir is None:
        say("all data was thrown away; --data-dir DIR keeps it, --json prints these figures")
    elif figures["ticket"] is not None:
        say(f"to look at it: cbus up --detach --data-dir {data_dir} && cbus trace {figures['ticket']}; cbus down")
