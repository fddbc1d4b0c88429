"""Labels and answers of the same reports, side by side as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from corpora.reports import LabelledReport
from nlp.city import Taxonomy
from nlp.domain import Answer, Decision, Kind, Prediction, Refusal, Urgency
from training.metrics import Bools, Floats, Ints

_TOP = 3

Pairs = Sequence[tuple[LabelledReport, Answer]]
Said = tuple[str, float]  # a class and its probability


@dataclass(frozen=True)
class Labels:
    """One decision over n rows: class indices, -1 where there is no answer."""

    names: tuple[str, ...]
    true: Ints
    predicted: Ints
    probability: Floats  # of the predicted class; NaN where there is no answer

    @property
    def hit(self) -> Bools:
        """Which rows are right."""
        return np.equal(self.true, self.predicted)

    def take(self, rows: Bools) -> Labels:
        """The same decision over some of the rows."""
        return Labels(self.names, self.true[rows], self.predicted[rows], self.probability[rows])


@dataclass(frozen=True)
class Outcomes:
    """What was right and wrong on n reports. A refusal is wrong in every respect."""

    ids: tuple[str, ...]
    topic: Labels
    group: Labels
    kind: Labels
    urgency: Labels
    agency: Labels  # the lead; probability holds its score
    refused: Bools
    automatic: Bools  # decided to go on without a person
    topic_in_3: Bools
    agency_in_3: Bools
    agency_accepted: Bools  # the first one is among those that would be right
    ward_named: Bools  # the text names a present unit, says the label
    ward_answered: Bools
    ward_hit: Bools

    def __len__(self) -> int:
        """How many reports there are."""
        return len(self.ids)

    def take(self, rows: Bools) -> Outcomes:
        """The outcomes of some of the reports, in the same order."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self)[1:])
        taken: dict[str, Any] = {
            name: value.take(rows) if isinstance(value, Labels) else value[rows]
            for name, value in values
        }
        ids = tuple(item for item, keep in zip(self.ids, rows, strict=True) if keep)
        return Outcomes(ids, **taken)


def outcomes_of(
    reports: Sequence[LabelledReport], answers: Sequence[Answer], taxonomy: Taxonomy
) -> Outcomes:
    """Put labels and answers side by side.

    Args:
        reports: The labelled reports.
        answers: Their answers, in the same order.
        taxonomy: Gives topics and groups their order; a topic that it does not know is a class
            of its own behind them.

    Raises:
        ValueError: An answer carries another id than its report, or there are more of one.
    """
    pairs = list(zip(reports, answers, strict=True))
    for report, answer in pairs:
        if report.id != answer.id:
            raise ValueError(f"answer {answer.id!r} found; expected that of {report.id!r}")
    return Outcomes(
        ids=tuple(report.id for report in reports),
        topic=_topics(pairs, taxonomy),
        group=_groups(pairs, taxonomy),
        kind=_kinds(pairs),
        urgency=_urgencies(pairs),
        agency=_leads(pairs),
        refused=_flag(pairs, _refused),
        automatic=_flag(pairs, _automatic),
        topic_in_3=_flag(pairs, _topic_in_3),
        agency_in_3=_flag(pairs, _agency_in_3),
        agency_accepted=_flag(pairs, _agency_accepted),
        ward_named=_flag(pairs, _ward_named),
        ward_answered=_flag(pairs, _ward_answered),
        ward_hit=_flag(pairs, _ward_hit),
    )


def _flag(pairs: Pairs, of: Callable[[LabelledReport, Answer], bool]) -> Bools:
    return np.array([of(report, answer) for report, answer in pairs], dtype=bool)


def _topics(pairs: Pairs, taxonomy: Taxonomy) -> Labels:
    return _encode(
        taxonomy.topics,
        [report.topic for report, _ in pairs],
        [_said(answer, lambda said: (said.topic, said.topic_probability)) for _, answer in pairs],
    )


def _groups(pairs: Pairs, taxonomy: Taxonomy) -> Labels:
    groups = {slug: topic.group for slug, topic in taxonomy.topics.items()}
    return _encode(
        [group.slug for group in taxonomy.groups],
        [groups.get(report.topic, report.topic) for report, _ in pairs],
        # The chance of a group is not answered; that of its leaf is a lower bound.
        [
            _said(answer, lambda said: (said.topic_group, said.topic_probability))
            for _, answer in pairs
        ],
    )


def _kinds(pairs: Pairs) -> Labels:
    return _encode(
        [kind.value for kind in Kind],
        [report.kind.value for report, _ in pairs],
        [
            _said(answer, lambda said: (said.kind.value, said.kind_probability))
            for _, answer in pairs
        ],
    )


def _urgencies(pairs: Pairs) -> Labels:
    return _encode(
        [level.slug for level in Urgency],
        [report.urgency.slug for report, _ in pairs],
        [
            _said(answer, lambda said: (said.urgency.slug, said.urgency_probability))
            for _, answer in pairs
        ],
    )


def _leads(pairs: Pairs) -> Labels:
    def lead(said: Prediction) -> Said | None:
        return (said.agencies[0].id, said.agencies[0].score) if said.agencies else None

    return _encode(
        (), [report.agencies[0] for report, _ in pairs], [_said(each, lead) for _, each in pairs]
    )


def _said(answer: Answer, what: Callable[[Prediction], Said | None]) -> Said | None:
    return what(answer) if isinstance(answer, Prediction) else None


def _encode(known: Iterable[str], true: Sequence[str], said: Sequence[Said | None]) -> Labels:
    ordered = tuple(known)
    others = {*true, *(each[0] for each in said if each)} - set(ordered)
    names = (*ordered, *sorted(others))
    place = {name: index for index, name in enumerate(names)}
    return Labels(
        names,
        np.array([place[name] for name in true], dtype=np.int64),
        np.array([place[each[0]] if each else -1 for each in said], dtype=np.int64),
        np.array([each[1] if each else np.nan for each in said], dtype=float),
    )


def _refused(_report: LabelledReport, answer: Answer) -> bool:
    return isinstance(answer, Refusal)


def _automatic(_report: LabelledReport, answer: Answer) -> bool:
    return isinstance(answer, Prediction) and answer.decision is Decision.AUTO


def _topic_in_3(report: LabelledReport, answer: Answer) -> bool:
    if isinstance(answer, Refusal):
        return False
    alternatives = [other.topic for other in answer.topic_alternatives]
    return report.topic in [answer.topic, *alternatives][:_TOP]


def _agencies(answer: Answer) -> list[str]:
    return [] if isinstance(answer, Refusal) else [agency.id for agency in answer.agencies]


def _agency_in_3(report: LabelledReport, answer: Answer) -> bool:
    return report.agencies[0] in _agencies(answer)[:_TOP]


def _agency_accepted(report: LabelledReport, answer: Answer) -> bool:
    return any(first in report.agencies for first in _agencies(answer)[:1])


def _ward_named(report: LabelledReport, _answer: Answer) -> bool:
    return report.ward is not None


def _ward_answered(_report: LabelledReport, answer: Answer) -> bool:
    return isinstance(answer, Prediction) and answer.ward is not None


def _ward_hit(report: LabelledReport, answer: Answer) -> bool:
    return isinstance(answer, Prediction) and answer.ward == report.ward
