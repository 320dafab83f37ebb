"""What would break readers of an older schema: anything but adding optional fields (design, Contracts)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TIGHTER_IF_LOWER = ("maxLength", "maxItems", "maximum", "exclusiveMaximum")
_TIGHTER_IF_HIGHER = ("minLength", "minItems", "minimum", "exclusiveMinimum")
_MUST_STAY = ("type", "format", "pattern", "const", "enum", "$ref")


def breaking_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Each change from ``old`` to ``new`` (JSON Schemas) that an existing reader or stored record could trip over."""
    return list(_compare(old, new, old.get("$defs", {}), new.get("$defs", {}), "", frozenset()))


def _compare(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    old_defs: Mapping[str, Any],
    new_defs: Mapping[str, Any],
    path: str,
    seen: frozenset[str],
) -> Iterator[str]:
    reference = old.get("$ref")
    if reference in seen:
        return
    seen = seen | {reference} if reference else seen
    old, new = _resolve(old, old_defs), _resolve(new, new_defs)
    yield from _compare_keywords(old, new, path or "value")
    yield from _compare_required(old, new, path)
    for name, old_property in old.get("properties", {}).items():
        here = f"{path}.{name}".lstrip(".")
        if name not in new.get("properties", {}):
            yield f"{here}: removed"
        else:
            yield from _compare(old_property, new["properties"][name], old_defs, new_defs, here, seen)
    for keyword in ("items", "additionalProperties"):
        if isinstance(old.get(keyword), Mapping) and isinstance(new.get(keyword), Mapping):
            yield from _compare(old[keyword], new[keyword], old_defs, new_defs, f"{path}[]", seen)
    yield from _compare_alternatives(old, new, old_defs, new_defs, path, seen)


def _compare_keywords(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[str]:
    for keyword in _MUST_STAY:
        if old.get(keyword) != new.get(keyword) and not (keyword == "enum" and _names_what_was_taken(old, new)):
            yield f"{path}: {keyword} was {old.get(keyword)!r}, is {new.get(keyword)!r}"
    for keyword in _TIGHTER_IF_LOWER:
        if keyword in new and new[keyword] < old.get(keyword, float("inf")):
            yield f"{path}: {keyword} tightened from {old.get(keyword)} to {new[keyword]}"
    for keyword in _TIGHTER_IF_HIGHER:
        if keyword in new and new[keyword] > old.get(keyword, float("-inf")):
            yield f"{path}: {keyword} tightened from {old.get(keyword)} to {new[keyword]}"


def _names_what_was_taken(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """A list of values where every other one was refused all along takes nothing away; it may grow, never shrink."""
    values = new.get("enum", [])
    return "x-refused-otherwise" in new and bool(values) and set(old.get("enum", values)) <= set(values)


def _compare_required(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[str]:
    old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(new_required - old_required):
        yield f"{path}.{name}".lstrip(".") + ": now required; older records do not have it"
    for name in sorted(old_required - new_required):
        yield f"{path}.{name}".lstrip(".") + ": no longer guaranteed; older readers rely on it"


def _compare_alternatives(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    old_defs: Mapping[str, Any],
    new_defs: Mapping[str, Any],
    path: str,
    seen: frozenset[str],
) -> Iterator[str]:
    old_options, new_options = old.get("anyOf", []), new.get("anyOf", [])
    if len(old_options) != len(new_options):
        yield f"{path or 'value'}: had {len(old_options)} alternatives, has {len(new_options)}"
        return
    for old_option, new_option in zip(old_options, new_options, strict=True):
        yield from _compare(old_option, new_option, old_defs, new_defs, path, seen)


def _resolve(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    resolved: Mapping[str, Any] = definitions[str(reference).rsplit("/", 1)[-1]]
    return resolved
