"""Scripted misbehaviour: which rule applies to an address, and how often."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.local.smtp_script import Misbehaviour, SmtpScript


def script(tmp_path: Path, *rules: dict[str, Any]) -> SmtpScript:
    file = tmp_path / "script.json"
    file.write_text(json.dumps(rules))
    return SmtpScript(file)


def actions(script: SmtpScript, address: str, times: int, *, at_recipient: bool = True) -> list[str | None]:
    rules = [script.next_rule(address, at_recipient=at_recipient) for _ in range(times)]
    return [rule.action.value if rule else None for rule in rules]


def test_the_first_matching_rule_applies(tmp_path: Path) -> None:
    rules = script(tmp_path, {"recipient": "a@", "action": "450"}, {"recipient": "", "action": "550"})
    assert actions(rules, "a@example.com", 1) == ["450"]
    assert actions(rules, "b@example.com", 1) == ["550"]


def test_a_limited_rule_is_used_up_per_address_and_the_next_one_takes_over(tmp_path: Path) -> None:
    rules = script(tmp_path, {"recipient": "@", "action": "450", "times": 2}, {"recipient": "@", "action": "421"})
    assert actions(rules, "a@example.com", 3) == ["450", "450", "421"]
    assert actions(rules, "b@example.com", 1) == ["450"]


def test_refusals_belong_to_the_recipient_stage_and_the_others_to_the_data_stage(tmp_path: Path) -> None:
    rules = script(tmp_path, {"recipient": "", "action": "slow"}, {"recipient": "", "action": "550"})
    assert actions(rules, "a@example.com", 1) == ["550"]
    assert actions(rules, "a@example.com", 1, at_recipient=False) == ["slow"]
    assert {action for action in Misbehaviour if action.at_recipient} == {"421", "450", "550"}


def test_without_a_script_the_sink_behaves(tmp_path: Path) -> None:
    assert actions(SmtpScript(None), "a@example.com", 1) == [None]
    assert actions(SmtpScript(tmp_path / "absent.json"), "a@example.com", 1) == [None]


@pytest.mark.parametrize("rule", [{"recipient": "", "action": "551"}, {"recipient": "", "action": "450", "tims": 1}])
def test_a_wrong_rule_is_refused(tmp_path: Path, rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        script(tmp_path, rule).next_rule("a@example.com", at_recipient=True)
