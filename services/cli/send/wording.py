"""What is wrong with a file of submissions, or with one row of it, in English and Chinese."""

from __future__ import annotations

from shared.language import Text

NOT_CERTAIN = Text(
    "the encoding of the file is not certain: {why}. Name it with --encoding (perhaps {likely}), or save the file as "
    "'CSV UTF-8' or as JSON Lines in UTF-8. Nothing was sent",
    "无法确定文件的编码：{why}。请用 --encoding 指明（可能是 {likely}），或另存为“CSV UTF-8”，"
    "或 UTF-8 编码的 JSON Lines。未发送任何内容",
)
NEITHER_OF_BOTH = Text("it is neither UTF-8 nor GB18030", "它既不是 UTF-8 也不是 GB18030 编码")
NO_COMMON_CHINESE = Text(
    "it is no UTF-8, and read as GB18030 it is no common Chinese",
    "它不是 UTF-8，按 GB18030 读出的也不是常用中文",
)
READS_AS_SEVERAL = Text("it reads equally well as {likely}", "按 {likely} 读都说得通")
ZERO_BYTES = Text("it has zero bytes, as UTF-16 without its mark has", "其中有零字节，像是没有标记的 UTF-16")
SEVEN_BIT = Text(
    "it has the shift marks of a 7-bit encoding such as HZ or ISO-2022", "其中有 HZ、ISO-2022 一类 7 位编码的切换标记"
)
BROKEN_UTF_8 = Text(
    "the file is UTF-8 up to line {line} and broken there: was it cut off, or put together from several? Save it anew "
    "as 'CSV UTF-8', or name another encoding with --encoding. Nothing was sent",
    "文件到第 {line} 行为止是 UTF-8，此处损坏：是否被截断，或由多个文件拼成？请重新另存为“CSV UTF-8”，"
    "或用 --encoding 指明其他编码。未发送任何内容",
)
NAMED_NOT_KEPT = Text(
    "the file is not {name} to its end, as --encoding says; nothing was sent",
    "文件并非全文都是 --encoding 所指明的 {name}；未发送任何内容",
)
UNKNOWN_ENCODING = Text(
    "there is no encoding {name}; known are e.g. utf-8, gb18030, big5, utf-16-le, windows-1252",
    "没有 {name} 这种编码；可用的如 utf-8、gb18030、big5、utf-16-le、windows-1252",
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
PERHAPS_MEANT = Text(" (did you mean {near}?)", "（是否想写 {near}？）")

ROW_NOT_CSV = Text(
    "not readable as CSV ({error}); nothing after it was sent", "无法按 CSV 读取（{error}）；其后内容均未发送"
)
TOO_MANY_CELLS = Text("has {cells} cells, the header has {columns}", "有 {cells} 个单元格，而表头只有 {columns} 列")
DIGITS_LOST = Text(
    "digits were lost: the spreadsheet shortened the number; format the column as text",
    "数字丢失了位数：电子表格缩写了该数字；请将该列设为文本格式",
)

COLUMN_TOO_NARROW = Text(
    "the spreadsheet shows no value, for the column is too narrow; widen it and save the file again",
    "列宽不够，电子表格只显示了 #；请加宽该列后重新保存",
)
ERROR_VALUE = Text(
    "is an error value of the spreadsheet, not what was meant; mend the formula or type the value in",
    "是电子表格的错误值，不是原来的内容；请修正公式或直接填写",
)
NO_VALUE = Text("is a program's word for 'nothing here'; leave the cell empty", "是程序表示“空”的写法；请将该格留空")
FORMULA = Text("is a formula, not its value; paste it as a value", "是公式而不是值；请粘贴为值")
FORMULA_WITHOUT_VALUE = Text(
    "is a formula without a value; open the file in the spreadsheet program and save it again",
    "是没有算出值的公式；请用电子表格程序打开并重新保存",
)
GOT_A_FRACTION = Text(
    "got a '.0' where it was kept as a number, and may have lost digits; format the column as text",
    "被当作小数而多了“.0”，位数可能已丢失；请将该列设为文本格式",
)
DATE_FOR_A_NUMBER = Text(
    "is a date or a date's serial number, not a telephone number; format the column as text",
    "是日期或日期序号，不是电话号码；请将该列设为文本格式",
)
KEPT_AS_A_DATE = Text(
    "is a date to the spreadsheet, so what was typed is lost; format the column as text and type it in again",
    "被电子表格存为日期，原来填写的内容已丢失；请将该列设为文本格式后重新填写",
)
KEPT_AS_A_TRUTH_VALUE = Text(
    "is TRUE or FALSE to the spreadsheet, not a text; format the column as text and type it in again",
    "被电子表格存为逻辑值（TRUE/FALSE）而不是文本；请将该列设为文本格式后重新填写",
)
NUMBER_TOO_LONG = Text(
    "has more than 15 digits and was kept as a number, so the last ones are lost; format the column as text",
    "超过 15 位而被存为数字，末尾几位已丢失；请将该列设为文本格式",
)
NOT_A_WORKBOOK = Text(
    "the file is {kind}; save it as XLSX, as 'CSV UTF-8' or as JSON Lines in UTF-8",
    "文件是 {kind}；请另存为 XLSX、“CSV UTF-8”，或 UTF-8 编码的 JSON Lines",
)
NO_WORKBOOK = Text(
    "the file is no XLSX workbook, whatever its name or --format says",
    "文件不是 XLSX 工作簿，尽管文件名或 --format 这样写",
)
SEVERAL_SHEETS = Text(
    "several sheets are filled: {names}; keep one of them in the file", "有多个工作表含内容：{names}；请只保留一个"
)
SHEET_DAMAGED = Text(
    "the sheet cannot be read from here on; nothing after it was sent", "工作表从此处起无法读取；其后内容均未发送"
)
WORKBOOK_READER_MISSING = Text(
    "XLSX files need openpyxl, which is not installed (pip install openpyxl); or save the file as 'CSV UTF-8'",
    "读取 XLSX 需要 openpyxl，而它没有安装（pip install openpyxl）；也可另存为“CSV UTF-8”",
)


def filled(text: Text, **facts: object) -> Text:
    """``text`` with its facts, in both languages."""
    return Text(text.en.format(**facts), text.zh.format(**facts))
