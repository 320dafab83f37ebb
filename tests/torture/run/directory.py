"""Where a run keeps what: one directory that load, nemesis and checker share and know nothing else of each other by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunDirectory:
    """Paths inside one run's directory."""

    root: Path

    @property
    def run_file(self) -> Path:
        """What was run: seed, size, addresses, clock."""
        return self.root / "run.json"

    @property
    def ledger(self) -> Path:
        """What the load client asked and was told."""
        return self.root / "ledger.jsonl"

    @property
    def nemesis(self) -> Path:
        """What was broken, and when."""
        return self.root / "nemesis.jsonl"

    @property
    def sinks(self) -> Path:
        """What the sinks really accepted: ``smtp.jsonl``, ``sms.jsonl``, ``webhook.jsonl``."""
        return self.root / "sinks"

    @property
    def metrics(self) -> Path:
        """What each process counted, scraped before it was stopped."""
        return self.root / "metrics.jsonl"

    @property
    def live(self) -> Path:
        """What a reader of the case log saw during the run, in the order in which it saw it."""
        return self.root / "live.jsonl"

    @property
    def resources(self) -> Path:
        """Open files and memory of each service process, every few seconds."""
        return self.root / "resources.jsonl"

    @property
    def audit(self) -> Path:
        """What ``cbus audit --json`` said when everything was read."""
        return self.root / "audit.json"

    @property
    def bus(self) -> Path:
        """Data and logs of all servers and services."""
        return self.root / "bus"

    def write_run(self, values: Mapping[str, Any]) -> None:
        """Replace ``run.json``."""
        _write_whole(self.run_file, json.dumps(values, indent=2, ensure_ascii=False))

    def read_run(self) -> dict[str, Any]:
        """``run.json``."""
        return dict(json.loads(self.run_file.read_text(encoding="utf-8")))

    def update_run(self, **values: Any) -> None:
        """Add to ``run.json``."""
        self.write_run(self.read_run() | values)

    def write_metrics(self, scrapes: Iterable[Mapping[str, str]]) -> None:
        """One line per process."""
        self.metrics.write_text("".join(json.dumps(scrape) + "\n" for scrape in scrapes), encoding="utf-8")

    def write_audit(self, document: Mapping[str, Any]) -> None:
        """Keep the auditor's ledger."""
        _write_whole(self.audit, json.dumps(document, indent=2, ensure_ascii=False))

    def write_report(self, report: Mapping[str, Any], text: str) -> None:
        """``report.json`` for machines, ``report.md`` for people."""
        _write_whole(self.root / "report.json", json.dumps(report, indent=2, ensure_ascii=False))
        _write_whole(self.root / "report.md", text)


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
