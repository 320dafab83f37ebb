"""A salutation is a name or none: what sells, begs or dials is not repeated in the enterprise's name."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.salutation import MAX_NAME_CHARACTERS, salutation_name

NAMES = [
    "李华", "王小明", "欧阳娜娜", "司马相如", "张伟先生", "欧阳小姐", "陈女士", "马", "買買提", "陳大文",
    "扎西多吉", "李　 华", "阿依古丽·买买提", "阿卜杜热合曼·麦麦提依明", "古力娜扎尔·拜合提亚尔", "佐藤太郎",
    "長谷川 祐太郎", "さくら", "ヤマダ・タロウ", "김민수", "남궁 민수", "Ann Lee", "J. Lee",
    "Seán O’Brien-Smith", "O'Neill", "Jean-Luc Picard", "Núñez", "Þórdís", "María del Carmen García López",
    "Ludwig van Beethoven", "Nguyễn Văn An", "Trần Thị Mai", "Björk Guðmundsdóttir", "Иван Петров",
    "Анна Сергеевна Ковалёва", "Δημήτρης Παπαδόπουλος", "محمد علي", "عبد الرحمن", "דוד בן גוריון",
    "सुनीता शर्मा", "สมชาย ใจดี", "გიორგი", "Արամ", "ንጉሥ", "Li Hua", "li hua", "LI HUA", "Will May",
    "Mark Rich", "Bill Winston", "Freeman", "李华 Lily", "maria garcia lopez",
    "Abdul Rahman bin Mohammed Al Saud",
]  # fmt: skip

NO_NAMES = [
    "加微信领红包", "加薇信送优惠", "点击领取奖金", "免费领取", "特价促销", "代开发票", "我要退款",
    "你们还钱", "请联系我", "退钱", "一三八零零一三八零零零", "幺三八零零", "微·信", "微 信", "加 我 微 信",
    "博彩网站", "扫码下单", "王先生请加微信", "李华加微信", "北京示例商贸有限公司", "示例客服热线",
    "这个洗衣机坏了三次", "洗衣机一直不脱水", "网店刷单兼职", "投诉商家", "ＷＷＷ", "李华QQ",
    "Win Money Now", "win money now click here", "WIN BIG BONUS", "BUY CHEAP WATCHES", "free",
    "Free Bitcoin", "Click Here", "visit our shop today", "i want my money back", "My Kettle Is Broken",
    "w w w", "example dot com", "www example com", "http example", "HTTPS Example", "q q", "Please call me",
    "the kettle leaks all the time", "Выиграй деньги прямо сейчас друг", "a b c d e f g",
    "Supercalifragilisticexpialidocious", "13800138000", "１３８００１３８０００", "win@example.com",
    "example.com", "a/b", "<b>Bob</b>", "50% off", "李华（加微信）", "Ａ" * 41, "", "   ", "·", "a\u2028b",
    "a\u200bb",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_all_kinds_are_used(name: str) -> None:
    assert salutation_name(name) == " ".join(name.split())


@pytest.mark.parametrize(
    "name", ["Grace Gift", "Johnny Cash", "John R. Cash", "Thomas Sale", "Li You", "GRACE GIFT", "Mary Ann Call"]
)
def test_a_word_that_is_a_family_name_too_may_end_a_name(name: str) -> None:
    assert salutation_name(name) == name


@pytest.mark.parametrize(
    "text",
    [
        "Gift", "Big Win", "Summer Sale", "Free Gift", "Easy Money", "Get Cash", "Thank You", "Love You", "Call John",
        "Win Grace", "Gift Cash", "Grace Gift Sale", "Grace Free", "John Bonus", "a b Cash", "Grace-Gift Shop Now",
        "Grace Gift www", "Grace Gift com", "Your Gift", "李华 Gift", "Mary Sex", "Call Grace Now",
    ],
)  # fmt: skip
def test_elsewhere_it_sells_something(text: str) -> None:
    assert salutation_name(text) is None


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_no_name_is_not_repeated(text: str) -> None:
    assert salutation_name(text) is None


ADVERTISEMENTS = st.sampled_from(["加微信", "领红包", "免费", "www", "click", "bonus", "赌", "返利", "退款", "bitcoin"])
FILLERS = st.sampled_from(["李华", "Ann", "王", "Lee", "先生", "·", "-", "买买提"])


@given(before=st.lists(FILLERS, max_size=2), sold=ADVERTISEMENTS, after=st.lists(FILLERS, max_size=2))
def test_no_name_around_it_lets_an_advertisement_in(before: list[str], sold: str, after: list[str]) -> None:
    assert salutation_name(" ".join([*before, sold, *after])) is None


@given(st.text(max_size=60))
def test_what_is_used_is_short_and_of_letters(name: str) -> None:
    used = salutation_name(name)
    if used is not None:
        assert 0 < len(used) <= MAX_NAME_CHARACTERS
        assert not any(unicodedata.category(character)[0] in "NCS" for character in used)
        assert len(used.split()) <= 6
