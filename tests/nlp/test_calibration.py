"""Scores become probabilities, and probabilities decisions, by the numbers of the artifact."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nlp.calibration import (
    Calibration,
    Temperatures,
    Thresholds,
    level_probability,
    sigmoid,
    softmax,
)
from nlp.domain import Urgency
from nlp.errors import ArtifactInvalid

LOGITS = arrays(np.float32, (3, 5), elements=st.floats(-30, 30, width=32))
URGENCY_LOGITS = arrays(np.float32, (2, 3), elements=st.floats(-30, 30, width=32))
SHARE = st.floats(0, 1)
ROWS = st.tuples(SHARE, SHARE, SHARE).map(lambda row: np.array(sorted(row)))
CALIBRATIONS = st.builds(
    lambda lines, margin: Calibration(
        thresholds=Thresholds(
            khan_cap=lines[0], cao=lines[1], binh_thuong=lines[2], urgency_margin=margin
        )
    ),
    st.tuples(SHARE, SHARE, SHARE),
    st.floats(0, 0.5),
)


@given(LOGITS, st.floats(0.05, 20))
def test_a_temperature_never_changes_which_class_is_likeliest(logits, temperature):
    kinds = Calibration(Temperatures(kind=temperature)).kind(logits)
    likeliest = np.take_along_axis(kinds, logits.argmax(axis=1)[:, None], axis=1)[:, 0]
    assert likeliest == pytest.approx(kinds.max(axis=1))


@given(LOGITS, st.floats(0.05, 20))
def test_probabilities_of_one_text_sum_to_one(logits, temperature):
    assert softmax(logits, temperature).sum(axis=1) == pytest.approx(np.ones(3))


def test_a_high_temperature_makes_every_head_less_certain():
    logits = np.array([[2.0, 0.0, -1.0]], dtype=np.float32)
    warm = Calibration(Temperatures(kind=3, topic=3, urgency=3, also=3))
    cool = Calibration()
    for head in ("kind", "topic", "also", "at_least"):
        assert getattr(warm, head)(logits)[0, 0] < getattr(cool, head)(logits)[0, 0]


def test_huge_scores_neither_overflow_nor_warn():
    logits = np.array([[1e30, -1e30, 0.0]], dtype=np.float32)
    assert softmax(logits)[0] == pytest.approx([1, 0, 0])
    assert sigmoid(logits)[0] == pytest.approx([1, 0, 0.5])


@given(URGENCY_LOGITS)
def test_a_text_is_at_least_as_likely_to_reach_a_lower_level(logits):
    rows = Calibration().at_least(logits)
    assert (np.diff(rows, axis=1) >= 0).all()


@given(ROWS)
def test_the_levels_of_one_text_sum_to_one(row):
    shares = [level_probability(row, level) for level in Urgency]
    assert min(shares) >= 0
    assert sum(shares) == pytest.approx(1)


@given(CALIBRATIONS, ROWS, ROWS)
def test_more_danger_never_makes_a_text_less_urgent(calibration, one, other):
    calmer, graver = np.minimum(one, other), np.maximum(one, other)
    assert calibration.level(graver) <= calibration.level(calmer)


@given(ROWS, SHARE, SHARE)
def test_a_lower_line_never_makes_a_text_less_urgent(row, line, lower):
    high = Calibration(thresholds=Thresholds(khan_cap=max(line, lower)))
    low = Calibration(thresholds=Thresholds(khan_cap=min(line, lower)))
    assert low.level(row) <= high.level(row)


@pytest.mark.parametrize(
    ("row", "level"),
    [
        ((0.2, 0.2, 0.2), Urgency.KHAN_CAP),
        ((0.19, 0.5, 0.5), Urgency.CAO),
        ((0.19, 0.49, 0.6), Urgency.BINH_THUONG),
        ((0.0, 0.0, 0.59), Urgency.THAP),
    ],
)
def test_a_level_begins_at_its_line(row, level):
    lines = Thresholds(khan_cap=0.2, cao=0.5, binh_thuong=0.6)
    assert Calibration(thresholds=lines).level(np.array(row)) is level


@pytest.mark.parametrize(
    ("row", "near"),
    [
        ((0.05, 0.45, 0.9), Urgency.CAO),  # nearly more urgent
        ((0.05, 0.1, 0.52), Urgency.THAP),  # barely this urgent
        ((0.05, 0.1, 0.9), None),
        ((0.05, 0.45, 0.52), Urgency.CAO),  # of two neighbours, the graver is named
    ],
)
def test_a_text_near_a_line_names_the_level_beyond_it(row, near):
    calibration = Calibration()
    assert calibration.level(np.array(row)) is Urgency.BINH_THUONG
    assert calibration.near_line(np.array(row), Urgency.BINH_THUONG) == near


@given(CALIBRATIONS, ROWS)
def test_the_near_level_is_always_a_neighbour(calibration, row):
    level = calibration.level(row)
    near = calibration.near_line(row, level)
    assert near is None or abs(near - level) == 1


def test_a_calibration_survives_its_manifest():
    known = Calibration(Temperatures(topic=1.7), Thresholds(khan_cap=0.21, also=0.33))
    assert Calibration.from_json(asdict(known)) == known


@pytest.mark.parametrize("number", [-0.1, 1.1, math.nan, math.inf, True, "0.5", None])
def test_a_threshold_that_is_no_share_is_refused_by_name(number):
    value = asdict(Calibration())
    value["thresholds"]["khan_cap"] = number
    with pytest.raises(ArtifactInvalid, match=r"thresholds\.khan_cap"):
        Calibration.from_json(value)


@pytest.mark.parametrize("number", [0, -1, math.nan])
def test_a_temperature_must_be_positive(number):
    value = asdict(Calibration())
    value["temperatures"]["also"] = number
    with pytest.raises(ArtifactInvalid, match=r"temperatures\.also"):
        Calibration.from_json(value)


@pytest.mark.parametrize("group", ["temperatures", "thresholds"])
def test_missing_and_unknown_numbers_are_refused(group):
    missing, unknown = asdict(Calibration()), asdict(Calibration())
    missing[group].popitem()
    unknown[group]["mood"] = 0.5
    for value in (missing, unknown, {**missing, group: [1]}, {}):
        with pytest.raises(ArtifactInvalid, match=group if value else "temperatures"):
            Calibration.from_json(value)
