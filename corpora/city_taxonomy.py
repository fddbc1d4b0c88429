"""Reads taxonomy.yaml, kinds.yaml and urgency.yaml of a city."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from corpora.city_yaml import Value, remember
from nlp.city import KindDefinition, Topic, TopicGroup, UrgencyDefinition
from nlp.domain import Kind, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_Closed = TypeVar("_Closed", Kind, Urgency)
_Definition = TypeVar("_Definition", KindDefinition, UrgencyDefinition)


def read_groups(file: Value) -> tuple[str, tuple[TopicGroup, ...]]:
    """The version of a taxonomy file and its groups with their topics.

    Raises:
        CityDataInvalid: the file breaks its format.
    """
    fields = file.fields("version groups")
    seen_groups: dict[str, Value] = {}
    seen_topics: dict[str, Value] = {}
    groups = tuple(_group(one, seen_groups, seen_topics) for one in fields["groups"].items())
    return fields["version"].text(), groups


def _group(value: Value, groups: dict[str, Value], topics: dict[str, Value]) -> TopicGroup:
    fields = value.fields("slug label definition leaves")
    slug = _new_slug(fields["slug"], groups)
    leaves = tuple(_topic(leaf, slug, topics) for leaf in fields["leaves"].items())
    if not leaves:
        raise fields["leaves"].error(f"group {slug!r} has no leaves: expected at least one")
    return TopicGroup(slug, fields["label"].text(), fields["definition"].text(), leaves)


def _topic(value: Value, group: str, topics: dict[str, Value]) -> Topic:
    fields = value.fields("slug label definition guidance examples owners", "restricted rescue")
    owners = fields["owners"].fields("city ward")
    return Topic(
        slug=_new_slug(fields["slug"], topics),
        label=fields["label"].text(),
        group=group,
        definition=fields["definition"].text(),
        guidance=fields["guidance"].texts(),
        examples=fields["examples"].texts(),
        city_owners=owners["city"].texts(),
        ward_owners=owners["ward"].texts(),
        restricted=_flag(fields, "restricted"),
        rescue=_flag(fields, "rescue"),
    )


def read_kinds(file: Value) -> tuple[KindDefinition, ...]:
    """The definitions of all kinds, in the order of ``Kind``.

    Raises:
        CityDataInvalid: the file breaks its format, or a kind is missing.
    """
    fields = file.fields("version kinds")
    fields["version"].text()
    kinds: dict[Kind, KindDefinition] = {}
    for value in fields["kinds"].items():
        kind = _kind(value)
        if kind.kind in kinds:
            raise value.error(f"kind {kind.kind.value!r} is there twice")
        kinds[kind.kind] = kind
    return _all_of(Kind, kinds, fields["kinds"])


def _kind(value: Value) -> KindDefinition:
    fields = value.fields("slug label definition test_question guidance", "restricted")
    slug = fields["slug"].text()
    if slug not in list(Kind):
        expected = ", ".join(Kind)
        raise fields["slug"].error(f"unknown kind {slug!r}: expected one of {expected}")
    return KindDefinition(
        kind=Kind(slug),
        label=fields["label"].text(),
        definition=fields["definition"].text(),
        test_question=fields["test_question"].text(),
        guidance=fields["guidance"].texts(),
        restricted=_flag(fields, "restricted"),
    )


def read_levels(
    file: Value,
) -> tuple[tuple[UrgencyDefinition, ...], tuple[str, ...], tuple[str, ...]]:
    """The levels of urgency, the questions to ask in order, and the words that are no cue.

    Raises:
        CityDataInvalid: the file breaks its format, or a level is missing.
    """
    fields = file.fields("version levels questions not_cues")
    fields["version"].text()
    levels: dict[Urgency, UrgencyDefinition] = {}
    for value in fields["levels"].items():
        level = _level(value)
        if level.level in levels:
            raise value.error(f"level {level.level.value} is there twice")
        levels[level.level] = level
    complete = _all_of(Urgency, levels, fields["levels"])
    return complete, fields["questions"].texts(), fields["not_cues"].texts()


def _level(value: Value) -> UrgencyDefinition:
    fields = value.fields(
        "level slug label definition first_action guidance",
        "handle_within_hours handle_within_working_days",
    )
    number = fields["level"].integer()
    if number not in list(Urgency):
        raise fields["level"].error(f"unknown level {number}: expected 1 to {len(Urgency)}")
    level = Urgency(number)
    slug = fields["slug"].text()
    if slug != level.slug:
        raise fields["slug"].error(f"level {number} is called {slug!r}: expected {level.slug!r}")
    hours = _term(fields, "handle_within_hours")
    days = _term(fields, "handle_within_working_days")
    if (hours is None) == (days is None):
        raise value.error(
            "expected one of handle_within_hours and handle_within_working_days, not both or none"
        )
    return UrgencyDefinition(
        level=level,
        label=fields["label"].text(),
        definition=fields["definition"].text(),
        first_action=fields["first_action"].text(),
        handle_within_hours=hours,
        handle_within_working_days=days,
        guidance=fields["guidance"].texts(),
    )


def _term(fields: dict[str, Value], name: str) -> int | None:
    if name not in fields:
        return None
    term = fields[name].integer()
    if term < 1:
        raise fields[name].error(f"{name} is {term}: expected at least 1")
    return term


def _flag(fields: dict[str, Value], name: str) -> bool:
    return name in fields and fields[name].flag()


def _new_slug(value: Value, seen: dict[str, Value]) -> str:
    slug = value.text()
    if not _SLUG.fullmatch(slug):
        raise value.error(f"slug {slug!r}: expected small letters and digits joined with '-'")
    remember(seen, slug, value)
    return slug


def _all_of(
    closed: Iterable[_Closed], defined: dict[_Closed, _Definition], value: Value
) -> tuple[_Definition, ...]:
    missing = [str(member.value) for member in closed if member not in defined]
    if missing:
        raise value.error(f"no definition of {', '.join(missing)}: expected one of each")
    return tuple(defined[member] for member in closed)
