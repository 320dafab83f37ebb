"""Which columns of a spreadsheet stand for which fields of a submission; what is wrong with a header."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import get_args

from pydantic import BaseModel

from services.cli import submission_wording as wording
from services.intake.domain.submission import Submission
from services.intake.domain.wording import Language, Text

_ANY_NAME = "*"


class UnusableFile(Exception):
    """The file as a whole cannot be read as submissions; says why and what to do, by itself in English."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self._why = why

    def read_in(self, language: Language) -> str:
        """Why and what to do."""
        return self._why.read_in(language)


def known_columns(header: Sequence[str], *, ignore_unknown: bool) -> frozenset[str]:
    """The columns that are fields. Raises UnusableFile for a header that cannot be meant."""
    if not any(header):
        raise UnusableFile(wording.EMPTY)
    doubled = sorted({name for name in header if header.count(name) > 1 and name})
    if doubled:
        raise UnusableFile(wording.filled(wording.COLUMNS_TWICE, names=", ".join(doubled)))
    whole = [name for name in header if any(other.startswith(name + ".") for other in header)]
    if whole:
        raise UnusableFile(wording.filled(wording.COLUMN_AND_PARENT, name=whole[0]))
    columns = column_names()
    unknown = [name for name in header if not _is_known(name, columns)]
    if unknown and not ignore_unknown:
        raise UnusableFile(_unknown_columns(unknown, columns))
    if not {"narrative", "narrative.text"} & set(header):
        raise UnusableFile(wording.NO_NARRATIVE)
    return frozenset(name for name in header if name not in unknown)


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
    near = difflib.get_close_matches(name, columns, n=1)
    guess = wording.filled(wording.PERHAPS_MEANT, near=near[0]) if near else Text("", "")
    return Text(f"{name!r}{guess.en}", f"{name!r}{guess.zh}")


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
