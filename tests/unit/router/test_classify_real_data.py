"""How good it is on complaints other people wrote. Floors a little below what was measured, so that a loss shows.

The labels are suggestions (see the data's README): the CFPB's are the issue chosen from a list, not what the text says,
and a naive Bayes model trained on half of them reaches an accuracy of 0.63 on the other half. The dispute statements
cannot be labelled from the text alone in many cases; there the promise is to abstain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from services.router.domain.classify import classify
from services.router.domain.taxonomy import UNCLEAR
from shared.events.complaint import Narrative
from shared.events.decisions import Classification
from tests.unit.router.shipped_config import COMPILED

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def rows(name: str) -> list[dict[str, Any]]:
    """All rows of one data set; skips, with the reason, when it is not there."""
    file = DATA / name
    if not file.exists():
        pytest.skip(f"{file} is not here; it may be read but not shipped")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def decided(rows: Sequence[dict[str, Any]], text: Callable[[dict[str, Any]], str]) -> list[Classification]:
    return [classify(Narrative(text=text(row)[:20_000]), COMPILED) for row in rows]


def scores(labels: Sequence[str], answers: Sequence[Classification]) -> tuple[float, float]:
    """Share answered, and share right among those."""
    pairs = [(COMPILED.category_of(label), answer.category) for label, answer in zip(labels, answers, strict=True)]
    answered = [(label, category) for label, category in pairs if category != UNCLEAR]
    return len(answered) / len(pairs), sum(label == category for label, category in answered) / len(answered)


@pytest.mark.parametrize(
    ("name", "text", "label", "least_answered", "least_right"),
    [
        ("cfpb/narratives.open.jsonl", "narrative", "cat8", 0.70, 0.62),
        ("zh_car_12365auto/complaints.open.jsonl", "text", "primary_cat8", 0.80, 0.90),
        ("zh_jd_disputes/appeals.open.jsonl", "text", "cat8", 0.40, 0.55),
    ],
)
def test_answers_are_given_often_enough_and_right_often_enough(
    name: str, text: str, label: str, least_answered: float, least_right: float
) -> None:
    labelled = [row for row in rows(name) if row[label]]
    answered, right = scores([row[label] for row in labelled], decided(labelled, lambda row: row[text]))
    assert answered >= least_answered
    assert right >= least_right


def test_statements_that_cannot_be_placed_are_left_to_a_person() -> None:
    labelled = [row for row in rows("zh_jd_disputes/appeals.open.jsonl") if row["cat8"]]
    answered, _ = scores([row["cat8"] for row in labelled], decided(labelled, lambda row: row["text"]))
    assert answered <= 0.70


def test_most_vehicle_complaints_with_victims_or_fire_are_recognised() -> None:
    reports = rows("nhtsa/complaints.open.jsonl")
    answers = decided(reports, lambda row: row["text"])
    graded = [(row["severity_from_flags"], answer) for row, answer in zip(reports, answers, strict=True)]
    critical = [answer for grade, answer in graded if grade == "critical"]
    normal = [answer for grade, answer in graded if grade == "normal"]
    assert sum(answer.safety for answer in critical) / len(critical) >= 0.9
    assert sum(answer.priority == 0 for answer in normal) / len(normal) <= 0.05


def test_complaints_about_money_rarely_raise_a_false_alarm() -> None:
    answers = decided(rows("cfpb/narratives.open.jsonl"), lambda row: row["narrative"])
    assert sum(answer.priority == 0 for answer in answers) / len(answers) <= 0.015
