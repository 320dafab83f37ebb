"""Makes ``docs/settings.md`` from the settings classes: every variable a service reads, for operators."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from shared.settings import ServiceSettings, variable_name
from shared.streaming.engine_settings import ProcessorSettings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
_SERVICES = Path(__file__).parents[2] / "services"

_INTRODUCTION = """\
# Settings

Services read `CBUS_…` variables once, at start. A wrong or unsafe value, or a misspelt name within a block, refuses to
start and names every variable concerned. What is decided about complaints (taxonomy, departments, rules, clocks,
calendars, templates) is not a setting but data in `CBUS_CONFIG_DIR`. Durations are seconds or ISO 8601 (`PT15M`); lists
are JSON. Variables marked **secret** are never printed or logged: hand them over as secrets of the platform, not in
files. Made from the settings classes by `make docs`.
"""

_OTHERS = """\
## Variables that are not settings

| variable | meaning |
|---|---|
| `CBUS_CRASH_POINT` | Tests only: kills the process at a named point, e.g. `router.mid-produce:3`. |
| `CBUS_STACK_FILE` | Where `cbus` notes the running local stack; default `var/stack.json`. |
| `CBUS_CACHE_DIR` | Where the local stack keeps the downloaded broker; default `~/.cache/complaint-bus`. |
| `CBUS_TEST_BACKEND` | Tests only: `auto`, `embedded` or `docker` servers. |
"""

_HEADER = ("| variable | type | default | meaning |", "|---|---|---|---|")
_BOUNDS = (("ge", "≥ {}"), ("gt", "> {}"), ("le", "≤ {}"), ("lt", "< {}"))
_TYPE_NAMES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    timedelta: "duration",
    AwareDatetime: "instant with offset",
    SecretStr: "text, **secret**",
}


def documents() -> dict[Path, str]:
    """The generated page and its text."""
    return {PAGE: settings_page()}


def settings_page() -> str:
    """The reference page as Markdown: what all services share, then what each adds."""
    services = list(service_settings())
    processors = ", ".join(name for name, model in services if issubclass(model, ProcessorSettings))
    sections: list[tuple[str, type[BaseModel], type[BaseModel]]] = [
        ("All services", ServiceSettings, BaseModel),
        (f"All processors: {processors}", ProcessorSettings, ServiceSettings),
        *((f"`{name}`", model, _base(model)) for name, model in services),
    ]
    parts = [line for title, model, base in sections for line in _section(title, model, base)]
    return "\n".join([_INTRODUCTION, *parts, _OTHERS.rstrip(), ""])


def service_settings() -> Iterator[tuple[str, type[ServiceSettings]]]:
    """Name and settings class of every service."""
    for file in sorted(_SERVICES.glob("*/settings.py")):
        module = importlib.import_module(f"services.{file.parent.name}.settings")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, ServiceSettings) and value.__module__ == module.__name__:
                yield file.parent.name, value


def variables(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, FieldInfo]]:
    """Every variable of a settings class and the field it sets; blocks are gone through."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from variables(field.annotation, (*path, name))
        else:
            yield variable_name((*path, name)), field


def _base(model: type[ServiceSettings]) -> type[BaseModel]:
    return ProcessorSettings if issubclass(model, ProcessorSettings) else ServiceSettings


def _section(title: str, model: type[BaseModel], base: type[BaseModel]) -> Iterator[str]:
    known = {name for name, _ in variables(base)}
    rows = [_row(name, field) for name, field in variables(model) if name not in known]
    yield f"## {title}"
    yield ""
    yield from (*_HEADER, *rows) if rows else ("Nothing of its own.",)
    yield ""


def _row(name: str, field: FieldInfo) -> str:
    cells = (f"`{name}`", _type(field), _default(field), field.description or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type(field: FieldInfo) -> str:
    secret = ", **secret**" if not field.repr and field.annotation is not SecretStr else ""
    return ", ".join([_type_name(field.annotation) + secret, *_limits(field)])


def _type_name(annotation: Any) -> str:
    if annotation in _TYPE_NAMES:
        return _TYPE_NAMES[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{_plain(value)}`" for value in arguments)
    if origin in (Union, UnionType):
        return " or ".join(_type_name(each) for each in arguments if each is not type(None))
    if origin is Annotated:
        return _type_name(arguments[0])
    if origin is tuple:
        return f"list of {_type_name(arguments[0])}s"
    return str(getattr(annotation, "__name__", annotation))


def _limits(field: FieldInfo) -> Iterator[str]:
    for rule in field.metadata:
        for attribute, text in _BOUNDS:
            if (bound := getattr(rule, attribute, None)) is not None:
                yield text.format(_plain(bound))
        if (shortest := getattr(rule, "min_length", None)) is not None:
            yield f"at least {shortest} characters"
        if (longest := getattr(rule, "max_length", None)) is not None:
            yield f"at most {longest} characters"
        if (pattern := getattr(rule, "pattern", None)) is not None:
            yield f"`{pattern}`"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or isinstance(value, SecretStr):
        return "–"
    return f"`{_plain(value)}`"


def _plain(value: Any) -> str:
    """The value as it would be written in a variable."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, tuple):
        return json.dumps(to_jsonable_python(value))
    return str(value)


def _duration(value: timedelta) -> str:
    """ISO 8601 without years and months, which differ in length."""
    hours, minutes = divmod(value.seconds // 60, 60)
    seconds = value.seconds % 60 + value.microseconds / 1_000_000
    time = "".join(f"{amount:g}{unit}" for amount, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if amount)
    days = f"{value.days}D" if value.days or not time else ""
    return f"P{days}T{time}" if time else f"P{days}"
