"""Which labels the scores of a text become."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nlp.artifact import Manifest
from nlp.calibration import Calibration, Thresholds
from nlp.domain import Kind, Urgency
from nlp.labels import Labels, read_labels
from nlp.model import Scores
from nlp.pipeline import PipelineSpec
from nlp.routing import RoutingTable

TOPICS = ("den", "rac", "nuoc")
MANIFEST = Manifest(
    kinds=tuple(Kind),
    topics=TOPICS,
    calibration=Calibration(thresholds=Thresholds(to_cao=0.4, restricted=0.2)),
    routing=RoutingTable(),
    pipeline=PipelineSpec(),
    fingerprint="",
    golden=(),
)


def logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def read(
    *, accusation=0.01, topics=(0.7, 0.2, 0.1), also=(0.0, 0.0, 0.0), levels=(0.1, 0.2, 0.9)
) -> Labels:
    """Labels of a text whose kind is a report, but for the probability of an accusation."""
    rest = 1 - accusation
    kinds = dict.fromkeys(Kind, rest * 0.02) | {Kind.TO_CAO: accusation}
    kinds[Kind.PHAN_ANH] = rest * 0.92
    rows = (
        [np.log(kinds[kind]) for kind in Kind],
        np.log(topics),
        [logit(share) for share in levels],
        [logit(min(max(share, 1e-6), 1 - 1e-6)) for share in also],
        [1.0, 0.0],
    )
    (labels,) = read_labels(Scores(*(np.array([row], np.float32) for row in rows)), MANIFEST)
    return labels


def test_without_an_accusation_the_likeliest_kind_is_the_kind():
    labels = read(accusation=0.05)
    assert labels.kind is Kind.PHAN_ANH
    assert labels.kind_probability == pytest.approx(0.95 * 0.92, abs=1e-3)
    assert not labels.accusing


def test_an_accusation_over_its_line_is_the_kind_though_another_is_likelier():
    labels = read(accusation=0.45)
    assert labels.kind is Kind.TO_CAO
    assert labels.kind_probability == pytest.approx(0.45, abs=1e-3)
    assert labels.accusing


def test_a_text_that_may_accuse_is_marked_though_its_kind_is_another():
    labels = read(accusation=0.25)
    assert labels.kind is Kind.PHAN_ANH
    assert labels.accusing


def test_topics_are_ranked_the_likeliest_first():
    labels = read(topics=(0.2, 0.3, 0.5))
    assert labels.ranked == (2, 1, 0)
    assert labels.topics == pytest.approx([0.2, 0.3, 0.5])


def test_further_topics_are_those_over_the_line_without_the_lead():
    labels = read(topics=(0.7, 0.2, 0.1), also=(0.99, 0.6, 0.8))
    assert labels.also == ("nuoc", "rac")


def test_a_further_topic_under_the_line_is_not_told():
    assert read(also=(0.9, 0.4, 0.1)).also == ()


def test_the_level_comes_from_the_lines_of_the_artifact():
    assert read(levels=(0.1, 0.2, 0.9)).urgency is Urgency.BINH_THUONG
    assert read(levels=(0.6, 0.7, 0.9)).urgency is Urgency.KHAN_CAP


def test_each_text_of_a_batch_has_its_own_labels():
    scores = Scores(
        np.eye(2, len(Kind), dtype=np.float32) * 9,
        np.eye(2, 3, dtype=np.float32) * 9,
        np.array([[9, 9, 9], [-9, -9, -9]], np.float32),
        np.full((2, 3), -9, np.float32),
        np.eye(2, dtype=np.float32),
    )
    first, second = read_labels(scores, replace(MANIFEST, calibration=Calibration()))
    assert (first.kind, first.ranked[0], first.urgency) == (Kind.PHAN_ANH, 0, Urgency.KHAN_CAP)
    assert (second.kind, second.ranked[0], second.urgency) == (Kind.KIEN_NGHI, 1, Urgency.THAP)
