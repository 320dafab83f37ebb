"""JSON as strictly as RFC 8259 allows: UTF-8, one object, no name twice, no NaN, no nesting without end.

Python's parser is lenient where two readers could disagree about what was said (RFC 8259 §4, RFC 7493); a complaint
must mean one thing.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from shared.events.field_problem import FieldProblem

DEEPEST_NESTING = 20
_NAME_SHOWN = 60


@dataclass(frozen=True, slots=True)
class NotJson:
    """The bytes are not an acceptable JSON object; ``problems`` say where, without repeating what was sent."""

    problems: tuple[FieldProblem, ...]


class _RepeatedName(ValueError):
    """A name appears twice in one object."""


class _NotANumber(ValueError):
    """NaN or Infinity, which JSON does not have."""


def parse_object(body: bytes) -> dict[str, Any] | NotJson:
    """The JSON object in ``body``, or what is wrong with it. A UTF-8 byte order mark is tolerated."""
    try:
        document = json.loads(
            body.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
    except UnicodeDecodeError as error:
        return _not_json(f"byte {error.start}", "not_utf8")
    except _RepeatedName as error:
        return _not_json(str(error), "repeated_name")
    except _NotANumber:
        return _not_json("", "not_a_number")
    except json.JSONDecodeError as error:
        return _not_json(f"line {error.lineno} column {error.colno}", "not_json")
    except RecursionError:
        return _not_json("", "too_deep")
    except ValueError:  # a whole number of more digits than Python converts
        return _not_json("", "number_too_long")
    if not isinstance(document, dict):
        return _not_json("", "not_an_object")
    return _not_json("", "too_deep") if _is_deeper(document, DEEPEST_NESTING) else document


def canonical(document: dict[str, Any]) -> bytes:
    """The same bytes for the same content, whatever the order of names and the white space (after RFC 8785)."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _not_json(place: str, code: str) -> NotJson:
    return NotJson((FieldProblem(place[:_NAME_SHOWN], code),))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """In one walk: whoever sends the document chooses how many names there are."""
    document: dict[str, Any] = {}
    for name, value in pairs:
        if name in document:
            raise _RepeatedName(name)
        document[name] = value
    return document


def _refuse_constant(_name: str) -> float:
    raise _NotANumber


def _finite(number: str) -> float:
    """``1e999`` is a number to JSON and infinity to Python."""
    value = float(number)
    if math.isinf(value):
        raise _NotANumber
    return value


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)
