"""Why a case went elsewhere than the routing rules said: the rule ids of returns and reopenings, with their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.router.domain.departments import Department
from shared.language import language_of


class Rationale(StrEnum):
    """``rule_id`` of a decision made in the course of a case."""

    SUGGESTED = "returned.suggested"
    TRIAGE = "returned.triage"
    ARBITER = "returned.arbiter"
    ARBITER_FOLLOWS = "returned.arbiter-follows"
    FINAL = "arbiter.final"
    KEPT = "arbiter.kept"
    REOPENED = "reopened.same-departments"
    REOPENED_TRIAGE = "reopened.triage"


_REASONS: Final[Mapping[Rationale, tuple[str, str]]] = MappingProxyType(
    {
        Rationale.SUGGESTED: ("{giver_zh}退单，建议由{taker_zh}承办", "{giver_en} returned it and named {taker_en}"),
        Rationale.TRIAGE: (
            "{giver_zh}退单，未建议可承办的部门，由{taker_zh}分拣",
            "{giver_en} returned it and named no department that can take it: {taker_en} decides",
        ),
        Rationale.ARBITER: (
            "第二次退单（{giver_zh}），由{taker_zh}终审",
            "Returned a second time, by {giver_en}: {taker_en} has the last word",
        ),
        Rationale.ARBITER_FOLLOWS: (
            "第二次退单（{giver_zh}），分拣部门已参与本案，终审由{taker_zh}承办",
            "Returned a second time, by {giver_en}; triage has another part already, so {taker_en} has it for good",
        ),
        Rationale.FINAL: ("{giver_zh}终审，由{taker_zh}承办", "{giver_en} decided for {taker_en}, finally"),
        Rationale.KEPT: (
            "{giver_zh}未指定可承办的部门，自行承办",
            "{giver_en} named no department that can take it and keeps it",
        ),
        Rationale.REOPENED: (
            "投诉人表示问题未解决，由原部门继续处理",
            "The complainant said it is not solved: the same departments act again",
        ),
        Rationale.REOPENED_TRIAGE: (
            "投诉人表示问题未解决，原主办部门已撤销，由分拣部门处理",
            "The complainant said it is not solved; the former lead no longer exists, so triage decides",
        ),
    }
)


def reason_of_return(rationale: Rationale, giver: Department, taker: Department, language: str) -> str:
    """Why ``taker`` has what ``giver`` returned, in Chinese or English as ``language`` (BCP 47) asks."""
    template = _in_language(_REASONS[rationale], language)
    return template.format(
        giver_zh=giver.name_zh, giver_en=giver.name_en, taker_zh=taker.name_zh, taker_en=taker.name_en
    )


def reason_of_reopening(rationale: Rationale, language: str) -> str:
    """Why these departments have it again, in Chinese or English as ``language`` (BCP 47) asks."""
    return _in_language(_REASONS[rationale], language)


def _in_language(chinese_and_english: tuple[str, str], language: str) -> str:
    return chinese_and_english[0 if language_of(language) == "zh" else 1]
