"""Which columns of a spreadsheet stand for which fields of a submission; what is wrong with a header."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import get_args

from pydantic import BaseModel

from services.intake.domain.submission import Submission

_ANY_NAME = "*"


class UnusableFile(Exception):
    """The file as a whole cannot be read as submissions; the message says why and what to do."""


def known_columns(header: Sequence[str], *, ignore_unknown: bool) -> frozenset[str]:
    """The columns that are fields. Raises UnusableFile for a header that cannot be meant."""
    if not any(header):
        raise UnusableFile("the file is empty: the first row must name the columns")
    doubled = sorted({name for name in header if header.count(name) > 1 and name})
    if doubled:
        raise UnusableFile(f"columns appear twice: {', '.join(doubled)}")
    whole = [name for name in header if any(other.startswith(name + ".") for other in header)]
    if whole:
        raise UnusableFile(f"{whole[0]!r} is a column itself and the beginning of another one; keep one of them")
    columns = column_names()
    unknown = [name for name in header if not _is_known(name, columns)]
    if unknown and not ignore_unknown:
        raise UnusableFile(_unknown_columns(unknown, columns))
    if not {"narrative", "narrative.text"} & set(header):
        raise UnusableFile("there is no column 'narrative': what happened, in the complainant's words")
    return frozenset(name for name in header if name not in unknown)


def _is_known(name: str, columns: Sequence[str]) -> bool:
    parent = name.rpartition(".")[0]
    return name in columns or f"{parent}.{_ANY_NAME}" in columns


def _unknown_columns(unknown: Sequence[str], columns: Sequence[str]) -> str:
    hints = []
    for name in unknown:
        near = difflib.get_close_matches(name, columns, n=1)
        hints.append(f"{name!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
    return (
        f"unknown columns: {', '.join(hints)}; --ignore-unknown-columns leaves them out. "
        f"Known ones: {', '.join(columns)}"
    )


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
