"""What the start page shows of an answer: labels instead of slugs, the text cut into marked spans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from nlp.city import City, KindDefinition, Topic, UrgencyDefinition, Ward
from nlp.domain import AgencySuggestion, Evidence, Prediction
from serve.http.page_words import Words

#: Characters that reorder or hide text. They are shown as their code, so that nobody is fooled;
#: the joiners of emoji and of some scripts are left alone.
_HIDDEN = re.compile(
    "([\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff])"
)


@dataclass(frozen=True)
class Piece:
    """A run of text, or one hidden character as its code (``U+202E``)."""

    text: str
    hidden: bool = False


@dataclass(frozen=True)
class Segment:
    """A run of the citizen's text that moved the same decisions."""

    pieces: tuple[Piece, ...]
    topic: bool = False
    urgency: bool = False


@dataclass(frozen=True)
class Choice:
    """A label with its probability in percent."""

    label: str
    percent: int


@dataclass(frozen=True)
class Emergency:
    """A number to call now, and who answers."""

    number: str
    name: str


@dataclass(frozen=True)
class AnswerView:
    """Everything that the page says of one report."""

    kind: KindDefinition
    kind_percent: int
    topic: Topic
    group_label: str
    topic_percent: int
    alternatives: tuple[Choice, ...]
    also: tuple[str, ...]
    level: UrgencyDefinition
    level_percent: int
    deadline: str
    emergency: Emergency | None  # of a suggested agency, if somebody should be called now
    emergencies: tuple[Emergency, ...]  # the others; both empty unless somebody should be called
    agencies: tuple[AgencyView, ...]
    candidates: tuple[str, ...]
    segments: tuple[Segment, ...]
    reasons: tuple[str, ...]
    answer: Prediction


@dataclass(frozen=True)
class AgencyView:
    """One suggested agency."""

    suggestion: AgencySuggestion
    percent: int


def view_answer(answer: Prediction, text: str, city: City, words: Words) -> AnswerView:
    """The answer in words.

    Args:
        answer: With evidence.
        text: As sent; offsets of the evidence count its code points.
        city: The one the answer was made with.
        words: Of the page's language.
    """
    taxonomy = city.taxonomy
    level = next(level for level in taxonomy.levels if level.level == answer.urgency)
    emergency, others = _emergencies(answer, city) if answer.call_now else (None, ())
    return AnswerView(
        kind=next(kind for kind in taxonomy.kinds if kind.kind == answer.kind),
        kind_percent=percent(answer.kind_probability),
        topic=taxonomy.topics[answer.topic],
        group_label=_group_label(city, answer.topic_group),
        topic_percent=percent(answer.topic_probability),
        alternatives=tuple(
            Choice(taxonomy.topics[other.topic].label, percent(other.probability))
            for other in answer.topic_alternatives
        ),
        also=tuple(taxonomy.topics[slug].label for slug in answer.also),
        level=level,
        level_percent=percent(answer.urgency_probability),
        deadline=_deadline(level, words),
        emergency=emergency,
        emergencies=others,
        agencies=tuple(AgencyView(agency, percent(agency.score)) for agency in answer.agencies),
        candidates=tuple(_ward_names(answer.ward_candidates, city)),
        segments=cut(text, answer.evidence or ()),
        reasons=tuple(
            words.reason(reason, lambda slug: _label_of(slug, city)) for reason in answer.reasons
        ),
        answer=answer,
    )


def percent(share: float) -> int:
    """Whole percent of a share 0..1; never 100 for less than all, never 0 for more than nothing."""
    if 0 < share < 1:
        return min(max(round(share * 100), 1), 99)
    return round(share * 100)


def cut(text: str, evidence: Sequence[Evidence]) -> tuple[Segment, ...]:
    """The text as consecutive segments; inside each, the same spans of evidence hold."""
    edges = {0, len(text)}
    for span in evidence:
        edges |= {min(max(edge, 0), len(text)) for edge in (span.start, span.end)}
    ordered = sorted(edges)
    segments = []
    for start, end in pairwise(ordered):
        moves = {span.moves for span in evidence if span.start <= start and end <= span.end}
        pieces = tuple(_pieces(text[start:end]))
        segments.append(Segment(pieces, "topic" in moves, "urgency" in moves))
    return tuple(segments)


def _pieces(text: str) -> Iterable[Piece]:
    for index, part in enumerate(_HIDDEN.split(text)):
        if index % 2:
            yield Piece(f"U+{ord(part):04X}", hidden=True)
        elif part:
            yield Piece(part)


def _label_of(slug: str, city: City) -> str:
    """The label of a topic, kind or level; a slug that has none is its own."""
    taxonomy = city.taxonomy
    labels = (
        {topic.slug: topic.label for topic in taxonomy.topics.values()}
        | {kind.kind.value: kind.label for kind in taxonomy.kinds}
        | {level.level.slug: level.label for level in taxonomy.levels}
    )
    return labels.get(slug, slug)


def _group_label(city: City, slug: str) -> str:
    return next((group.label for group in city.taxonomy.groups if group.slug == slug), slug)


def _deadline(level: UrgencyDefinition, words: Words) -> str:
    if level.handle_within_hours is not None:
        return words.within_hours.format(level.handle_within_hours)
    if level.handle_within_working_days is not None:
        return words.within_days.format(level.handle_within_working_days)
    return words.no_deadline


def _ward_names(codes: Iterable[str], city: City) -> Iterable[str]:
    wards = city.gazetteer.by_code
    return (wards[code].name if code in wards else code for code in codes)


def _emergencies(answer: Prediction, city: City) -> tuple[Emergency | None, tuple[Emergency, ...]]:
    """The number of the best suggested agency that has one, and the city's other numbers."""
    today = date.today()  # noqa: DTZ011 - an agency exists by the city's own calendar day
    suggested = [city.agencies[s.id] for s in answer.agencies if s.id in city.agencies]
    valid = [agency for agency in city.agencies.values() if agency.valid_on(today)]
    first = next((Emergency(a.call, a.name) for a in suggested if a.call), None)
    numbers: dict[str, Emergency] = {}
    for agency in valid:
        if agency.call and (first is None or agency.call != first.number):
            numbers.setdefault(agency.call, Emergency(agency.call, agency.name))
    return first, tuple(numbers[number] for number in sorted(numbers))


def former_name(wards: Sequence[Ward]) -> str:
    """A former ward that belongs to one present ward of another name, for an example."""
    present = {ward.name for ward in wards}
    seen: dict[str, int] = {}
    for ward in wards:
        for unit in ward.former:
            seen[unit.name] = seen.get(unit.name, 0) + 1
    return next((name for name, times in seen.items() if times == 1 and name not in present), "")
