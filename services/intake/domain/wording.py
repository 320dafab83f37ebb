"""What a refusal says to the person who reads it, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from services.intake.domain.refusal import FieldProblem, RefusalReason

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    en: str
    zh: str

    def read_in(self, language: Language) -> str:
        """The text in ``language``."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Wording:
    """Title and detail of one kind of refusal."""

    title: Text
    detail: Text


WORDINGS = MappingProxyType(
    {
        RefusalReason.NOT_JSON: Wording(
            Text("The body is not one JSON object", "请求体不是一个 JSON 对象"),
            Text(
                "Send one JSON object in UTF-8 (RFC 8259), each name once.",
                "请发送一个 UTF-8 编码的 JSON 对象（RFC 8259），每个字段名只出现一次。",
            ),
        ),
        RefusalReason.INVALID_FIELDS: Wording(
            Text("Some fields are not acceptable", "部分字段不符合要求"),
            Text("Each one is named under errors; nothing was taken in.", "各字段见 errors；本次提交未被受理。"),
        ),
        RefusalReason.INVALID_IDEMPOTENCY_KEY: Wording(
            Text("The Idempotency-Key is malformed", "Idempotency-Key 格式有误"),
            Text(
                "Send the header once, with 1 to 255 printable ASCII characters.",
                "该请求头只能出现一次，内容为 1 到 255 个可打印 ASCII 字符。",
            ),
        ),
        RefusalReason.KEY_REUSED: Wording(
            Text("The key was used for another submission", "该幂等键已用于另一份提交"),
            Text(
                "The same key with other content is already taken in. Use a new key for a new complaint.",
                "同一个键的另一内容已被受理。新的投诉请使用新的键。",
            ),
        ),
        RefusalReason.KEY_IN_USE: Wording(
            Text("The key is in use for another submission", "该幂等键正用于另一份提交"),
            Text(
                "Another submission with this key is being taken in right now. Try again, or use a new key.",
                "使用该键的另一份提交正在处理中。请稍后重试，或使用新的键。",
            ),
        ),
        RefusalReason.NOT_FOUND: Wording(
            Text("Not found", "未找到"),
            Text(
                "There is no such resource, or its query code is another.",
                "没有这一资源，或查询码不符。",
            ),
        ),
        RefusalReason.EMPTY_BATCH: Wording(
            Text("The batch holds no line", "批量中没有任何一行"),
            Text(
                "Send one submission in each line, as JSON. If you did, something on the way dropped the body.",
                "请每行发送一份 JSON 提交。如已如此发送，说明请求体在途中丢失。",
            ),
        ),
        RefusalReason.BODY_INCOMPLETE: Wording(
            Text("The body is not as long as its head said", "请求体长度与请求头不符"),
            Text(
                "It was not read whole. Send it again with the same Idempotency-Key.",
                "请求体未被完整读取。请使用相同的 Idempotency-Key 重新发送。",
            ),
        ),
        RefusalReason.DOUBTFUL_LENGTH: Wording(
            Text("It is not clear where the body ends", "无法判断请求体在何处结束"),
            Text(
                "Send Content-Length or, with HTTP/1.1, Transfer-Encoding: chunked; never both. Nothing was read.",
                "请发送 Content-Length，或在 HTTP/1.1 中发送 Transfer-Encoding: chunked，二者不可并用。内容未被读取。",
            ),
        ),
        RefusalReason.LENGTH_REQUIRED: Wording(
            Text("The length of the body is not given", "未说明请求体长度"),
            Text(
                "Send Content-Length, 0 for an empty body. Nothing was read.",
                "请发送 Content-Length，空请求体为 0。内容未被读取。",
            ),
        ),
        RefusalReason.TOO_LARGE: Wording(
            Text("The submission is too large", "提交内容过大"),
            Text(
                "Send attachments to the attachment store and a batch in smaller parts. Lines of a batch that came "
                "before may have been taken in; sent again, they get the same tickets.",
                "附件请传到附件存储，批量请分成小份。批量中此前的行可能已被受理，重发会得到相同的受理编号。",
            ),
        ),
        RefusalReason.TOO_SLOW: Wording(
            Text("The body took too long to arrive", "请求体传输超时"),
            Text("Send it again with the same Idempotency-Key.", "请使用相同的 Idempotency-Key 重新发送。"),
        ),
        RefusalReason.UNSUPPORTED_MEDIA_TYPE: Wording(
            Text("The media type is not supported", "不支持的媒体类型"),
            Text(
                "Send application/json (a batch: application/x-ndjson), without content encoding.",
                "请发送 application/json（批量为 application/x-ndjson），不带内容编码。",
            ),
        ),
        RefusalReason.UNAVAILABLE: Wording(
            Text("The complaint could not be made durable", "投诉暂时无法可靠保存"),
            Text(
                "It may or may not have been stored. Send it again with the same Idempotency-Key: it then counts once "
                "and gets the same ticket.",
                "内容可能已保存，也可能未保存。请使用相同的 Idempotency-Key 重新发送：只计一次，受理编号不变。",
            ),
        ),
        RefusalReason.OVERLOADED: Wording(
            Text("Too many submissions at the moment", "当前提交过多"),
            Text(
                "Nothing was stored. Send it again with the same Idempotency-Key.",
                "内容未保存。请使用相同的 Idempotency-Key 重新发送。",
            ),
        ),
        RefusalReason.FAILED: Wording(
            Text("The submission could not be handled", "提交处理失败"),
            Text(
                "The fault is on our side and has been recorded. Send it again with the same Idempotency-Key.",
                "故障在我方，已记录。请使用相同的 Idempotency-Key 重新发送。",
            ),
        ),
    }
)

_INSTANT = Text(
    "must be an instant with an offset, such as 2024-05-01T09:30:00+08:00",
    "必须是带时区偏移的时间，例如 2024-05-01T09:30:00+08:00",
)

FIELD_WORDINGS = MappingProxyType(
    {
        "missing": Text("is required", "必填"),
        "extra_forbidden": Text("is not a known field", "不是已知字段"),
        "blank": Text(
            "says nothing: only white space or characters that are not shown", "没有内容，只有空白或不可见字符"
        ),
        "currency": Text(
            "is no currency: write a code of ISO 4217, such as CNY or USD",
            "不是货币代码，请填写 ISO 4217 代码，例如 CNY、USD",
        ),
        "language_tag": Text(
            "is no language tag: write one of BCP 47, such as zh-CN or en",
            "不是语言标签，请填写 BCP 47 标签，例如 zh-CN、en",
        ),
        "nul_character": Text("contains the character NUL", "含有 NUL 字符"),
        "lone_surrogate": Text(
            "contains half a surrogate pair; not Unicode text", "含有不成对的代理字符，不是有效的 Unicode 文本"
        ),
        "id_required": Text(
            "is required on this channel, unless the header Idempotency-Key is given",
            "该渠道必填，除非提供 Idempotency-Key 请求头",
        ),
        "in_the_future": Text("is more than five minutes in the future", "比当前时间晚五分钟以上"),
        "instant": _INSTANT,
        "out_of_range": Text(
            "must lie between {earliest} and {latest} (UTC)", "必须在 {earliest} 至 {latest} 之间（UTC）"
        ),
        "datetime_parsing": _INSTANT,
        "datetime_from_date_parsing": Text("is no day of the calendar or hour of the day", "不是存在的日期或时刻"),
        "string_type": Text("must be a text", "必须是文本"),
        "string_too_long": Text("is longer than {max_length} characters", "超过 {max_length} 个字符"),
        "string_too_short": Text("is shorter than {min_length} characters", "少于 {min_length} 个字符"),
        "string_pattern_mismatch": Text("does not match {pattern}", "不符合格式 {pattern}"),
        "enum": Text("must be one of {expected}", "必须是以下之一：{expected}"),
        "too_long": Text("has more than {max_length} entries", "超过 {max_length} 项"),
        "tuple_type": Text("must be a list", "必须是列表"),
        "dict_type": Text("must be an object", "必须是对象"),
        "model_type": Text("must be an object", "必须是对象"),
        "bool_type": Text("must be true or false", "必须是 true 或 false"),
        "bool_parsing": Text("must be true or false", "必须是 true 或 false"),
        "int_type": Text("must be a whole number", "必须是整数"),
        "int_parsing": Text("must be a whole number", "必须是整数"),
        "int_from_float": Text("must be a whole number", "必须是整数"),
        "decimal_type": Text("must be a number", "必须是数字"),
        "decimal_parsing": Text("must be a number", "必须是数字"),
        "finite_number": Text("must be a finite number", "必须是有限的数字"),
        "decimal_max_digits": Text("has more than {max_digits} digits", "超过 {max_digits} 位数字"),
        "decimal_max_places": Text("has more than {decimal_places} decimal places", "小数超过 {decimal_places} 位"),
        "decimal_whole_digits": Text("is too large a number", "数值过大"),
        "greater_than_equal": Text("must be at least {ge}", "不得小于 {ge}"),
        "less_than_equal": Text("must be at most {le}", "不得大于 {le}"),
        "not_utf8": Text("is not UTF-8", "不是 UTF-8 编码"),
        "repeated_name": Text("appears more than once in one object", "在同一对象中重复出现"),
        "not_a_number": Text("NaN and Infinity are not JSON", "JSON 不允许 NaN 和 Infinity"),
        "not_json": Text("is not JSON from here on", "从此处起不是有效的 JSON"),
        "too_deep": Text("is nested too deeply", "嵌套过深"),
        "number_too_long": Text("holds a number with too many digits", "含有位数过多的数字"),
        "not_an_object": Text("must be one JSON object", "必须是一个 JSON 对象"),
    }
)

_OTHERWISE = Text("is not acceptable ({code})", "不符合要求（{code}）")


def field_reason(problem: FieldProblem, language: Language) -> str:
    """What is wrong with the field, as the rest of a sentence that begins with its name."""
    text = FIELD_WORDINGS.get(problem.code, _OTHERWISE).read_in(language)
    return text.format_map({"code": problem.code, **dict(problem.limits)})
