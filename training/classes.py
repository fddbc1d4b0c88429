"""Precision, recall and F1 class by class, with the names that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nlp.city import City
from training.metrics import class_counts, f1, ratio
from training.outcomes import Labels, Outcomes


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class of one decision; NaN where a figure has no denominator."""

    name: str
    label: str
    rows: int  # reports that truly are of this class
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that has classes: what it is called and where its parts are."""

    name: str
    title: str
    labels: Callable[[Outcomes], Labels]
    words: Callable[[City], Mapping[str, str]]


#: The decisions that are told class by class, coarse ones first.
DECISIONS = (
    Decided(
        "kind",
        "Kinds",
        lambda outcomes: outcomes.kind,
        lambda city: {kind.kind.value: kind.label for kind in city.taxonomy.kinds},
    ),
    Decided(
        "urgency",
        "Urgency",
        lambda outcomes: outcomes.urgency,
        lambda city: {level.level.slug: level.label for level in city.taxonomy.levels},
    ),
    Decided(
        "group",
        "Topic groups",
        lambda outcomes: outcomes.group,
        lambda city: {group.slug: group.label for group in city.taxonomy.groups},
    ),
    Decided(
        "topic",
        "Topics",
        lambda outcomes: outcomes.topic,
        lambda city: {slug: topic.label for slug, topic in city.taxonomy.topics.items()},
    ),
    Decided(
        "agency",
        "Lead agencies",
        lambda outcomes: outcomes.agency,
        lambda city: {name: agency.name for name, agency in city.agencies.items()},
    ),
)


def class_figures(decided: Decided, outcomes: Outcomes, city: City) -> list[ClassFigures]:
    """The figures of every class that occurs or is answered, in the order of the city's files."""
    labels, words = decided.labels(outcomes), decided.words(city)
    plain = np.ones((1, len(outcomes)))
    counts = class_counts(plain, labels.true, labels.predicted, len(labels.names))
    hits, true, answered = (each[0] for each in counts)
    precision, recall, both = ratio(hits, answered), ratio(hits, true), f1(hits, true, answered)
    return [
        ClassFigures(
            name,
            words.get(name, name),
            int(true[index]),
            float(precision[index]),
            float(recall[index]),
            float(both[index]),
        )
        for index, name in enumerate(labels.names)
        if true[index] or answered[index]
    ]
