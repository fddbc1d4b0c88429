"""When a person has to look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nlp.calibration import Thresholds
from nlp.decision import Doubts, decide
from nlp.domain import Decision, Urgency, WardFinding

THRESHOLDS = Thresholds(auto_topic=0.8, auto_kind=0.7, auto_agency=0.5)
CLEAR = Doubts(
    kind_probability=0.9,
    topic_probability=0.9,
    urgency=Urgency.BINH_THUONG,
    near_level=None,
    restricted=False,
    agency_score=0.9,
    needs_ward=True,
    ward=WardFinding("19789", "phường Thuận Hóa"),
    several_matters=False,
    cut=False,
)
OPEN = WardFinding(None, "Phú Xuân", ("19753", "19918"))

REASONS: list[tuple[dict[str, Any], str]] = [
    ({"urgency": Urgency.KHAN_CAP}, "urgency is khan-cap"),
    ({"restricted": True}, "text is restricted"),
    ({"near_level": Urgency.CAO}, "urgency is close to the line between cao and binh-thuong"),
    ({"near_level": Urgency.THAP}, "urgency is close to the line between binh-thuong and thap"),
    ({"topic_probability": 0.79}, "topic is unsure"),
    ({"kind_probability": 0.69}, "kind is unsure"),
    ({"agency_score": 0.49}, "agency is unsure"),
    ({"ward": OPEN}, "ward is ambiguous"),
    ({"ward": WardFinding()}, "agency depends on the ward, and none is named"),
    ({"several_matters": True}, "text holds several matters"),
    ({"cut": True}, "text is longer than what was read"),
]


def test_a_clear_text_goes_on_without_a_person():
    assert decide(CLEAR, THRESHOLDS) == (Decision.AUTO, ())


@pytest.mark.parametrize(("change", "reason"), REASONS)
def test_each_doubt_asks_for_a_person_and_says_why(change, reason):
    assert decide(replace(CLEAR, **change), THRESHOLDS) == (Decision.REVIEW, (reason,))


@pytest.mark.parametrize(
    "change", [{"topic_probability": 0.8}, {"kind_probability": 0.7}, {"agency_score": 0.5}]
)
def test_a_probability_on_its_line_is_enough(change):
    assert decide(replace(CLEAR, **change), THRESHOLDS)[0] is Decision.AUTO


def test_a_city_agency_needs_no_ward():
    doubts = replace(CLEAR, needs_ward=False, ward=WardFinding())
    assert decide(doubts, THRESHOLDS)[0] is Decision.AUTO


def test_all_reasons_are_given_the_gravest_first():
    everything = [change for change, _ in REASONS if change.get("near_level") != Urgency.THAP]
    doubts = CLEAR
    for change in everything:
        doubts = replace(doubts, **change)
    _, reasons = decide(replace(doubts, near_level=None), THRESHOLDS)
    assert reasons[:2] == ("urgency is khan-cap", "text is restricted")
    assert len(reasons) == len(set(reasons)) == 8
