"""What is said of one wrong field, in English and Chinese: at the door and of a record that cannot be read."""

from __future__ import annotations

from types import MappingProxyType

from shared.events.field_problem import FieldProblem
from shared.language import Language, Text

_INSTANT = Text(
    "needs an offset such as +08:00: write an instant like 2024-05-01T09:30:00+08:00",
    "必须是带时区偏移的时间，例如 2024-05-01T09:30:00+08:00",
)

_EMPTY = Text("is empty", "为空")

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
        "control_character": Text(
            "contains a control character or a mark of direction (U+202E and the like), which would reach a letter",
            "含有控制字符或文字方向控制符（如 U+202E），会带入发给投诉人的通知",
        ),
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
        "datetime_type": _INSTANT,
        "timezone_aware": _INSTANT,
        "beyond_calendar": Text("lies outside the years 1 to 9999 in UTC", "换算为 UTC 后超出公元 1 至 9999 年"),
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
        "json_invalid": Text("is not JSON", "不是有效的 JSON"),
        "not_json": Text("is not JSON from here on", "从此处起不是有效的 JSON"),
        "too_deep": Text("is nested too deeply", "嵌套过深"),
        "number_too_long": Text("holds a number with too many digits", "含有位数过多的数字"),
        "not_an_object": Text("must be one JSON object", "必须是一个 JSON 对象"),
    }
)

_OTHERWISE = Text("is not acceptable ({code})", "不符合要求（{code}）")


def field_reason(problem: FieldProblem, language: Language) -> str:
    """What is wrong with the field, as the rest of a sentence that begins with its name."""
    limits = dict(problem.limits)
    is_empty = problem.code == "string_too_short" and str(limits.get("min_length")) == "1"
    text = _EMPTY if is_empty else FIELD_WORDINGS.get(problem.code, _OTHERWISE)
    return text.read_in(language).format_map({"code": problem.code, **limits})
