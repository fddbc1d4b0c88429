"""Whether a person has to look before a report goes on, and why."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.calibration import Thresholds
from nlp.domain import Decision, Urgency, WardFinding


@dataclass(frozen=True)
class Doubts:
    """Everything about one answer that may call for a person."""

    kind_probability: float
    topic_probability: float
    urgency: Urgency
    near_level: Urgency | None
    restricted: bool
    agency_score: float
    needs_ward: bool
    ward: WardFinding
    several_matters: bool
    cut: bool
    danger: str | None = None


def decide(doubts: Doubts, thresholds: Thresholds) -> tuple[Decision, tuple[str, ...]]:
    """The decision with every reason for a review, the gravest first."""
    near = doubts.near_level
    line = sorted((doubts.urgency, near)) if near else []
    checks = (
        (doubts.urgency is Urgency.KHAN_CAP, "urgency is khan-cap"),
        (doubts.danger is not None, f"danger: {doubts.danger}"),
        (doubts.restricted, "text is restricted"),
        (
            near is not None,
            f"urgency is close to the line between {' and '.join(u.slug for u in line)}",
        ),
        (doubts.topic_probability < thresholds.auto_topic, "topic is unsure"),
        (doubts.kind_probability < thresholds.auto_kind, "kind is unsure"),
        (doubts.agency_score < thresholds.auto_agency, "agency is unsure"),
        (bool(doubts.ward.candidates), "ward is ambiguous"),
        (
            doubts.needs_ward and not doubts.ward.ward_code and not doubts.ward.candidates,
            "agency depends on the ward, and none is named",
        ),
        (doubts.several_matters, "text holds several matters"),
        (doubts.cut, "text is longer than what was read"),
    )
    reasons = tuple(words for holds, words in checks if holds)
    return (Decision.REVIEW if reasons else Decision.AUTO), reasons
