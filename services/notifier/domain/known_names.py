"""Given names and family names common enough that the word after them is a family name, not an advertisement."""

from __future__ import annotations

from typing import Final

_GIVEN: Final = """
adam alan alex alice amanda amy andrew angela ann anna anne anthony barbara ben benjamin betty brian carol caroline
charles charlotte chris christine christopher daniel david deborah diana donald donna dorothy edward elizabeth emily
emma eric ethan eva frank gary george grace hannah harry heather helen henry ivan jack jacob james jane janet jason
jean jennifer jessica joan john johnny jonathan joseph joshua joyce judith judy julia julie justin karen katherine
kathleen keith kelly kenneth kevin larry laura lauren lily linda lisa louis lucy margaret maria marie martha martin
mary matthew megan melissa michael michelle nancy natalie nathan nicholas nicole noah oliver olivia pamela patricia
patrick paul peter philip rachel raymond rebecca richard robert roger ronald rose roy russell ruth ryan samantha
samuel sandra sara sarah scott sean sharon simon sophia sophie stephanie stephen steven susan teresa theresa thomas
timothy tom tony tyler victoria vincent virginia walter wayne william
"""
_FAMILY_IN_PINYIN: Final = """
bai cai cao chen cheng cui deng ding dong du duan fan fang feng fu gao gong gu guo han hao he hou hu huang jia jiang
jin kong lei li liang liao lin liu long lu luo lyu ma mao meng pan peng qian qin qiu ren shao shen shi song su sun tan
tang tao tian wan wang wei wu xia xiang xiao xie xiong xu xue yan yang yao ye yin yu yuan zeng zhang zhao zheng zhong
zhou zhu zou
"""

KNOWN_NAMES: Final = frozenset(_GIVEN.split()) | frozenset(_FAMILY_IN_PINYIN.split())
"""In lower case."""
