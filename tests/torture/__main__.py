"""``python -m tests.torture``: break the bus under load and judge what is left. Exit code 0: every rule holds."""

from __future__ import annotations

import argparse
import importlib
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from deploy.local.kafka import KafkaCluster
from deploy.local.service_process import PROJECT_ROOT
from tests.torture.nemesis.clock_steps import find_library
from tests.torture.nemesis.cluster import TortureBus
from tests.torture.nemesis.network import can_separate_brokers
from tests.torture.nemesis.schedule import Abilities
from tests.torture.nemesis.small_disk import can_mount
from tests.torture.report.restore import measured_restore
from tests.torture.report.summary import build_report
from tests.torture.report.text import as_text
from tests.torture.run.directory import RunDirectory
from tests.torture.run.phases import Plan, Run

LAST_RUN = PROJECT_ROOT / "var/torture/last"


def main() -> int:
    """Run, or only check, as the command line says."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and mounts are taken away
    if options.only_check is not None:
        return check_kept(RunDirectory(options.only_check), options.write)
    directory = RunDirectory((options.keep or LAST_RUN).absolute())
    if directory.root.exists():
        if not directory.run_file.exists() and any(directory.root.iterdir()):
            print(f"{directory.root} holds something that is not a torture run; not replaced", file=sys.stderr)
            return 2
        shutil.rmtree(directory.root)
    abilities = _abilities(options)
    plan = Plan.of_seed(options.seed, options.complaints, options.kills, options.brokers, options.speed, abilities)
    return torture(
        plan, directory, abilities, judged=not options.no_check, with_restore=options.restore, page=options.write
    )


def _abilities(options: argparse.Namespace) -> Abilities:
    """What was asked for and can be done here."""
    return Abilities(
        proxies=options.proxies,
        small_disk=options.small_disk and options.brokers == 3 and can_mount(),
        broker_networks=options.broker_networks and options.brokers == 3 and can_separate_brokers(),
        clock_steps=options.clock_steps and find_library() is not None,
    )


def torture(
    plan: Plan,
    directory: RunDirectory,
    abilities: Abilities,
    *,
    judged: bool = True,
    with_restore: bool = False,
    page: Path | None = None,
) -> int:
    """Run ``plan`` and judge it, unless told not to; the exit code. ``page``: where the report is written as well."""
    progress = Progress()
    restore: list[dict[str, Any]] = []
    if with_restore:
        progress("restore of a million open clocks …")
        restore = measured_restore()
    progress(f"seed {plan.seed}: starting {plan.brokers} broker(s) and all services …")
    bus = TortureBus(
        directory.bus,
        brokers=plan.brokers,
        speed=plan.speed,
        proxied=abilities.proxies,
        small_disk_megabytes=small_disk_megabytes(plan.complaints) if abilities.small_disk else 0,
        networked=abilities.broker_networks,
    )
    with bus:
        Run(plan, directory, bus, progress).execute()
        directory.update_run(restore=restore)
        if not judged:
            print(as_text(write_report(directory, None)))
            return 0
        progress("check …")
        return judge(directory, page)


def small_disk_megabytes(complaints: int) -> int:
    """Room for everything the broker must keep of a run, and some: it is to be filled by the fault, not by the run."""
    return 512 + complaints // 12


def check_kept(directory: RunDirectory, page: Path | None = None) -> int:
    """Start the brokers of a kept run over its data and judge it again."""
    with KafkaCluster(directory.bus / "kafka", nodes=directory.read_run()["brokers"]) as kafka:
        directory.update_run(kafka_bootstrap=kafka.bootstrap_servers)
        return judge(directory, page)


def judge(directory: RunDirectory, page: Path | None = None) -> int:
    """Ask the checker, write and print the report; on ``page`` as well."""
    verdict = _check(directory.root)
    report = write_report(directory, verdict)
    print(as_text(report))
    if page is not None:
        page.write_text(as_text(report), encoding="utf-8")
    _print_stories(verdict)
    print(f"kept in {directory.root}", file=sys.stderr)
    return 0 if report["passed"] else 1


def write_report(directory: RunDirectory, verdict: Any) -> dict[str, Any]:
    """Put the report together and write it into the run directory."""
    report = build_report(directory, verdict)
    directory.write_report(report, as_text(report))
    return report


def _check(root: Path) -> Any:
    check = importlib.import_module("tests.torture.check")  # heavy, and needed at the very end only
    return check.check_run(root)


def _print_stories(verdict: Any) -> None:
    """All records of the first offender of each broken rule, in time order."""
    for rule in verdict.rules:
        if rule.breaches:
            print(f"--- {rule.rule}: the first offender\n{verdict.story(next(iter(rule.first_offenders)))}")


class Progress:
    """Lines on stderr, each with the seconds since the start."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, line: str) -> None:
        print(f"[{time.monotonic() - self._started:6.1f} s] {line}", file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="decides complaints, faults and behaviour (default 1)")
    parser.add_argument("--complaints", type=int, default=2000, help="complaints to be made (default 2000)")
    parser.add_argument("--kills", type=int, default=64, help="processes to be killed (default 64)")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1, help="Kafka brokers (default 1)")
    parser.add_argument("--speed", type=float, default=3600.0, help="the bus's clock against the machine's")
    parser.add_argument("--proxies", action=argparse.BooleanOptionalAction, default=True, help="cut and slow links too")
    parser.add_argument(
        "--small-disk", action=argparse.BooleanOptionalAction, default=True, help="fill one of three disks (root)"
    )
    parser.add_argument(
        "--broker-networks", action=argparse.BooleanOptionalAction, default=True, help="part three brokers (root)"
    )
    parser.add_argument(
        "--clock-steps", action=argparse.BooleanOptionalAction, default=True, help="step clocks (libfaketime)"
    )
    parser.add_argument("--restore", action="store_true", help="first measure the restore of a million open clocks")
    parser.add_argument("--keep", type=Path, metavar="DIR", help=f"run directory (default {LAST_RUN}, replaced)")
    parser.add_argument("--only-check", type=Path, metavar="DIR", help="judge a kept run again, run nothing")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the report to this page as well")
    parser.add_argument("--no-check", action="store_true", help="keep the run unjudged")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
