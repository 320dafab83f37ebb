"""What a refusal says to the person who reads it, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from services.intake.domain.refusal import RefusalReason
from shared.events.field_wording import FIELD_WORDINGS as FIELD_WORDINGS
from shared.events.field_wording import field_reason as field_reason
from shared.language import Text


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
