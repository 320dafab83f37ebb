"""A sweep over every text that may be sent in: blank is refused, or counts as not given; never as something said."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from services.cli.ask.classify import Question
from services.intake.domain.consumer_message import MESSAGE_KINDS
from services.intake.domain.field_problems import read_fields
from services.intake.domain.refusal import DoorRefusal
from services.intake.domain.submission import Submission
from shared.invisible import is_blank

BLANK = ["", " ", "\u3000\n", "\u200b", "\u3164", "\u2800", "\ufe0f", "\u0301", "\ue000"]
SMALLEST: dict[type[BaseModel], dict[str, Any]] = {
    Submission: {"narrative": {"text": "坏了"}, "channel_message_id": "1"},
    Question: {"text": "坏了"},
    **{kind.body: {} for kind in MESSAGE_KINDS.values()},
}
SMALLEST[MESSAGE_KINDS["supplements"].body] = {"narrative": {"text": "坏了"}}
SMALLEST[MESSAGE_KINDS["survey-answers"].body] = {"cycle": 1, "solved": True}
PARTS: dict[str, dict[str, Any]] = {
    "amount": {"value": "1"},
    "narrative": {"text": "坏了"},
    "attachments": {"attachment_id": "a", "media_type": "image/png", "size_bytes": 1, "sha256": "0" * 64},
}
REFUSED = {
    "narrative.text", "text", "channel", "channel_message_id", "attachments.0.attachment_id",
    "attachments.0.media_type", "attachments.0.sha256", "received_at", "occurred_at", "regulator_respond_by", "reason",
}  # fmt: skip
"""Texts that must say something, and closed choices. Every other text of a model is optional, and blank is absent."""


def texts_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every field that takes a text, in the models within, too."""
    for name, field in model.model_fields.items():
        yield from _texts_of_type(field.annotation, (*path, field.alias or name))


def _texts_of_type(annotation: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from texts_of(annotation, path)
    elif get_origin(annotation) in (tuple, Union, types.UnionType):
        inner = get_args(annotation)[:1] if get_origin(annotation) is tuple else get_args(annotation)
        index = ("0",) if get_origin(annotation) is tuple else ()
        for each in inner:
            yield from _texts_of_type(each, (*path, *index))
    elif get_origin(annotation) is dict:
        yield (*path, "wechat")
    elif annotation not in (type(None), bool, int, float, Any) and annotation is not Any:
        yield path


CASES = [(model, path) for model in SMALLEST for path in dict.fromkeys(texts_of(model))]


@pytest.mark.parametrize(("model", "path"), CASES, ids=[f"{model.__name__}:{'.'.join(path)}" for model, path in CASES])
@pytest.mark.parametrize("blank", BLANK)
def test_blank_is_refused_or_absent(model: type[BaseModel], path: tuple[str, ...], blank: str) -> None:
    read = read_fields(model, with_value(SMALLEST[model], path, blank))
    place = ".".join(path)
    if isinstance(read, DoorRefusal):
        assert [problem.field for problem in read.fields] == [place]
        assert place in REFUSED | {"amount.value"}
    else:
        assert place not in REFUSED
        assert not [text for text in all_texts(read.model_dump()) if is_blank(text)]


def test_the_sweep_reaches_every_part() -> None:
    swept = {".".join(path) for model, path in CASES if model is Submission}
    assert {
        "complainant.name",
        "complainant.handles.wechat",
        "narrative.persons_involved.0",
        "amount.currency",
    } <= swept
    assert {"product.batch", "attachments.0.media_type", "language", "earlier_ticket"} <= swept


def with_value(document: dict[str, Any], path: tuple[str, ...], value: str) -> dict[str, Any]:
    """``document`` with ``value`` at ``path``; parts on the way are complete but for it."""
    first, *rest = path
    if not rest:
        return document | {first: value}
    part = document.get(first, PARTS.get(first, {}))
    if rest[0] == "0":
        return document | {first: [with_value(part, tuple(rest[1:]), value) if rest[1:] else value]}
    return document | {first: with_value(part, tuple(rest), value)}


def all_texts(value: Any) -> Iterator[str]:
    """Every text in what was read."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from all_texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from all_texts(each)
