"""From a run directory to a verdict: read everything once, ask every rule."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from tests.torture.check.findings import RuleResult
from tests.torture.check.free_text import PersonalData
from tests.torture.check.history import History
from tests.torture.check.kafka_reading import read_bus
from tests.torture.check.rules import RULES
from tests.torture.check.run_files import (
    Delivery,
    faults,
    live_entries,
    mails,
    messages,
    operations,
    read_audit,
    read_lines,
    read_run,
    samples,
    scrapes,
)
from tests.torture.check.story import story_of


@dataclass(frozen=True)
class Verdict:
    """What every rule says about a run."""

    rules: list[RuleResult]
    history: History

    @property
    def passed(self) -> bool:
        """True when no rule is broken."""
        return all(rule.passed for rule in self.rules)

    def story(self, offender: str) -> str:
        """All records and ledger lines of one complaint in time order; ``offender`` is an id or a line of a rule."""
        return story_of(self.history, offender.partition(": ")[0])


def check_run(run_directory: Path) -> Verdict:
    """Judge a run whose brokers are up. LookupError, TimeoutError, KafkaException: it cannot be read."""
    history = read_run_directory(run_directory)
    read_bus(history)
    return Verdict([rule(history) for rule in RULES], history)


def judge(history: History) -> Verdict:
    """Judge a history that was read already."""
    return Verdict([rule(history) for rule in RULES], history)


def read_run_directory(directory: Path) -> History:
    """The files of a run; the brokers are not asked."""
    run = read_run(directory)
    personal = PersonalData()
    history = History(
        run=run,
        operations=operations(_noting(directory / "ledger.jsonl", personal)),
        faults=faults(read_lines(directory / "nemesis.jsonl")),
        deliveries=_deliveries(directory / "sinks"),
        scrapes=scrapes(read_lines(directory / "metrics.jsonl")),
        personal_data=personal,
        audit=read_audit(directory),
        live=live_entries(read_lines(directory / "live.jsonl")),
        samples=samples(read_lines(directory / "resources.jsonl")),
    )
    for logs in (directory / "logs", directory / "bus/logs"):
        history.free_text.see_logs(logs)
    for scrape in history.scrapes:
        for line in scrape.text.splitlines():
            history.free_text.see(line, f"metrics of {scrape.service}-{scrape.instance}")
    return history


def _deliveries(sinks: Path) -> list[Delivery]:
    texts = (messages(medium, read_lines(sinks / f"{medium}.jsonl")) for medium in ("sms", "webhook"))
    return [*mails(read_lines(sinks / "smtp.jsonl")), *chain.from_iterable(texts)]


def _noting(ledger: Path, personal: PersonalData) -> Any:
    """The lines of the ledger, each looked at for personal data as it passes."""
    for line in read_lines(ledger):
        if line["state"] == "invoke":
            personal.see(line["op"], line.get("submission"))
        yield line
