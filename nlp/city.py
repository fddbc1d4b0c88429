"""The city as values: taxonomy, agencies, wards. Loaded by ``corpora``; knows no particular city."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from nlp.domain import Kind, Urgency


@dataclass(frozen=True)
class Topic:
    """A leaf of the taxonomy."""

    slug: str
    label: str
    group: str
    definition: str
    guidance: tuple[str, ...]
    examples: tuple[str, ...]
    city_owners: tuple[str, ...]  # agency ids in order of preference
    ward_owners: tuple[str, ...]
    restricted: bool = False
    rescue: bool = False  # a report of it means that somebody has to be fetched now


@dataclass(frozen=True)
class TopicGroup:
    """A group of leaves."""

    slug: str
    label: str
    definition: str
    topics: tuple[Topic, ...]


@dataclass(frozen=True)
class KindDefinition:
    """What a kind means, for people."""

    kind: Kind
    label: str
    definition: str
    test_question: str
    guidance: tuple[str, ...]
    restricted: bool = False


@dataclass(frozen=True)
class UrgencyDefinition:
    """What a level of urgency means, for people, and how soon it must be handled."""

    level: Urgency
    label: str
    definition: str
    first_action: str
    handle_within_hours: int | None
    handle_within_working_days: int | None
    guidance: tuple[str, ...]


@dataclass(frozen=True)
class Taxonomy:
    """Kinds, topics and urgency levels with their definitions."""

    version: str
    groups: tuple[TopicGroup, ...]
    kinds: tuple[KindDefinition, ...]
    levels: tuple[UrgencyDefinition, ...]
    urgency_questions: tuple[str, ...] = ()  # to be asked in this order
    urgency_not_cues: tuple[str, ...] = ()  # words that say nothing about urgency

    @cached_property
    def topics(self) -> Mapping[str, Topic]:
        """Every leaf by its slug, in file order."""
        return {topic.slug: topic for group in self.groups for topic in group.topics}


@dataclass(frozen=True)
class Alias:
    """Another name of an agency or of a body whose duties it took over."""

    name: str
    until: date | None = None  # last day on which the name was official; None: everyday name


@dataclass(frozen=True)
class Agency:
    """Who may be responsible, and what it is charged with."""

    id: str
    name: str
    abbr: str
    level: str  # "city" or "ward"
    topics: tuple[str, ...]
    mandate: tuple[str, ...]
    aliases: tuple[Alias, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str | None = None
    receives_denunciations: bool = False
    call: str | None = None  # emergency number, if it has one
    ward_name: str | None = None  # e.g. "UBND {ward}" for level "ward"

    def valid_on(self, day: date) -> bool:
        """Whether the agency exists on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


@dataclass(frozen=True)
class FormerUnit:
    """A ward or commune that became (part of) a present ward."""

    name: str  # with its type, e.g. "Phường Vĩnh Ninh"
    district: str  # with its type, e.g. "Quận Thuận Hóa"
    until: date | None = None  # last day; None: the day before the present wards began
    typed_only: bool = False  # the bare name means other things: counts only after its type
    spellings: tuple[str, ...] = ()  # further ways to write the bare name
    earlier_districts: tuple[str, ...] = ()  # districts it belonged to before that one


@dataclass(frozen=True)
class Ward:
    """A present ward or commune."""

    code: str
    name: str  # with its type, e.g. "Phường Thuận Hóa"
    former: tuple[FormerUnit, ...] = ()
    spellings: tuple[str, ...] = ()  # further ways to write the bare name, e.g. "Vĩ Dạ"


@dataclass(frozen=True)
class Gazetteer:
    """The wards of the city and the words around them."""

    version: str
    city: str  # e.g. "Thành phố Huế"
    city_spellings: tuple[str, ...]
    wards: tuple[Ward, ...]
    districts: tuple[str, ...] = ()  # former districts with their type

    @cached_property
    def by_code(self) -> Mapping[str, Ward]:
        """Every present ward by its code."""
        return {ward.code: ward for ward in self.wards}


@dataclass(frozen=True)
class City:
    """Everything that is data about one city."""

    name: str
    taxonomy: Taxonomy
    agencies: Mapping[str, Agency]
    agencies_version: str
    gazetteer: Gazetteer
    notes: Mapping[str, str] = field(default_factory=dict)
