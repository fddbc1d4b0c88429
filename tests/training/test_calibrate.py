"""Temperatures and lines say of the validation texts what they are meant to say."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from nlp.calibration import Calibration, softmax
from nlp.domain import Kind, Urgency
from nlp.model import Scores
from nlp.routing import Router, RoutingTable

pytest.importorskip("torch")
calibration = pytest.importorskip("training.calibrate")
batches = pytest.importorskip("training.batches")

ROWS = 4000


@pytest.fixture(scope="module")
def labels(small_city):
    return batches.Labels.of(small_city)


def drawn(labelled, labels, rows: int = ROWS, *, seed: int = 0):
    """Scores whose probabilities are true: labels are drawn by them."""
    rng = np.random.default_rng(seed)
    kind, topic, also = (_logits(rng, rows, size) for size in (6, 3, 3))
    first, gaps = rng.normal(-1, 2, rows), rng.uniform(0.5, 3, (rows, 2))
    urgency = np.column_stack((first, first + gaps[:, 0], first + gaps.sum(1)))
    level = 1 + (rng.random(rows)[:, None] > 1 / (1 + np.exp(-urgency))).sum(1)
    kinds = [rng.choice(6, p=row) for row in softmax(kind)]
    topics = [rng.choice(3, p=row) for row in softmax(topic)]
    present = rng.random((rows, 3)) < 1 / (1 + np.exp(-also))
    reports = [
        labelled(
            f"r-{n}",
            topic=labels.topics[topics[n]],
            kind=labels.kinds[kinds[n]],
            urgency=Urgency(int(level[n])),
            also=tuple(labels.topics[t] for t in np.flatnonzero(present[n]) if t != topics[n]),
        )
        for n in range(rows)
    ]
    vectors = np.ones((rows, 2), np.float32)
    return Scores(kind, topic, urgency.astype(np.float32), also, vectors), reports


def _logits(rng: np.random.Generator, rows: int, size: int):
    return rng.normal(0, 2, (rows, size)).astype(np.float32)


def test_true_probabilities_keep_their_temperature(labelled, labels):
    scores, reports = drawn(labelled, labels)
    found = calibration.calibrate(scores, reports, labels).temperatures
    for name in ("kind", "topic", "urgency"):
        assert getattr(found, name) == pytest.approx(1.0, abs=0.12), name


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_scores_that_are_too_loud_or_too_low_are_brought_back(labelled, labels, factor):
    scores, reports = drawn(labelled, labels)
    loud = replace(scores, **{n: getattr(scores, n) * factor for n in ("kind", "topic", "urgency")})
    found = calibration.calibrate(loud, reports, labels).temperatures
    for name in ("kind", "topic", "urgency"):
        assert getattr(found, name) == pytest.approx(factor, rel=0.12), name


def test_lines_are_such_as_an_artifact_may_hold(labelled, labels):
    scores, reports = drawn(labelled, labels, 300)
    found = calibration.calibrate(scores, reports, labels)
    assert Calibration.from_json(asdict(found)) == found
    lines = found.thresholds
    assert lines.restricted <= lines.to_cao <= 0.5
    assert lines.khan_cap <= 0.5


def test_a_validation_set_without_accusations_and_emergencies_keeps_the_middle(labelled, labels):
    scores, reports = drawn(labelled, labels, 60)
    calm = [replace(r, kind=Kind.PHAN_ANH, urgency=Urgency.THAP) for r in reports]
    lines = calibration.calibrate(scores, calm, labels).thresholds
    assert (lines.to_cao, lines.restricted, lines.khan_cap) == (0.5, 0.5, 0.5)


def test_a_clean_gap_puts_the_line_into_its_middle():
    chances = np.array([0.1, 0.2, 0.3, 0.7, 0.8])
    truth = chances > 0.5
    line = calibration._best_line(chances, truth, 1.0)
    assert line == pytest.approx(0.5, abs=0.03)


def test_misses_that_weigh_more_lower_the_line():
    rng = np.random.default_rng(0)
    chances = rng.random(2000)
    truth = rng.random(2000) < chances
    lines = [calibration._best_line(chances, truth, beta) for beta in (0.5, 1.0, 3.0)]
    assert lines == sorted(lines, reverse=True)
    assert lines[0] - lines[2] > 0.2


def test_the_auto_line_lies_where_errors_become_rare_enough():
    confidence = np.linspace(0.99, 0.5, 50)
    right = np.ones(50, dtype=bool)
    right[30:] = False
    # Of the first 33, three are wrong; of the first 34, four are: more than a tenth.
    line = calibration._auto_line(confidence, right, 0.10)
    assert line == pytest.approx(confidence[32], abs=1e-4)


@pytest.mark.parametrize(
    ("rows", "wrong"), [pytest.param(19, False, id="few"), pytest.param(100, True, id="wrong")]
)
def test_there_is_no_auto_line_where_nothing_is_proved(rows, wrong):
    confidence = np.linspace(0.99, 0.6, rows)
    right = np.zeros(rows, bool) if wrong else np.ones(rows, bool)
    assert calibration._auto_line(confidence, right, 0.1) == 1.0


def test_the_order_of_the_texts_plays_no_part():
    rng = np.random.default_rng(2)
    confidence, right = rng.random(200), rng.random(200) < 0.9
    order = rng.permutation(200)
    found = calibration._auto_line(confidence, right, 0.1)
    assert found == calibration._auto_line(confidence[order], right[order], 0.1)


def test_lines_between_levels_undo_a_shift():
    level = np.array([2, 3, 4] * 30)
    # Level 2 is never surer than 0.45, and level 3 never under 0.6: even lines would miss both.
    at_least = np.array(
        [{2: (0.0, 0.42, 0.9), 3: (0.0, 0.2, 0.67), 4: (0, 0.1, 0.58)}[n] for n in level]
    )
    cao, binh_thuong = calibration._ordinal_lines(at_least, level, 0.5)
    assert 0.2 < cao <= 0.42
    assert 0.58 < binh_thuong <= 0.67


def cases(labelled):
    """Texts that lie near the mandate of one agency, while past cases say another."""
    reports = [
        labelled(f"r-{n}", topic="den", agencies=(("chieu-sang", "dien-luc")[n % 2], "ubnd-cap-xa"))
        for n in range(40)
    ]
    nearness = np.zeros((40, 4), dtype=np.float32)
    nearness[np.arange(40), np.arange(40) % 2] = 1.0
    topics = np.tile([1.0, 0.0, 0.0], (40, 1))
    return reports, nearness, topics


def fitted(small_city, labels, reports, nearness, topics, table):
    names = list(small_city.agencies)
    return calibration.fit_routing(
        lambda tried: Router(small_city, labels.topics, np.eye(4, dtype=np.float32), tried),
        nearness,
        topics,
        reports,
        table,
        names,
    )


def likelihood(small_city, labels, reports, nearness, topics, table) -> float:
    router = Router(small_city, labels.topics, np.eye(4, dtype=np.float32), table)
    chances = softmax(router.scores(nearness, topics).astype(np.float32))
    names = list(small_city.agencies)
    leads = [names.index(report.agencies[0]) for report in reports]
    return float(np.log(chances[np.arange(len(leads)), leads]).mean())


def test_fitted_routing_is_likelier_than_what_it_began_with(labelled, small_city, labels):
    reports, nearness, topics = cases(labelled)
    start = RoutingTable(similarity=0.1, cases=calibration.past_cases(reports))
    known = (small_city, labels, reports, nearness, topics)
    table, line = fitted(*known, start)
    assert likelihood(*known, table) > likelihood(*known, start) + 0.2
    assert (table.cases, table.sharpness, table.trust) == (start.cases, start.sharpness, 5.0)
    assert 0 < line < 1


def test_mandates_that_say_nothing_weigh_least(labelled, small_city, labels):
    reports, nearness, topics = cases(labelled)
    noise = np.random.default_rng(0).normal(0, 0.5, nearness.shape).astype(np.float32)
    start = RoutingTable(cases=calibration.past_cases(reports))
    table, _ = fitted(small_city, labels, reports, noise, topics, start)
    assert table.similarity == 2.0


def test_past_cases_count_the_lead_in_full(labelled):
    reports = [
        labelled("a", agencies=("x", "y")),
        labelled("b", agencies=("x",)),
        labelled("c", topic="rac", agencies=("z",)),
    ]
    assert calibration.past_cases(reports) == {"den": {"x": 2.0, "y": 0.4}, "rac": {"z": 1.0}}


def test_lexical_scores_count_only_where_they_help():
    rng = np.random.default_rng(0)
    topic = rng.integers(0, 5, 400)
    vague = rng.normal(0, 1, (400, 5)).astype(np.float32)
    telling = np.eye(5, dtype=np.float32)[topic]
    assert calibration.lexical_weight(vague, telling, topic) >= 4.0
    noise = rng.normal(0, 1, (400, 5)).astype(np.float32)
    assert calibration.lexical_weight(8 * telling, noise, topic) == 0.0


def test_reports_of_agencies_that_are_no_more_are_left_out(labelled, small_city):
    here, gone = labelled("a"), labelled("b", agencies=("chieu-sang", "gone"))
    assert calibration.known_cases(small_city, [here, gone]) == [here]
