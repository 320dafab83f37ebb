"""Why the router says no: bounded codes, each explained to the person who finds the refused record.

A refused record goes, byte for byte, to the dead letters of the department that wrote it (or to the router's own
for what consumers sent), with the code as ``dlq_reason`` and the explanation as ``dlq_detail``. Nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.events.unreadable import KEY_MISMATCH, LONGEST_DETAIL


class Reason(StrEnum):
    """Code of a refusal; also a metric label."""

    # what consumers sent
    KEY_REUSED = "key_reused"
    DUPLICATE_MESSAGE = "duplicate_message"
    STALE_CYCLE = "stale_cycle"
    FUTURE_CYCLE = "future_cycle"
    ALREADY_ANSWERED = "already_answered"
    # both
    UNKNOWN_CASE = "unknown_case"
    WRONG_PARTITION = "wrong_partition"
    UNEXPECTED_TYPE = "unexpected_type"
    KEY_MISMATCH = "key_mismatch"
    CASE_CLOSED = "case_closed"
    WITHDRAWN = "withdrawn"
    NOT_RESOLVED = "not_resolved"
    # what departments did
    DUPLICATE_UPDATE = "duplicate_update"
    UNKNOWN_ACTION = "unknown_action"
    NO_ASSIGNMENT = "no_assignment"
    NOT_ACCEPTED = "not_accepted"
    ALREADY_ACCEPTED = "already_accepted"
    ALREADY_CONTACTED = "already_contacted"
    ALREADY_RESOLVED = "already_resolved"
    ALREADY_ON_HOLD = "already_on_hold"
    NOT_ON_HOLD = "not_on_hold"
    NOT_LEAD = "not_lead"
    REASON_REQUIRED = "reason_required"
    RESOLUTION_REQUIRED = "resolution_required"
    RESOLUTION_BLANK = "resolution_blank"
    UNKNOWN_DEPARTMENT = "unknown_department"
    SUGGESTION_REQUIRED = "suggestion_required"
    FORCED_ASSIGNMENT = "forced_assignment"
    TRIAGE_ALREADY_INVOLVED = "triage_already_involved"
    FUTURE_TIME = "future_time"
    BEFORE_CYCLE = "before_cycle"
    BEFORE_RESOLUTION = "before_resolution"


EXPLANATIONS: Final[Mapping[Reason, tuple[str, str]]] = MappingProxyType(
    {
        Reason.KEY_REUSED: (
            (
                "This complaint_id is known with other content: the sender used one key for two submissions. "
                "Send it again under its own key."
            ),
            "该投诉编号已存在但内容不同：两次提交使用了同一个键，请换新键重新提交。",
        ),
        Reason.DUPLICATE_MESSAGE: (
            "The same message (ce_id) was handled before; nothing was changed.",
            "同一消息（ce_id）已处理过，未作任何更改。",
        ),
        Reason.STALE_CYCLE: (
            "The answer is about an earlier cycle; the case was reopened since.",
            "该回复针对更早的处理周期，此后投诉已重新打开。",
        ),
        Reason.FUTURE_CYCLE: (
            "The answer is about a cycle that does not exist yet.",
            "该回复针对尚不存在的处理周期。",
        ),
        Reason.ALREADY_ANSWERED: (
            "This cycle's survey was already answered with 'solved'.",
            "本周期的回访问卷已答复为“已解决”。",
        ),
        Reason.UNKNOWN_CASE: (
            (
                "No case has this key. The key must be the complaint_id as dispatched, in lower case; correct it and "
                "send again."
            ),
            "没有此键对应的投诉。键必须是派单时的 complaint_id（小写），请更正后重发。",
        ),
        Reason.WRONG_PARTITION: (
            (
                "The record does not lie in the partition of its key, so its case is not known there. Set the client's "
                "partitioner to murmur2 (librdkafka, confluent-kafka: partitioner=murmur2_random; Go: a murmur2 "
                "balancer; Java, kafka-python: the default), give it no partition of its own, and send again."
            ),
            (
                "记录不在其键所属的分区，该分区查不到对应投诉。请将客户端分区器设为 murmur2（librdkafka、"
                "confluent-kafka：partitioner=murmur2_random；Go：murmur2 balancer；Java、kafka-python："
                "默认即可），不要自行指定分区，然后重发。"
            ),
        ),
        Reason.UNEXPECTED_TYPE: (
            "This event type does not belong on this topic.",
            "该事件类型不应出现在此主题。",
        ),
        Reason.KEY_MISMATCH: (
            KEY_MISMATCH.en,
            KEY_MISMATCH.zh,
        ),
        Reason.CASE_CLOSED: (
            "The case is closed; a new matter is a new complaint.",
            "投诉已办结；新的问题请作为新投诉提交。",
        ),
        Reason.WITHDRAWN: (
            "The complainant withdrew the complaint; nothing more is to be done.",
            "投诉人已撤回投诉，无需继续处理。",
        ),
        Reason.NOT_RESOLVED: (
            "The case is not resolved yet; a call-back or survey answer comes after the resolution.",
            "投诉尚未处理完毕；回访或问卷应在处理完毕之后。",
        ),
        Reason.DUPLICATE_UPDATE: (
            "The same update (ce_id) was handled before; nothing was changed.",
            "同一更新（ce_id）已处理过，未作任何更改。",
        ),
        Reason.UNKNOWN_ACTION: (
            "The action is none of accept, contact, progress, return, resolve, hold, resume, call_back.",
            "动作不在 accept、contact、progress、return、resolve、hold、resume、call_back 之列。",
        ),
        Reason.NO_ASSIGNMENT: (
            (
                "The department has no part in this case, or no longer: it was never dispatched to it, or the part was "
                "returned or taken over."
            ),
            "本部门未承办该投诉，或已退单、已被其他部门接管。",
        ),
        Reason.NOT_ACCEPTED: (
            "Accept the case before putting it on hold.",
            "请先签收，再申请挂起。",
        ),
        Reason.ALREADY_ACCEPTED: (
            "The department accepted the case before.",
            "本部门此前已签收。",
        ),
        Reason.ALREADY_CONTACTED: (
            "The department already spoke to the complainant, so it keeps the case.",
            "本部门已联系投诉人，不能再退单。",
        ),
        Reason.ALREADY_RESOLVED: (
            (
                "The department already resolved its part. A contact or progress of before that is still taken, with "
                "the happened_at at which it happened."
            ),
            "本部门承办部分已处理完毕；办结之前的联系或进展仍可补报，happened_at 填实际发生时间。",
        ),
        Reason.ALREADY_ON_HOLD: (
            "The department's part is on hold already; resume it first.",
            "已处于挂起状态，请先恢复。",
        ),
        Reason.NOT_ON_HOLD: (
            "The department's part is not on hold.",
            "当前未挂起，无需恢复。",
        ),
        Reason.NOT_LEAD: (
            "Only the lead department calls the complainant back.",
            "仅主办部门可进行回访。",
        ),
        Reason.REASON_REQUIRED: (
            "Say why: return and hold need a reason code; white space and characters that are not shown say nothing.",
            "请填写原因：退单和挂起必须注明原因代码；空白和不可见字符不算填写。",
        ),
        Reason.RESOLUTION_REQUIRED: (
            "The lead's resolve needs the resolution (status, cause, measures): it is what the complainant is told.",
            "主办部门办结必须填写处理结果（状态、原因、措施），将告知投诉人。",
        ),
        Reason.RESOLUTION_BLANK: (
            (
                "Status, cause and measures must each say something: the complainant is told them. Only white space or "
                "characters that are not shown were given. A co-handler may leave the resolution out as a whole."
            ),
            "处理结果的状态、原因、措施均须有内容，将告知投诉人；本次只填了空白或不可见字符。协办部门可整体省略处理结果。",
        ),
        Reason.UNKNOWN_DEPARTMENT: (
            (
                "suggested_department is none of the departments; the part was not returned. Send it again with one of "
                "those named below, or without it and triage decides."
            ),
            "suggested_department 不是现有部门，未退单。请改填现有部门后重发，或不填由分诊部门决定。",
        ),
        Reason.SUGGESTION_REQUIRED: (
            (
                "Triage keeps a case it holds by final decision unless suggested_department names another existing "
                "department that has no part in the case yet."
            ),
            "终审后由分诊部门承办；如需转派，suggested_department 必须为尚未参与本案的现有部门。",
        ),
        Reason.FORCED_ASSIGNMENT: (
            "Assigned by final decision (arbiter); it cannot be returned.",
            "终审指派，不可退单。",
        ),
        Reason.TRIAGE_ALREADY_INVOLVED: (
            (
                "Nobody is free to take this part: triage already has a part in this case and no other usable "
                "department was suggested. Agree with triage, then resolve, or suggest another department."
            ),
            "无部门可接手：分诊部门已参与本案，且未建议其他可用部门。请与分诊部门协商后办结，或建议其他部门。",
        ),
        Reason.FUTURE_TIME: (
            "happened_at lies more than 5 minutes in the future; set the sender's clock right and send again.",
            "happened_at 晚于当前时间 5 分钟以上，请校准发送方时钟后重发。",
        ),
        Reason.BEFORE_CYCLE: (
            "happened_at lies more than 5 minutes before the complaint was received or last reopened.",
            "happened_at 早于投诉受理（或最近一次重新打开）5 分钟以上。",
        ),
        Reason.BEFORE_RESOLUTION: (
            (
                "happened_at lies more than 5 minutes before the case was resolved; a call-back asks about the "
                "resolution, so it comes after it. Send it again with the time of the call."
            ),
            "happened_at 早于投诉办结 5 分钟以上；回访针对处理结果，应在办结之后，请按实际回访时间重新提交。",
        ),
    }
)
"""English and Chinese explanation of every code: what is wrong, and what the sender can do."""


def explain(reason: Reason, departments: Sequence[str] = ()) -> str:
    """The explanation in both languages, with the ``departments`` there are where it is about their names.

    Never contains anything of the record.
    """
    english, chinese = EXPLANATIONS[reason]
    told = f"{english} / {chinese}"
    if reason is not Reason.UNKNOWN_DEPARTMENT or not departments:
        return told
    return f"{told} ({_listed(departments, LONGEST_DETAIL - len(told) - len(' ()'))})"


def _listed(names: Sequence[str], longest: int) -> str:
    """As many whole names as fit, and how many more there are."""
    shown = len(names)
    while shown and len(_cut(names, shown)) > longest:
        shown -= 1
    return _cut(names, shown)


def _cut(names: Sequence[str], shown: int) -> str:
    more = len(names) - shown
    return ", ".join([*names[:shown], *([f"… and {more} more 另有 {more} 个"] if more else [])])
