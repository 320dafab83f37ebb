"""What is said of a record that cannot be read or handled, in English and Chinese: what is wrong, and what to do.

It becomes ``dlq_detail``, and the table of ``docs/departments.md``. Nothing in it is content of the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from shared.events.field_problem import FieldProblem
from shared.events.field_wording import field_reason
from shared.language import Language, Text

REQUIRED_HEADERS: Final = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_time")
"""Without these a record cannot be read; ``ce_specversion`` and ``content-type`` are taken for granted if absent."""

LONGEST_DETAIL: Final = 500
"""Characters of ``dlq_detail``: it may quote the record, and the letter must not become too large to be written."""

LONGEST_LIST: Final = 400
"""Characters for the wrong fields of a record, both languages together."""

KEY_MISMATCH: Final = Text(
    "The record key, the header ce_subject and complaint_id in the value must be the same text: the complaint_id "
    "as dispatched, in lower case. Correct it and send again.",
    "记录键、消息头 ce_subject 与内容中的 complaint_id 必须完全相同，即派单时的 complaint_id（小写），请更正后重发。",
)

UNREADABLE: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "missing_header": Text(
            f"A header is absent. {', '.join(REQUIRED_HEADERS)} are required; add what is named and send again.",
            f"缺少消息头。{'、'.join(REQUIRED_HEADERS)} 均为必填，请补齐所列消息头后重发。",
        ),
        "bad_header": Text(
            "A header is null or not UTF-8, or ce_time is not RFC 3339 with an offset such as +08:00; correct it and "
            "send again.",
            "消息头为空值或不是 UTF-8，或 ce_time 不是带时区偏移（例如 +08:00）的 RFC 3339 时间，请更正后重发。",
        ),
        "blank_id": Text(
            "The header ce_id says nothing: it is empty, or only white space or characters that are not shown. Give "
            "every record an id of its own, e.g. a UUID, and send again.",
            "消息头 ce_id 没有内容，为空或只有空白、不可见字符。请为每条记录填写各自的编号（如 UUID）后重发。",
        ),
        "unknown_type": Text(
            "No event has this ce_type. Write it as docs/departments.md does (assignment.updated.v1) and send again.",
            "没有此 ce_type 对应的事件类型，请按 docs/departments.md 填写（assignment.updated.v1）后重发。",
        ),
        "empty_value": Text(
            "The record has no value; put the JSON object there and send again.",
            "记录没有内容，请填入 JSON 对象后重发。",
        ),
        "schema": Text(
            "The value is not the JSON object it must be; the wrong fields are named. Correct them and send again.",
            "内容不符合约定的 JSON 格式，错误字段已列出，请更正后重发。",
        ),
        "too_large": Text(
            "What the record leads to is larger than can be written. Shorten its texts and send again.",
            "处理该记录产生的内容超过可写入的上限，请缩短文本后重发。",
        ),
        "too_slow": Text(
            "Handling it took too long; it was not done and not tried again. Tell the operators, then send again.",
            "处理超时，未生效且未再重试。请告知运维人员后重发。",
        ),
        "unhandled": Text(
            "The fault is in the service, not in the record. Tell the operators; send again when it is mended.",
            "故障在服务一方，不在该记录。请告知运维人员，修复后重发。",
        ),
        "gone_unread": Text(
            "Records were deleted from the topic before they were read. Send those from before this time again.",
            "主题中的记录在读取前已被删除，请将此时间之前的记录重发。",
        ),
    }
)
"""By ``dlq_reason``."""


def both(text: Text) -> str:
    """English, then Chinese."""
    return f"{text.en} / {text.zh}"


def told(reason: str, found: Text | None = None) -> str:
    """The words of ``reason`` in both languages, each after what was ``found`` in this record."""
    general = UNREADABLE[reason]
    if found is None:
        return both(general)
    return f"{found.en} {general.en} / {found.zh}{general.zh}"


def headers_missing(names: Sequence[str]) -> str:
    """Every header that is absent, at once."""
    are = "header {} is absent" if len(names) == 1 else "headers {} are absent"
    english = are.format(", ".join(names))
    return f"{english}; add what is missing and send again. / 缺少消息头 {'、'.join(names)}，请补齐后重发。"


def key_mismatch(key: str | None, other: str, name: str) -> str:
    """Why the key is not ``other``, which stands in ``name`` (``ce_subject``, ``complaint_id``)."""
    found = _difference(key, other, name)
    return f"{found.en} {KEY_MISMATCH.en} / {found.zh}{KEY_MISMATCH.zh}"


def _difference(key: str | None, other: str, name: str) -> Text:
    if key is None:
        return Text("The record has no key.", "记录没有键。")
    if key.casefold() == other.casefold():
        return Text(f"Key and {name} differ in upper and lower case only.", f"记录键与 {name} 仅大小写不同。")
    return Text(f"The key is not {name}.", f"记录键与 {name} 不一致。")


def fields_wrong(problems: Sequence[FieldProblem]) -> str:
    """Each wrong field with its code and reason, as many as there is room for."""
    shown = len(problems)
    while shown > 1 and len(_listed(problems, shown, "en") + _listed(problems, shown, "zh")) > LONGEST_LIST:
        shown -= 1
    english, chinese = _listed(problems, shown, "en"), _listed(problems, shown, "zh")
    return f"{english}. Correct and send again. / {chinese}。请更正后重发。"


def _listed(problems: Sequence[FieldProblem], shown: int, language: Language) -> str:
    separator, rest = ("; ", "and {} more") if language == "en" else ("；", "另有 {} 处")
    items = [_item(problem, language) for problem in problems[:shown]]
    more = len(problems) - shown
    return separator.join([*items, rest.format(more)] if more else items)


def _item(problem: FieldProblem, language: Language) -> str:
    reason = field_reason(problem, language)
    return f"{problem.field} ({problem.code}): {reason}" if language == "en" else f"{problem.field}：{reason}"
