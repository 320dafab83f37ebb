"""``python -m tests.torture.check DIRECTORY [--story ID]``: judge a run whose brokers are up; exit code 1: breached."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.torture.check.findings import RuleResult
from tests.torture.check.verdict import check_run


def main() -> int:
    """Judge and print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.check", description=__doc__)
    parser.add_argument("directory", type=Path, help="run directory")
    parser.add_argument("--story", metavar="ID", help="also print everything about one complaint")
    options = parser.parse_args()
    started = time.monotonic()
    verdict = check_run(options.directory)
    lines = [line for rule in verdict.rules for line in _lines(rule)]
    if options.story:
        lines.append(verdict.story(options.story))
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stderr.write(f"judged in {time.monotonic() - started:.1f} s\n")
    return 0 if verdict.passed else 1


def _lines(rule: RuleResult) -> list[str]:
    found = [*rule.first_offenders, *(f"({note})" for note in rule.notes)]
    head = f"{rule.rule:<4} {'ok' if rule.passed else 'BREACHED':<9} {rule.checked:>9}  {rule.title}"
    return [head, *(f"       {line}" for line in found)]


if __name__ == "__main__":
    sys.exit(main())
