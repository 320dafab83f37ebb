"""What a spreadsheet shows instead of a value is refused with row and column; what people write is not."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.send.display_artefacts import artefact_in
from services.cli.send.submissions import opened_submissions

ERROR_VALUES = " ".join(
    [
        "#NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #GETTING_DATA #SPILL! #CALC! #FIELD! #BLOCKED!",
        "#UNKNOWN! #CONNECT! #BUSY! #WERT! #BEZUG! #ZAHL! #NV #ÜBERLAUF! #NUL! #VALEUR! #NOM? #NOMBRE!",
        "#¡NULO! #¡DIV/0! #¡VALOR! #¡REF! #¿NOMBRE? #¡NUM! #N/D #NULLO! #VALORE! #RIF! #NOME? #NÚM! #LEEG!",
        "#DEEL/0! #WAARDE! #VERW! #NAAM? #GETAL! #N/B #ПУСТО! #ДЕЛ/0! #ЗНАЧ! #ССЫЛКА! #ИМЯ? #ЧИСЛО! #Н/Д",
        "#ZERO! #DZIEL/0! #ARG! #ADR! #NAZWA? #LICZBA! #VÄRDEFEL! #REFERENS! #NAMN? #OGILTIGT! #SAKNAS!",
        "#VÆRDI! #I/T #TYHJÄ! #JAKO/0! #ARVO! #DĚLENÍ_NULOU! #HODNOTA! #ODKAZ! #NÁZEV? #ČÍSLO!",
        "#NENÍ_K_DISPOZICI #ÉRTÉK! #HIV! #NÉV? #SZÁM! #HIÁNYZIK #BOŞ! #SAYI/0! #DEĞER! #BAŞV! #AD? #YOK",
        "#ERR:509 #ERROR!",
    ]
).split()
ERROR_CODES = ["Err:502", "Err:508", "Err:522", "Fehler:502", "错误:504"]
"""In a field that holds no sentences; a customer may have read such a thing from a screen, and says so."""
NARROW = ["##", "########", "#" * 40, "＃＃＃＃"]
SHORTENED = ["1.38E+10", "1.38001E10", "1E+05", "1.1E+100", "6,22202E+18", "-1.2E+3", "1.5E-07", "1.38e+10"]
IN_A_PHONE = ["13800138000.0", "13800138000.00", "45292", "45292.5", "2024/1/1", "2024-01-01 00:00:00", "1月2日"]
IN_A_PHONE += ["2-May", "May-20", "1-Jan-2024", '="13800138000"', "=TEXT(A1)"]


@pytest.mark.parametrize("cell", [*ERROR_VALUES, *NARROW, *SHORTENED])
@pytest.mark.parametrize("field", ["complainant.phone", "order_reference", "narrative", "complainant.handles.微博"])
def test_what_stands_for_no_value_is_seen_in_every_column(field: str, cell: str) -> None:
    assert artefact_in(field, f" {cell}\t") is not None


@pytest.mark.parametrize("cell", ERROR_CODES)
@pytest.mark.parametrize("field", ["complainant.phone", "order_reference", "product.model", "complainant.handles.微博"])
def test_an_error_code_is_seen_where_no_sentence_stands(field: str, cell: str) -> None:
    assert artefact_in(field, f" {cell}\t") is not None


@pytest.mark.parametrize("cell", ["错误:502", *ERROR_CODES, "错误: 502", "ERROR:404"])
@pytest.mark.parametrize("field", ["narrative", "narrative.text", "narrative.subject", "desired_remedy"])
def test_an_error_code_may_be_the_complaint(field: str, cell: str) -> None:
    assert artefact_in(field, cell) is None


@pytest.mark.parametrize("field", ["product.name", "product.model", "product.batch"])
def test_a_model_may_look_like_a_number_with_an_exponent(field: str) -> None:
    for model in ("2E-3", "1.5E3", "2E+3", "3E-07"):
        assert artefact_in(field, model) is None
    for shortened in ("1.38E+10", "2.0241E+11", "1E+05"):
        assert artefact_in(field, shortened) is not None


@pytest.mark.parametrize("cell", IN_A_PHONE)
def test_what_is_no_telephone_number_is_seen(cell: str) -> None:
    assert artefact_in("complainant.phone", cell) is not None


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("complainant.phone", "13800138000"), ("complainant.phone", "+86 138-0013-8000"),
        ("complainant.phone", "12315"),
        ("complainant.phone", "021-5555 1234"), ("complainant.phone", "95588"), ("order_reference", "E10"),
        ("order_reference", "2024E05"), ("order_reference", "1E5"), ("order_reference", "#20240101"),
        ("order_reference", "2024-01-02"),
        ("narrative", "#差评!"), ("narrative", "#never again!"), ("narrative", "# 1"), ("narrative", "#"),
        ("narrative", "Err: 502 shown on the screen"), ("narrative", "#N/A appears where my balance should be"),
        ("amount.value", "13800.0"), ("amount.value", "45292"), ("product.model", "V2.0"), ("product.model", "10.0"),
        ("complainant.name", "NaN Li"), ("received_at", "2026-03-02T10:00:00+08:00"), ("narrative", "=.= 气死了"),
    ],
)  # fmt: skip
def test_what_people_write_is_let_through(field: str, cell: str) -> None:
    assert artefact_in(field, cell) is None


@given(st.text("一二三冰箱坏了abcdefg ，。!?#", min_size=4, max_size=60).filter(lambda text: text.strip("# \t")))
def test_no_sentence_is_taken_for_one(text: str) -> None:
    assert artefact_in("narrative", text) is None


@given(st.integers(10**9, 10**15), st.integers(0, 6))
def test_every_way_a_number_is_shortened_is_seen_and_the_number_itself_is_not(number: int, digits: int) -> None:
    assert artefact_in("order_reference", str(number)) is None
    for shown in (f"{number:.{digits}E}", f"{number:.{digits}e}", f"{float(number)}"):
        assert artefact_in("order_reference", shown) is not None


def test_the_row_is_refused_with_each_column_as_its_header_names_it() -> None:
    content = "投诉内容,联系电话,订单号\n冰箱坏了,#N/A,1.1E+17\n冰箱坏了,13800138000,A-1\n".encode()
    with opened_submissions(None, io.BytesIO(content)) as file:
        bad, good = file.rows(default_channel="file", language="zh")
    assert (bad.number, [problem.column for problem in bad.problems]) == (2, ["联系电话", "订单号"])
    assert "错误值" in bad.problems[0].reason
    assert "#N/A" not in bad.problems[0].reason
    assert good.document == {
        "narrative": {"text": "冰箱坏了"}, "complainant": {"phone": "13800138000"}, "order_reference": "A-1",
        "channel": "file",
    }  # fmt: skip
