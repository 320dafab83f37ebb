"""What is wrong with a file of submissions, or with one row of it, in English and Chinese."""

from __future__ import annotations

from services.intake.domain.wording import Text

NO_ENCODING = Text(
    "the file is neither UTF-8 nor GB18030; save it as 'CSV UTF-8' or as JSON Lines in UTF-8",
    "文件既不是 UTF-8 也不是 GB18030 编码；请另存为“CSV UTF-8”，或 UTF-8 编码的 JSON Lines",
)
MARK_NOT_KEPT = Text(
    "the file begins with the mark of {name} and is not {name} to its end; was it cut off, or put together from "
    "several? Save it as 'CSV UTF-8' or as JSON Lines in UTF-8",
    "文件开头标明为 {name}，但并非全文都是 {name}；是否被截断，或由多个文件拼成？"
    "请另存为“CSV UTF-8”，或 UTF-8 编码的 JSON Lines",
)
ONE_ARRAY = Text(
    "the file is one JSON array; one object per line is needed (jq -c '.[]' FILE)",
    "文件是一个 JSON 数组；需要每行一个对象（jq -c '.[]' FILE）",
)
HEADER_NOT_CSV = Text("the first row is not readable as CSV: {error}", "第一行无法按 CSV 读取：{error}")
EMPTY = Text("the file is empty: the first row must name the columns", "文件是空的：第一行必须是列名")
COLUMNS_TWICE = Text("columns appear twice: {names}", "列名重复：{names}")
COLUMN_AND_PARENT = Text(
    "{name!r} is a column itself and the beginning of another one; keep one of them",
    "{name!r} 既是一列，又是另一列的上级；请只保留其一",
)
NO_NARRATIVE = Text(
    "there is no column 'narrative': what happened, in the complainant's words",
    "缺少 'narrative' 列：投诉人自述的经过",
)
UNKNOWN_COLUMNS = Text(
    "unknown columns: {names}; --ignore-unknown-columns leaves them out. Known ones: {known}",
    "未知的列：{names}；加 --ignore-unknown-columns 可忽略。已知的列：{known}",
)
PERHAPS_MEANT = Text(" (did you mean {near!r}?)", "（是否想写 {near!r}？）")

ROW_NOT_CSV = Text(
    "not readable as CSV ({error}); nothing after it was sent", "无法按 CSV 读取（{error}）；其后内容均未发送"
)
TOO_MANY_CELLS = Text("has {cells} cells, the header has {columns}", "有 {cells} 个单元格，而表头只有 {columns} 列")
DIGITS_LOST = Text(
    "digits were lost: the spreadsheet shortened the number; format the column as text",
    "数字丢失了位数：电子表格缩写了该数字；请将该列设为文本格式",
)


def filled(text: Text, **facts: object) -> Text:
    """``text`` with its facts, in both languages."""
    return Text(text.en.format(**facts), text.zh.format(**facts))
