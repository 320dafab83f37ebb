"""The samples that are shipped: valid, varied, and routed to more than one department now and then."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.samples.convert_cfpb import to_submission
from services.router.domain.assess import Assessor
from shared.events.complaint import Channel, Complaint
from tests.unit.router.shipped_config import DEPARTMENTS, RULES, TAXONOMY

SAMPLES = Path(__file__).resolve().parents[3] / "deploy" / "samples"
DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
SERVER_MADE = {"complaint_id", "ticket_number", "content_digest", "ingested_at"}
ASSESS = Assessor(TAXONOMY, DEPARTMENTS, RULES)


def submissions(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / name).read_text(encoding="utf-8").splitlines()]


def as_complaint(submission: dict[str, Any]) -> Complaint:
    """What the door would make of it."""
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    made = dict.fromkeys(SERVER_MADE - {"ingested_at"}, "made-at-the-door") | {"ingested_at": now}
    return Complaint.model_validate({"received_at": now} | submission | made)


@pytest.fixture(scope="module")
def written() -> list[dict[str, Any]]:
    return submissions("complaints.jsonl")


@pytest.mark.parametrize(("name", "least"), [("complaints.jsonl", 64), ("cfpb.jsonl", 250)])
def test_samples_are_submissions_each_with_its_own_id(name: str, least: int) -> None:
    rows = submissions(name)
    assert len(rows) >= least
    assert len({(row["channel"], row["channel_message_id"]) for row in rows}) == len(rows)
    for row in rows:
        assert not SERVER_MADE & row.keys()
        assert as_complaint(row).channel in list(Channel)


def test_the_written_samples_cover_all_categories_and_channels(written: list[dict[str, Any]]) -> None:
    categories = Counter(ASSESS(as_complaint(row))[0].category for row in written)
    assert set(categories) == set(TAXONOMY.category_ids)
    assert min(categories.values()) >= 4
    assert {row["channel"] for row in written} == set(Channel)


def test_the_written_samples_vary_in_what_they_say(written: list[dict[str, Any]]) -> None:
    complaints = [as_complaint(row) for row in written]
    assert {complaint.language for complaint in complaints} >= {"zh-CN", "en"}
    for field in (
        "amount",
        "order_reference",
        "store_reference",
        "product",
        "desired_remedy",
        "regulator_respond_by",
        "earlier_ticket",
        "attachments",
        "declared_category",
        "occurred_at",
    ):
        assert any(getattr(complaint, field) for complaint in complaints), field
    assert any(complaint.complainant.minor for complaint in complaints)
    assert any(complaint.complainant.anonymous for complaint in complaints)
    assert {ASSESS(complaint)[0].severity for complaint in complaints} == {"low", "medium", "high", "critical"}


def test_nobody_real_is_in_the_written_samples(written: list[dict[str, Any]]) -> None:
    addresses = [row["complainant"]["email"] for row in written if row["complainant"].get("email")]
    assert addresses
    assert all(address.endswith(("@example.com", "@example.cn")) for address in addresses)


@pytest.mark.parametrize("name", ["complaints.jsonl", "cfpb.jsonl"])
def test_a_sample_goes_to_one_and_a_half_departments_on_average(name: str) -> None:
    decisions = [ASSESS(as_complaint(row))[1] for row in submissions(name)]
    fan_out = sum(1 + len(decision.co_handlers) for decision in decisions) / len(decisions)
    assert 1.2 <= fan_out <= 1.7


def test_every_row_of_the_source_can_be_converted() -> None:
    file = DATA / "cfpb" / "narratives.open.jsonl"
    if not file.exists():
        pytest.skip(f"{file} is not here; it may be read but not shipped")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    converted = [as_complaint(to_submission(row)) for row in rows]
    assert len({complaint.channel_message_id for complaint in converted}) == len(rows)
