"""``python -m tests.torture.mutants``: switch safety rules off one by one and see that the harness notices.

Exit code 0: every mutant was caught and the clean build passed; 1: not so; 2: wrong use; 130: interrupted. Progress is
on stderr, the table (or, with ``--json``, the results) on stdout. Interrupted, it leaves nothing running and keeps what
was found.
"""

# ruff: noqa: T201 – a command line prints

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from deploy.local.service_process import PROJECT_ROOT
from tests.torture.mutants.campaign import Campaign
from tests.torture.mutants.document import document
from tests.torture.mutants.mutant import Mutant
from tests.torture.mutants.registry import MUTANTS
from tests.torture.mutants.results import Results, clean_schedule
from tests.torture.mutants.table import clean_table, holds, mutant_table, summary

DIRECTORY = PROJECT_ROOT / "var/torture/mutants"
RESULTS_FILE = "results.json"


def main() -> int:
    """Run what the command line asks for."""
    options = _options()
    if options.list:
        print("\n".join(f"{mutant.name:28} {mutant.rule}" for mutant in MUTANTS.values()))
        return 0
    unknown = sorted(set(options.only) - MUTANTS.keys())
    if unknown:
        print(f"no such mutant: {', '.join(unknown)}; --list names them", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the run under way is taken away
    chosen = {name: MUTANTS[name] for name in options.only} or MUTANTS
    try:
        results = _run(chosen, options)
    except KeyboardInterrupt:
        print("interrupted; what was found is kept", file=sys.stderr)
        return 130
    print(json.dumps(_as_json(results), indent=1, ensure_ascii=False) if options.json else _as_text(chosen, results))
    return 0 if holds(chosen, results) else 1


def _run(chosen: Mapping[str, Mutant], options: argparse.Namespace) -> Results:
    results = Results.read(options.directory / RESULTS_FILE)

    def noted(results: Results) -> None:
        results.write(options.directory / RESULTS_FILE)
        if options.write is not None:
            options.write.write_text(document(results), encoding="utf-8")

    campaign = Campaign(results, options.directory, Progress(), noted)
    for mutant in chosen.values() if options.seeds else ():
        campaign.try_mutant(mutant, options.seeds)
    for plan, seed in clean_schedule(dict.fromkeys(mutant.plan for mutant in chosen.values()), options.clean):
        campaign.try_clean(plan, seed)
    noted(results)
    return results


def _as_text(chosen: Mapping[str, Mutant], results: Results) -> str:
    plans = dict.fromkeys(mutant.plan for mutant in chosen.values())
    return "\n\n".join([mutant_table(chosen, results), clean_table(plans, results), summary(chosen, results)])


def _as_json(results: Results) -> dict[str, object]:
    return {
        "mutants": [asdict(runs) for runs in results.mutants.values()],
        "clean": [asdict(run) for run in results.clean.values()],
    }


class Progress:
    """Lines on stderr, each with the minutes since the start."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, line: str) -> None:
        print(f"[{(time.monotonic() - self._started) / 60:5.1f} min] {line}", file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture.mutants", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this mutant (may be repeated)")
    parser.add_argument("--seeds", type=int, default=3, help="runs a mutant may survive (default 3; 0: no mutants)")
    parser.add_argument("--clean", type=int, default=20, help="runs of the clean build on the same plans (default 20)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page after every run: docs/mutants.md")
    parser.add_argument("--directory", type=Path, default=DIRECTORY, help="results so far, and runs kept to look at")
    parser.add_argument("--json", action="store_true", help="print all results as JSON")
    parser.add_argument("--list", action="store_true", help="print the names and rules, run nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
