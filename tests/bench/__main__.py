"""``python -m tests.bench``: run the measurements and print one table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from tests.bench import end_to_end, faust_throughput, intake_load, memory, recovery, router_throughput, sla_throughput
from tests.bench.measurement import Measurement

MEASUREMENTS: dict[str, Callable[[], list[Measurement]]] = {
    "intake": intake_load.measure,
    "router": router_throughput.measure,
    "faust": faust_throughput.measure,
    "sla": sla_throughput.measure,
    "lateness": sla_throughput.measure_lateness,
    "end-to-end": end_to_end.measure,
    "memory": memory.measure,
    "recovery": recovery.measure,
}


def main() -> int:
    """Run what was asked for; 0 when every measurement could be made, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=MEASUREMENTS, nargs="+", default=list(MEASUREMENTS))
    parser.add_argument("--json", action="store_true", help="print JSON on stdout instead of a table")
    options = parser.parse_args()
    measured: list[Measurement] = []
    failed = False
    for name in options.only:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        try:
            measured += MEASUREMENTS[name]()
        except Exception as error:  # one that fails must not hide the others
            print(f"{name}: could not be measured: {error}", file=sys.stderr)
            failed = True
    if options.json:
        print(json.dumps([each.as_json() for each in measured], ensure_ascii=False, indent=2))
    else:
        _print_table(measured)
    return 1 if failed else 0


def _print_table(measured: list[Measurement]) -> None:
    title = (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, broker on the same cores"
    )
    table = Table("what", "measured", "aim", "method", title=title)
    for each in measured:
        table.add_row(each.name, f"{each.value:,.2f} {each.unit}", each.aim, each.method)
    Console(width=150).print(table)


if __name__ == "__main__":
    sys.exit(main())
