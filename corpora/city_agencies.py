"""Reads agencies.yaml of a city."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpora.city_yaml import Value, remember
from nlp.city import Agency, Alias

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

_LEVELS = ("city", "ward")
_WARD = "{ward}"  # where the name of the ward goes in ward_name


def read_agencies(file: Value, topics: Collection[str]) -> tuple[dict[str, Agency], str]:
    """The agencies of a file by their id, in file order, and the version of the file.

    Args:
        file: The whole file.
        topics: Slugs of the taxonomy; an agency may be charged with no other.

    Raises:
        CityDataInvalid: the file breaks its format, or names an unknown topic or successor.
    """
    fields = file.fields("version agencies")
    agencies: dict[str, Agency] = {}
    seen: dict[str, Value] = {}
    for value in fields["agencies"].items():
        agency = _agency(value, topics)
        remember(seen, agency.id, value)
        agencies[agency.id] = agency
    if not agencies:
        raise fields["agencies"].error("the list is empty: expected at least one agency")
    for agency in agencies.values():
        _check_successor(agency, agencies, seen[agency.id])
    return agencies, fields["version"].text()


def _agency(value: Value, topics: Collection[str]) -> Agency:
    fields = value.fields(
        "id name abbr level topics mandate",
        "aliases valid_from valid_to successor receives_denunciations call ward_name",
    )
    valid_from, valid_to = _day(fields, "valid_from"), _day(fields, "valid_to")
    if valid_from and valid_to and valid_from > valid_to:
        message = (
            f"valid_from {valid_from} is after valid_to {valid_to}: expected the earlier first"
        )
        raise fields["valid_from"].error(message)
    level = fields["level"].text()
    return Agency(
        id=fields["id"].text(),
        name=fields["name"].text(),
        abbr=fields["abbr"].text(),
        level=_known_level(level, fields["level"]),
        topics=_known_topics(fields["topics"], topics),
        mandate=_mandate(fields["mandate"]),
        aliases=_aliases(fields),
        valid_from=valid_from,
        valid_to=valid_to,
        successor=_text(fields, "successor"),
        receives_denunciations="receives_denunciations" in fields
        and fields["receives_denunciations"].flag(),
        call=_text(fields, "call"),
        ward_name=_ward_name(level, fields, value),
    )


def _known_level(level: str, value: Value) -> str:
    if level not in _LEVELS:
        raise value.error(f"level is {level!r}: expected {' or '.join(_LEVELS)}")
    return level


def _known_topics(value: Value, topics: Collection[str]) -> tuple[str, ...]:
    for topic in value.items():
        if topic.text() not in topics:
            raise topic.error(f"unknown topic {topic.text()!r}: expected a slug of the taxonomy")
    return value.texts()


def _mandate(value: Value) -> tuple[str, ...]:
    clauses = value.texts()
    if not clauses:
        raise value.error("the mandate is empty: expected at least one clause")
    return clauses


def _aliases(fields: dict[str, Value]) -> tuple[Alias, ...]:
    if "aliases" not in fields:
        return ()
    aliases = []
    for value in fields["aliases"].items():
        alias = value.fields("name", "until")
        aliases.append(Alias(alias["name"].text(), _day(alias, "until")))
    return tuple(aliases)


def _ward_name(level: str, fields: dict[str, Value], value: Value) -> str | None:
    if level == "city":
        if "ward_name" in fields:
            raise fields["ward_name"].error("ward_name at level 'city': expected only at 'ward'")
        return None
    if "ward_name" not in fields:
        raise value.error(f"key 'ward_name' is missing: level 'ward' needs one with {_WARD!r}")
    name = fields["ward_name"].text()
    if _WARD not in name:
        raise fields["ward_name"].error(f"ward_name is {name!r}: expected {_WARD!r} in it")
    return name


def _check_successor(agency: Agency, agencies: Collection[str], value: Value) -> None:
    if agency.successor is None:
        return
    if agency.successor not in agencies or agency.successor == agency.id:
        message = f"unknown successor {agency.successor!r}: expected the id of another agency"
        raise value.child("successor").error(message)


def _day(fields: dict[str, Value], name: str) -> date | None:
    return fields[name].day() if name in fields else None


def _text(fields: dict[str, Value], name: str) -> str | None:
    return fields[name].text() if name in fields else None
