"""Which columns of a spreadsheet stand for which fields of a submission; what is wrong with a header."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, get_args

from pydantic import BaseModel

from services.cli.send import wording
from services.intake.domain.submission import Submission
from shared.language import Language, Text

_ANY_NAME = "*"

CHINESE_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "channel": ("渠道", "投诉渠道", "来源渠道", "来源"),
        "channel_message_id": ("来源编号", "流水号", "工单号", "工单编号", "投诉编号", "外部编号"),
        "received_at": ("接收时间", "受理时间", "投诉时间", "来电时间", "登记时间"),
        "occurred_at": ("发生时间", "事发时间", "购买时间"),
        "complainant.name": ("姓名", "投诉人", "投诉人姓名", "客户姓名", "联系人"),
        "complainant.phone": ("电话", "手机", "手机号", "手机号码", "联系电话", "电话号码", "投诉人电话"),
        "complainant.email": ("邮箱", "电子邮箱", "电子邮件", "邮箱地址"),
        "complainant.anonymous": ("匿名", "是否匿名"),
        "complainant.minor": ("未成年", "未成年人", "是否未成年"),
        "narrative.text": ("投诉内容", "内容", "投诉详情", "投诉描述", "问题描述", "情况说明", "事由"),
        "narrative.subject": ("标题", "主题", "投诉标题"),
        "product.name": ("产品", "产品名称", "商品", "商品名称"),
        "product.model": ("型号", "产品型号", "规格型号"),
        "product.batch": ("批次", "批号", "生产批次"),
        "order_reference": ("订单", "订单号", "订单编号", "合同号", "保单号"),
        "merchant_reference": ("商户", "商家", "商户名称", "商家名称"),
        "store_reference": ("门店", "店铺", "网点", "门店名称", "店铺名称"),
        "amount.value": ("金额", "涉及金额", "涉诉金额", "争议金额"),
        "amount.currency": ("币种", "货币"),
        "place": ("地点", "城市", "发生地点", "事发地点"),
        "desired_remedy": ("诉求", "投诉诉求", "客户诉求", "期望处理", "处理诉求"),
        "declared_category": ("类别", "分类", "投诉类别", "投诉类型", "投诉分类"),
        "language": ("语言",),
        "earlier_ticket": ("原受理编号", "前次受理编号", "历史受理编号"),
        "regulator_respond_by": ("答复期限", "办结期限", "监管答复期限"),
    }
)
"""How Chinese spreadsheets name the fields."""

_FIELD_BY_CHINESE_NAME: Final = {name: field for field, names in CHINESE_NAMES.items() for name in names}


class UnusableFile(Exception):
    """The file as a whole cannot be read as submissions; says why and what to do, by itself in English."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self._why = why

    def read_in(self, language: Language) -> str:
        """Why and what to do."""
        return self._why.read_in(language)


def fields_of_columns(header: Sequence[str], *, ignore_unknown: bool) -> Mapping[str, str]:
    """The field each column stands for, by its name. Raises UnusableFile for a header that cannot be meant."""
    if not any(header):
        raise UnusableFile(wording.EMPTY)
    doubled = sorted({name for name in header if header.count(name) > 1 and name})
    if doubled:
        raise UnusableFile(wording.filled(wording.COLUMNS_TWICE, names=", ".join(doubled)))
    columns = column_names()
    fields = {name: _field_of(name, columns) for name in header}
    _require_one_column_each(fields)
    unknown = [name for name in header if fields[name] is None]
    if unknown and not ignore_unknown:
        raise UnusableFile(_unknown_columns(unknown, columns))
    known = {name: field for name, field in fields.items() if field is not None}
    if not {"narrative", "narrative.text"} & set(known.values()):
        raise UnusableFile(wording.NO_NARRATIVE)
    return known


def _require_one_column_each(fields: Mapping[str, str | None]) -> None:
    """No field twice, and none that is a part of another one."""
    named: dict[str, str] = {}
    for name, field in fields.items():
        if field is not None and field in named:
            raise UnusableFile(wording.filled(wording.COLUMNS_TWICE, names=f"{named[field]}, {name} ({field})"))
        named[field or name] = name
    whole = [name for field, name in named.items() if any(other.startswith(field + ".") for other in named if field)]
    if whole:
        raise UnusableFile(wording.filled(wording.COLUMN_AND_PARENT, name=whole[0]))


def _field_of(name: str, columns: Sequence[str]) -> str | None:
    """The field's own name, or one that a Chinese spreadsheet gives it, however it is spaced or marked."""
    if _is_known(name, columns):
        return name
    return _FIELD_BY_CHINESE_NAME.get(
        re.sub(r"[\s*＊:：]|[（(](必填|选填|可选)[)）]", "", unicodedata.normalize("NFKC", name))
    )


def _is_known(name: str, columns: Sequence[str]) -> bool:
    parent = name.rpartition(".")[0]
    return name in columns or f"{parent}.{_ANY_NAME}" in columns


def _unknown_columns(unknown: Sequence[str], columns: Sequence[str]) -> Text:
    named = [_with_guess(name, columns) for name in unknown]
    known = ", ".join(columns)
    return Text(
        wording.UNKNOWN_COLUMNS.en.format(names=", ".join(name.en for name in named), known=known),
        wording.UNKNOWN_COLUMNS.zh.format(names="、".join(name.zh for name in named), known=known),
    )


def _with_guess(name: str, columns: Sequence[str]) -> Text:
    near = _near(name, columns)
    guess = Text("", "")
    if near:
        named = [repr(each) for each in near]
        guess = Text(
            wording.PERHAPS_MEANT.en.format(near=" or ".join(named)),
            wording.PERHAPS_MEANT.zh.format(near=" 或 ".join(named)),
        )
    return Text(f"{name!r}{guess.en}", f"{name!r}{guess.zh}")


def _near(name: str, columns: Sequence[str]) -> list[str]:
    """The fields that ``name`` may stand for: by the last part of their names, the whole of it, or in Chinese."""
    plain = re.sub(r"[\s\-]+", "_", unicodedata.normalize("NFKC", name).strip().casefold())
    by_last_part: dict[str, list[str]] = {}
    for column in columns:
        by_last_part.setdefault(column.rpartition(".")[2], []).append(column)
    last_part = re.split(r"[._]", plain)[-1]
    if plain in by_last_part:
        return by_last_part[plain]
    for asked, known, cutoff in ((plain, columns, 0.6), (plain, by_last_part, 0.75), (last_part, by_last_part, 0.75)):
        near = difflib.get_close_matches(asked, list(known), n=1, cutoff=cutoff)
        if near:
            return by_last_part.get(near[0], near)
    chinese = difflib.get_close_matches(plain, list(_FIELD_BY_CHINESE_NAME), n=1)
    return [_FIELD_BY_CHINESE_NAME[each] for each in chinese]


def column_names(model: type[BaseModel] = Submission, prefix: str = "") -> list[str]:
    """Every field a CSV column can stand for; ``*`` where any name may follow. Lists have no column."""
    names = []
    for name, field in model.model_fields.items():
        kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
        nested = next((kind for kind in kinds if issubclass(kind, BaseModel)), None)
        outer = str(field.annotation)
        if nested is not None and not outer.startswith("tuple"):
            names += [prefix + name] if name == "narrative" else []
            names += column_names(nested, f"{prefix}{name}.")
        elif outer.startswith("dict"):
            names.append(f"{prefix}{name}.{_ANY_NAME}")
        elif not outer.startswith("tuple"):
            names.append(prefix + name)
    return names
