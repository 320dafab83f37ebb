"""Whether a name given by a stranger may stand in a salutation: it is a person's name, or nobody is named.

A complaint can be filed with someone else's address; a "name" such as ``win money at www…`` would make the
acknowledgement an advertisement sent in the enterprise's name. Being wrong costs little one way (a neutral salutation)
and much the other, so what is not plainly a name is not used.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from services.notifier.domain.known_names import KNOWN_NAMES

MAX_NAME_CHARACTERS = 40
_NAME_PUNCTUATION = frozenset(" ·•・.'’-")

_MOST_WORDS: Final = 6
_MOST_LETTERS_OF_A_WORD: Final = 20
_MOST_HAN: Final = 6
"""Characters of a name in Han: two surnames and two given names, or a Japanese name. Longer ones have a middle dot."""
_MOST_HAN_OF_A_PART: Final = 4
_MOST_HAN_BESIDE_A_DOT: Final = 9
"""Characters on one side of a middle dot, in names such as 阿卜杜热合曼·麦麦提依明."""
_MOST_LOWER_CASE_WORDS: Final = 3
"""In a name of three words or more; particles do not count. More read as a sentence."""

_HONORIFIC: Final = re.compile("(先生|女士|小姐|老师|同志|经理|师傅|医生|律师|教授|太太)$")
_HAN_NUMERALS: Final = re.compile("[〇零一二三四五六七八九幺两]{4}")
_NOT_IN_NAMES_HAN: Final = re.compile(
    "[我你您的吗呢吧啊哦们这哪么请]|红包|加[微薇威]|[微薇]信|公众号|优惠|返利|点[击开我]|免费|领取|中奖|奖金|贷款|借钱|办证|发票|代开|客服"
    "|下载|扫码|二维码|注册|登录|彩票|博彩|赌|棋牌|网[址站店]|官网|链接|特价|促销|打折|折扣|赚钱|兼职|招聘|刷单|代理|加盟|投诉|退[款货钱]|赔[偿钱]"
    "|公司|电话|热线|联系|咨询|广告|推广|包邮|秒杀|点[卡券]|群号|扣扣|直播|同城|约[炮会]|色情|成人|投资|股票|理财|虚拟币|比特币|还[我钱]"
)
_WORDS_NOT_IN_NAMES: Final = """
www http https com net org cn dot win winner won free click buy sell money cash bonus casino bet betting loan loans
credit offer offers cheap discount prize lottery crypto bitcoin invest investment sale visit subscribe follow
download call now here today your you our please want need is are was not this that what why how refund complaint
account password urgent congratulations claim reward gift whatsapp telegram wechat weixin qq viagra porn sex xxx
unsubscribe customer service support admin hello
"""
_NOT_IN_NAMES: Final = frozenset(_WORDS_NOT_IN_NAMES.split())
_ALSO_FAMILY_NAMES: Final = frozenset({"call", "cash", "gift", "sale", "win", "you"})
"""Words that are family names too: Johnny Cash, Grace Gift, Li You. They end a name, after known names or initials."""
_WORDS_WITHIN_NAMES: Final = """
de del della der den des di da dos das du do la le el al van von zu zum zur ter ten te bin bint ibn ben abu abd
e i y san af ap o
"""
_PARTICLES: Final = frozenset(_WORDS_WITHIN_NAMES.split())


def salutation_name(name: str | None) -> str | None:
    """``name`` with its spaces tidied if it looks like a person's name, else None: then nobody is named."""
    if name is None or any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in name):
        return None
    tidy = " ".join(name.split())
    if not 0 < len(tidy) <= MAX_NAME_CHARACTERS or _looks_like_an_address(tidy):
        return None
    if not all(map(_belongs_in_a_name, tidy)) or _says_something(tidy):
        return None
    return tidy if _is_shaped_like_a_name(tidy) else None


def _belongs_in_a_name(character: str) -> bool:
    return character in _NAME_PUNCTUATION or unicodedata.category(character)[0] in "LM"


def _looks_like_an_address(text: str) -> bool:
    """A dot between letters reads as a link in most mail programs: ``example.com``; ``J. Smith`` does not."""
    return any(part and not part.startswith(" ") for part in text.split(".")[1:])


def _says_something(text: str) -> bool:
    """Words that sell, beg or complain, also where letters are spread out or written in another width."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    together = "".join(filter(str.isalpha, plain))
    words = set(re.split(r"[^\w]+|(?<=[\u3400-\u9fff])(?=[a-z])|(?<=[a-z])(?=[\u3400-\u9fff])", plain))
    spread = together if all(len(word) <= 1 for word in words) and together.isascii() else ""
    return bool(
        _NOT_IN_NAMES_HAN.search(together)
        or _HAN_NUMERALS.search(together)
        or ((words | {spread}) & _NOT_IN_NAMES and not _ends_with_a_family_name(plain))
        or together.startswith(("www", "http"))
    )


def _ends_with_a_family_name(plain: str) -> bool:
    """True when the last word can be one, and all before it are known to be names, or initials."""
    *before, last = re.split(r"[ .]+", plain)
    return last in _ALSO_FAMILY_NAMES and any(map(_is_known, before)) and all(map(_is_known_or_initial, before))


def _is_known(word: str) -> bool:
    return word in KNOWN_NAMES


def _is_known_or_initial(word: str) -> bool:
    return len(word) == 1 or _is_known(word)


def _is_shaped_like_a_name(text: str) -> bool:
    words = [word for word in re.split(r"[ ·•・.\-]+", text) if word]
    if not words or len(words) > _MOST_WORDS or any(len(word) > _MOST_LETTERS_OF_A_WORD for word in words):
        return False
    if any(map(_is_han, text)) and not _is_shaped_like_a_han_name(text):
        return False
    in_lower_case = [word for word in words if word[0].islower() and word.casefold() not in _PARTICLES]
    return len(words) < 3 or len(in_lower_case) <= _MOST_LOWER_CASE_WORDS


def _is_shaped_like_a_han_name(text: str) -> bool:
    bare = _HONORIFIC.sub("", text)
    parts = ["".join(filter(_is_han, part)) for part in re.split(r"[ ·•・]+", bare)]
    if any(dot in text for dot in "·•・"):
        return len(parts) <= 4 and all(len(part) <= _MOST_HAN_BESIDE_A_DOT for part in parts)
    return sum(map(len, parts)) <= _MOST_HAN and all(len(part) <= _MOST_HAN_OF_A_PART for part in parts)


def _is_han(character: str) -> bool:
    return unicodedata.name(character, "").startswith("CJK ")
