"""Items in, answers out: the JSON contract that the web service and the command line share.

Two steps. ``strict_json`` reads bytes into a JSON value and refuses what different readers would
understand differently. ``parse_item`` turns such a value into a ``Report`` and checks every known
field; keys that it does not know are passed over, because an export of the portal carries columns
of its own (labels, the unit shown) and is to be answered as it is. No message repeats a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b

from nlp.domain import (
    AgencySuggestion,
    Answer,
    Channel,
    Evidence,
    Place,
    Prediction,
    Refusal,
    Report,
)
from nlp.errors import DuplicateId, ItemInvalid
from nlp.strict_json import strict_json

__all__ = [
    "MAX_ID_CHARS",
    "MAX_PLACE_CHARS",
    "SeenIds",
    "answer_to_json",
    "check_distinct",
    "item_id",
    "parse_item",
    "strict_json",
]

#: Characters of an id. It is echoed in answers and written to logs, so it stays short.
MAX_ID_CHARS = 200
#: Characters of a ward name, ward code or address; the longest real address line is far below.
MAX_PLACE_CHARS = 500

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_JSON_NAMES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}


# --------------------------------------------------------------------------------- JSON to report


def parse_item(value: object, *, index: int | None = None) -> Report:
    """Turn a parsed JSON value into a report.

    Args:
        value: An object with ``id`` and ``text`` and optionally ``title``, ``place``, ``channel``
            and ``sent_at``. null stands for an optional field that is not given. Other keys are
            passed over.
        index: Place of the item in its call, counted from 0; named in the message where the id
            can't name the item.

    Raises:
        ItemInvalid: Names the field and what was expected, never the value. What a text holds is
            not judged here.
    """
    if not isinstance(value, dict):
        raise ItemInvalid(f"{_which(index)}expected an object, got {_json_name(value)}")
    return Report(
        id=_parse_id(value.get("id"), index),
        text=_required_string(value, "text"),
        title=_optional_string(value, "title") or "",
        place=_parse_place(value.get("place")),
        channel=_parse_channel(value.get("channel")),
        sent_at=_parse_sent_at(value.get("sent_at")),
    )


def item_id(value: object) -> str:
    """The id under which an item is answered: "" where it has none that can be repeated."""
    identifier = value.get("id") if isinstance(value, dict) else None
    return identifier if isinstance(identifier, str) and _is_id(identifier) else ""


def _which(index: int | None) -> str:
    return "" if index is None else f"item {index}: "


def _json_name(value: object) -> str:
    """The JSON type of a value, in words."""
    if value is None:
        return "null or nothing"
    return _JSON_NAMES.get(type(value), "a number")


def _is_id(identifier: str) -> bool:
    return (
        len(identifier) <= MAX_ID_CHARS
        and bool(identifier.strip())
        and _UNPRINTABLE.search(identifier) is None
    )


def _parse_id(identifier: object, index: int | None) -> str:
    expected = f"{_which(index)}id: expected a string of 1 to {MAX_ID_CHARS} printable characters"
    if not isinstance(identifier, str):
        raise ItemInvalid(f"{expected}, got {_json_name(identifier)}")
    if not _is_id(identifier):
        raise ItemInvalid(expected)
    return identifier


def _required_string(members: dict[str, object], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise ItemInvalid(f"{name}: expected a string, got {_json_name(value)}")
    return value


def _optional_string(members: dict[str, object], name: str) -> str | None:
    return None if members.get(name) is None else _required_string(members, name)


def _parse_place(value: object) -> Place:
    if value is None:
        return Place()
    if not isinstance(value, dict):
        raise ItemInvalid(f"place: expected an object, got {_json_name(value)}")
    lat = _parse_degrees(value.get("lat"), "lat", 90)
    lon = _parse_degrees(value.get("lon"), "lon", 180)
    if (lat is None) != (lon is None):
        raise ItemInvalid("place: expected both lat and lon or none of them")
    return Place(
        ward_code=_parse_place_text(value, "ward_code"),
        ward=_parse_place_text(value, "ward"),
        address=_parse_place_text(value, "address"),
        lat=lat,
        lon=lon,
    )


def _parse_place_text(members: dict[str, object], name: str) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ItemInvalid(f"place.{name}: expected a string, got {_json_name(value)}")
    if len(value) > MAX_PLACE_CHARS or _SURROGATE.search(value):
        raise ItemInvalid(
            f"place.{name}: expected at most {MAX_PLACE_CHARS} characters and no lone surrogate"
        )
    return value


def _parse_degrees(value: object, name: str, limit: int) -> float | None:
    if value is None:
        return None
    expected = f"place.{name}: expected a number from -{limit} to {limit}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ItemInvalid(f"{expected}, got {_json_name(value)}")
    if not -limit <= value <= limit:  # also refuses NaN
        raise ItemInvalid(expected)
    return float(value)


def _parse_channel(value: object) -> Channel | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in set(Channel):
        raise ItemInvalid(f"channel: expected one of {', '.join(Channel)}")
    return Channel(value)


def _parse_sent_at(value: object) -> datetime | None:
    if value is None:
        return None
    expected = "sent_at: expected an RFC 3339 time with its offset, like 2026-04-30T15:17:00+07:00"
    if not isinstance(value, str) or _RFC3339.fullmatch(value) is None:
        raise ItemInvalid(expected)
    try:
        moment = datetime.fromisoformat(value.upper())
        moment.astimezone(UTC)  # overflows at the two ends of the calendar
    except (ValueError, OverflowError):
        raise ItemInvalid(expected) from None
    return moment


# --------------------------------------------------------------------------------- ids of one call


class SeenIds:
    """The ids of one call or file, as hashes of 8 bytes: about 90 bytes of memory for each.

    Two different ids share a hash with a chance of 1 in a million for five million items.
    """

    def __init__(self) -> None:
        """Start with no id seen."""
        self._hashes: set[int] = set()

    def add(self, identifier: str) -> None:
        """Remember an id; DuplicateId if it was there before."""
        digest = blake2b(identifier.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        before = len(self._hashes)
        self._hashes.add(int.from_bytes(digest))
        if len(self._hashes) == before:
            raise DuplicateId


def check_distinct(ids: Iterable[str]) -> None:
    """Check that no id occurs twice.

    Raises:
        DuplicateId: Names the places of the two items, counted from 0.
    """
    places: dict[str, int] = {}
    for place, identifier in enumerate(ids):
        first = places.setdefault(identifier, place)
        if first != place:
            raise DuplicateId(f"expected distinct ids, got one twice: items {first} and {place}")


# --------------------------------------------------------------------------------- answer to JSON


def answer_to_json(answer: Answer) -> dict[str, object]:
    """The answer as a JSON object, its keys in the order of the contract.

    ``evidence`` is there only where it was asked for. A refusal gives ``id`` and ``error``.
    """
    if isinstance(answer, Refusal):
        return {"id": answer.id, "error": {"code": answer.code, "message": answer.message}}
    evidence = {} if answer.evidence is None else {"evidence": _evidence_to_json(answer.evidence)}
    return (
        {"id": answer.id}
        | _labels_to_json(answer)
        | {"agencies": [_agency_to_json(agency) for agency in answer.agencies]}
        | _handling_to_json(answer)
        | evidence
    )


def _labels_to_json(answer: Prediction) -> dict[str, object]:
    return {
        "kind": answer.kind.value,
        "kind_probability": float(answer.kind_probability),
        "topic": answer.topic,
        "topic_group": answer.topic_group,
        "topic_probability": float(answer.topic_probability),
        "topic_alternatives": [
            {"topic": other.topic, "probability": float(other.probability)}
            for other in answer.topic_alternatives
        ],
        "also": list(answer.also),
        "urgency": answer.urgency.slug,
        "urgency_probability": float(answer.urgency_probability),
        "call_now": answer.call_now,
    }


def _agency_to_json(agency: AgencySuggestion) -> dict[str, object]:
    return {
        "id": agency.id,
        "name": agency.name,
        "role": agency.role,
        "score": float(agency.score),
        "because": agency.because,
    }


def _handling_to_json(answer: Prediction) -> dict[str, object]:
    return {
        "ward": answer.ward,
        "ward_code": answer.ward_code,
        "ward_evidence": answer.ward_evidence,
        "ward_candidates": list(answer.ward_candidates),
        "restricted": answer.restricted,
        "decision": answer.decision.value,
        "reasons": list(answer.reasons),
        "model_version": answer.model_version,
        "taxonomy_version": answer.taxonomy_version,
        "agencies_version": answer.agencies_version,
    }


def _evidence_to_json(spans: Iterable[Evidence]) -> list[dict[str, object]]:
    return [
        {
            "start": span.start,
            "end": span.end,
            "text": span.text,
            "moves": span.moves,
            "weight": float(span.weight),
        }
        for span in spans
    ]
