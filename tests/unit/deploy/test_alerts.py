"""The alert rules: valid, about metrics there are, and each seen to fire and not to fire, by promtool."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.events.audit import HoleKind
from shared.observability.metrics import DECLARED

MONITORING = Path(__file__).resolve().parents[3] / "deploy" / "monitoring"
RULES = sorted((MONITORING / "alerts").glob("*.yaml"))
TESTS = sorted((MONITORING / "tests").glob("*.yaml"))
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)")


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    assert PROMTOOL is not None
    return subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, timeout=120)


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert by name."""
    groups = [group for file in RULES for group in yaml.safe_load(file.read_text())["groups"]]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def copied(directory: Path) -> Path:
    """A copy of all rules and tests, to be broken."""
    return Path(shutil.copytree(MONITORING, directory / "monitoring"))


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@needs_promtool
@pytest.mark.parametrize("file", RULES, ids=[file.name for file in RULES])
def test_rules_are_valid(file: Path) -> None:
    run = promtool("check", "rules", file)
    assert run.returncode == 0, run.stdout + run.stderr


@needs_promtool
@pytest.mark.parametrize("file", TESTS, ids=[file.name for file in TESTS])
def test_alerts_fire_when_they_must_and_not_otherwise(file: Path) -> None:
    run = promtool("test", "rules", file)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_is_seen_both_firing_and_silent() -> None:
    groups = [group for file in TESTS for group in yaml.safe_load(file.read_text())["tests"]]
    cases = [case for group in groups for case in group["alert_rule_test"]]
    firing = {case["alertname"] for case in cases if case.get("exp_alerts")}
    silent = {case["alertname"] for case in cases if not case.get("exp_alerts")}
    assert firing == silent == alerts().keys()


@pytest.mark.parametrize("name", alerts())
def test_an_alert_asks_for_metrics_and_labels_there_are(name: str) -> None:
    labels = {metric.name: set(metric.labels) for metric in DECLARED}
    selectors = re.findall(r"(complaintbus_\w+)(?:\{([^}]*)\})?", alerts()[name]["expr"])
    assert selectors
    for metric, matchers in selectors:
        assert metric in labels
        assert set(re.findall(r"(\w+)=~?\"", matchers)) <= labels[metric]


def test_every_kind_of_hole_raises_one_alert() -> None:
    matchers = [found for rule in alerts().values() for found in re.findall(r'kind=~"([^"]*)"', rule["expr"])]
    kinds = [kind for matcher in matchers for kind in matcher.split("|")]
    assert sorted(kinds) == sorted(HoleKind)


@needs_promtool
def test_the_check_of_rules_can_fail(tmp_path: Path) -> None:
    rules = copied(tmp_path) / "alerts" / "audit.yaml"
    replace(rules, "sum by (kind) (", "sum by kind (")
    assert promtool("check", "rules", rules).returncode != 0


@needs_promtool
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("unaccounted|phantom", "unaccounted"),
        ("unclocked|unnotified", "unclocked|unnotified|log_gap"),
        ("log_gap|repeated", "log_gap"),
        ('increase(complaintbus_audit_holes_found_total{kind=~"log_gap|repeated"}[1h])', "complaintbus_audit_holes"),
        ('{result="sent"}', ""),
        ('{service="auditor"}) > 10000', "{}) > 10000"),
        ("> 10000", ">= 10000"),
        ("> 10000", "> 20000"),
        ("for: 10m", "for: 1m"),
        ("for: 10m", "for: 30m"),
        ('absent(complaintbus_build_info{service="auditor"})', "absent(complaintbus_build_info)"),
        ("severity: page", "severity: ticket"),
    ],
)
def test_a_rule_that_says_something_else_does_not_pass(tmp_path: Path, old: str, new: str) -> None:
    monitoring = copied(tmp_path)
    replace(monitoring / "alerts" / "audit.yaml", old, new)
    run = promtool("test", "rules", monitoring / "tests" / "audit.yaml")
    assert run.returncode != 0
    assert "alertname" in run.stdout + run.stderr  # a difference was found, not only a mistake in the file
