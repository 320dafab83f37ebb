"""What the composer must remember, told by small case logs: ends, reopenings, notices that wait or were skipped."""

from __future__ import annotations

from typing import Any

from shared.events import ids
from tests.torture.check.decoding import state_row
from tests.torture.check.oracle_correspondence import remembered
from tests.torture.check.records import CorrespondenceRow
from tests.unit.torture_check.synthetic import DUE, OUTCOMES, SyntheticRun, at

COMPLAINANT = {"name": "Ann Example", "email": "ann@example.com"}
BODY: dict[str, Any] = {"channel": "web", "narrative": {"text": "It broke."}, "complainant": COMPLAINANT}
TRIAGE = "triage"


class Case:
    """One registered complaint, to be told on."""

    def __init__(self, **body: Any) -> None:
        self.run = SyntheticRun()
        self.complaint = self.run.submitted("key", BODY | body)

    def registered(self) -> Case:
        self.run.entry(self.complaint, "registered", 0.01, complaint=self.complaint)
        return self

    def entry(self, name: str, hours: float = 1.0, cycle: int = 1, **facts: Any) -> Case:
        self.run.entry(self.complaint, name, hours, **facts).data["cycle"] = cycle
        return self

    def dispatched(self, lead: str, cycle: int = 1) -> Case:
        return self.entry("dispatched", cycle=cycle, decision={"lead": lead}, assignments=[], cause="initial")

    def row(self) -> CorrespondenceRow:
        found = remembered(self.run.history().cases[self.complaint["complaint_id"]], TRIAGE)
        assert found is not None
        return found


def test_a_case_nobody_was_told_of_is_not_remembered() -> None:
    case = Case().dispatched("legal")
    assert remembered(case.run.history().cases[case.complaint["complaint_id"]], TRIAGE) is None


def test_the_first_lead_of_a_cycle_stays_responsible_and_triage_is_where_there_was_none() -> None:
    case = Case().registered().dispatched("legal").dispatched("logistics").entry("closed")
    case.entry("reopened", cycle=2, reason="not_solved").entry("rejected", cycle=2, reason="out_of_scope")
    row = case.row()
    assert row.responsible == ((1, "legal"), (2, TRIAGE))
    assert row.issued == ("1/acknowledgement", "2/rejection", "2/reopened")
    assert row.is_ended


def test_a_reopened_case_is_no_longer_ended() -> None:
    case = Case().registered().entry("withdrawal_registered")
    assert case.row().is_ended
    assert not case.entry("reopened", cycle=2, reason="not_solved").row().is_ended


def test_a_breach_without_a_request_waits() -> None:
    case = Case().registered()
    case.run.clock(case.complaint, "contact", "breached", DUE["contact"], detected_at=DUE["contact"])
    row = case.row()
    assert (row.held, row.is_waiting, row.told) == (("1/breach_notice/contact",), True, ())


def test_a_correction_nobody_needs_is_issued_and_does_not_wait() -> None:
    case = Case().registered()
    corrected = case.run.clock(case.complaint, "contact", "corrected", DUE["contact"], stopped_at=at(1))
    assert case.row().held == ("1/breach_corrected/contact",)
    notification_id = ids.event_id(corrected.event_id, "notification.requested.v1", "breach_corrected/department")
    skipped = {"notification_id": notification_id, "cycle": 1, "template": "breach_corrected"}
    case.run.record(OUTCOMES, corrected.key, "notification.skipped.v1", skipped | {"reason": "no_breach_notice"})
    row = case.row()
    assert (row.held, row.is_waiting, row.issued[-1]) == ((), False, "1/breach_corrected/contact")


def test_a_message_that_was_refused_is_told_once_and_again_where_danger_is_new() -> None:
    case = Case().registered().entry("closed")
    for safety in (False, False, True):
        case.entry("message_refused", message="supplement", reason="case_closed", safety=safety)
    told = [name for name in case.row().issued if "message_refused" in name]
    assert told == [f"1/message_refused/supplement/case_closed/{safety}" for safety in (False, True)]


def test_the_desk_told_is_the_one_the_breach_named() -> None:
    case = Case().registered()
    case.run.breached(case.complaint, "contact", DUE["contact"], "legal")
    case.run.breached(case.complaint, "resolution", DUE["resolution"], "")
    case.run.records[-3].data["department"] = "logistics"
    told = dict(case.row().told)
    assert told["1/contact"] == "legal"
    assert told["1/resolution"] == "logistics", "named by the request alone"


def test_a_breach_seen_before_its_registration_is_remembered_for_a_while() -> None:
    case = Case()
    case.run.clock(case.complaint, "contact", "breached", DUE["contact"], detected_at=DUE["contact"])
    row = case.row()
    assert (row.person, row.is_ended, row.language, row.may_contact) == (None, True, "zh-CN", True)


def test_any_chinese_is_written_to_in_chinese_and_the_rest_of_the_world_in_english() -> None:
    tags = {"zh": "zh-CN", "zh_TW": "zh-CN", "zh-Hans-CN": "zh-CN", "en-GB": "en", "de": "en"}
    assert {tag: Case(language=tag).registered().row().language for tag in tags} == tags


def test_a_row_as_the_composer_writes_it_is_read_the_same_way() -> None:
    case = Case(consent={"contact": False}).registered().dispatched("legal")
    written = (
        b'{"complaint_id":"c","complainant":{"name":"Ann Example","email":"ann@example.com"},"contact_consent":false,'
        b'"responsible":{"1":"legal"},"issued":["1/acknowledgement"]}'
    )
    assert state_row("notifier.state.v1", written) == case.row()
