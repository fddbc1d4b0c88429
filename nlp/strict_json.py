"""JSON as every reader understands it: bytes to a value, or a refusal that quotes nothing."""

from __future__ import annotations

import json
import math
import re

from nlp.errors import JsonInvalid

#: Levels of arrays and objects inside each other; a call with items needs five.
MAX_DEPTH = 64

#: A string (also one that never ends, so that the scan stays linear) or a bracket.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


def strict_json(data: bytes | str) -> object:
    """Read one JSON value.

    Args:
        data: UTF-8 bytes, or text that was decoded already. Escaped lone surrogates pass; they
            are refused later, text by text.

    Returns:
        The value, of dict, list, str, int, float, bool and None.

    Raises:
        JsonInvalid: Not JSON, not UTF-8, a byte order mark, NaN or Infinity, a number that a
            double can't hold, the same key twice in an object, or more than ``MAX_DEPTH`` levels.
    """
    text = _decoded(data) if isinstance(data, bytes) else data
    if text.startswith("\ufeff"):
        raise JsonInvalid("expected UTF-8 without a byte order mark")
    _check_depth(text)
    try:
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
            parse_int=_finite_int,
            object_pairs_hook=_distinct_keys,
        )
    except json.JSONDecodeError as error:
        # error.msg is a fixed sentence of the json module; it never quotes the document.
        reason = error.msg.rstrip(": ")
        raise JsonInvalid(f"expected JSON; at character {error.pos + 1}: {reason}") from None


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = error.start + 1
        raise JsonInvalid(f"expected UTF-8; byte {place} belongs to no character") from None


def _check_depth(text: str) -> None:
    """JsonInvalid if arrays and objects are nested too deeply, before the parser recurses."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        first = text[token.start()]
        if first in "[{":
            depth += 1
        elif first in "]}":
            depth -= 1
        if depth > MAX_DEPTH:
            raise JsonInvalid(f"expected at most {MAX_DEPTH} levels of arrays and objects")


def _refuse_constant(_name: str) -> object:
    raise JsonInvalid("expected finite numbers, got NaN or Infinity")


def _finite_float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise JsonInvalid("expected numbers that a double can hold")
    return value


def _finite_int(digits: str) -> int:
    # A double ends at 309 digits; past 4,300 digits int() itself refuses.
    if len(digits) > 300:
        raise JsonInvalid("expected numbers that a double can hold")
    return int(digits)


def _distinct_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonInvalid("expected distinct keys in every object, got one twice")
    return members
