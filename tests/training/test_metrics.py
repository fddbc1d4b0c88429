"""Metrics: the same as scikit-learn where it has them, worked by hand where it does not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.metrics import (
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
)

from training import metrics

CLASSES = 4


def labels(size: int):
    return npst.arrays(np.int64, size, elements=st.integers(0, CLASSES - 1))


pairs = st.integers(1, 60).flatmap(lambda size: st.tuples(labels(size), labels(size)))
surenesses = st.integers(1, 60).flatmap(
    lambda size: st.tuples(
        npst.arrays(float, size, elements=st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9])),
        npst.arrays(np.bool_, size),
        st.permutations(range(size)),
    )
)


def ones(rows: int) -> np.ndarray:
    return np.ones((1, rows))


@given(pairs)
def test_macro_f1_is_that_of_scikit_learn(pair):
    true, predicted = pair
    expected = f1_score(true, predicted, average="macro", zero_division=0)
    found = metrics.macro_f1(ones(len(true)), true, predicted, CLASSES)
    assert found == pytest.approx([expected])


@given(pairs)
def test_precision_recall_and_f1_of_each_class_are_those_of_scikit_learn(pair):
    true, predicted = pair
    expected = precision_recall_fscore_support(
        true, predicted, labels=range(CLASSES), zero_division=np.nan
    )
    counts = metrics.class_counts(ones(len(true)), true, predicted, CLASSES)
    hits, rows, answered = (each[0] for each in counts)
    np.testing.assert_allclose(metrics.ratio(hits, answered), expected[0])
    np.testing.assert_allclose(metrics.ratio(hits, rows), expected[1])
    np.testing.assert_allclose(rows, expected[3])


@given(pairs)
def test_quadratic_kappa_is_that_of_scikit_learn(pair):
    true, predicted = pair
    assume(len({*true.tolist(), *predicted.tolist()}) > 1)  # else 0/0: next test
    expected = cohen_kappa_score(true, predicted, weights="quadratic", labels=range(CLASSES))
    found = metrics.quadratic_kappa(ones(len(true)), true, predicted, CLASSES)
    assert found == pytest.approx([expected])


def test_kappa_of_a_single_class_is_not_a_number():
    same = np.ones(5, dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(metrics.quadratic_kappa(ones(5), same, same, CLASSES)).all()


def test_kappa_takes_a_missing_answer_for_the_farthest_level():
    true = np.array([0, 1, 2, 3, 0, 3])
    silent = np.array([-1, -1, -1, -1, 0, 3])
    farthest = np.array([3, 3, 0, 0, 0, 3])
    found = metrics.quadratic_kappa(ones(6), true, silent, CLASSES)
    assert found == pytest.approx(metrics.quadratic_kappa(ones(6), true, farthest, CLASSES))


@given(pairs)
def test_confusion_is_that_of_scikit_learn_with_a_column_for_missing_answers(pair):
    true, predicted = pair
    expected = confusion_matrix(true, predicted, labels=range(CLASSES))
    found = metrics.confusion(true, predicted, CLASSES)
    np.testing.assert_array_equal(found[:, :-1], expected)
    assert not found[:, -1].any()
    silent = np.full_like(predicted, -1)
    np.testing.assert_array_equal(
        metrics.confusion(true, silent, CLASSES)[:, -1], expected.sum(axis=1)
    )


def test_missing_answers_lower_macro_f1_without_being_a_class():
    true, predicted = np.array([0, 0, 1, 1]), np.array([0, -1, 1, 1])
    # Class 0: precision 1, recall 1/2, F1 2/3; class 1: F1 1.
    assert metrics.macro_f1(ones(4), true, predicted, 2) == pytest.approx([5 / 6])


def test_a_share_of_nothing_is_not_a_number():
    hit = np.array([True, False])
    assert np.isnan(metrics.share(ones(2), hit, of=np.array([False, False]))).all()
    assert metrics.share(ones(2), hit) == pytest.approx([0.5])


def test_a_fair_coin_that_says_one_half_is_calibrated():
    hit = np.arange(400) % 2 == 0
    found = metrics.calibration_error(ones(400), np.full(400, 0.5), hit)
    assert found == pytest.approx([0.0])


def test_calibrated_probabilities_have_a_small_calibration_error():
    generator = np.random.default_rng(0)
    stated = generator.uniform(size=20_000)
    hit = generator.uniform(size=20_000) < stated
    assert metrics.calibration_error(ones(20_000), stated, hit)[0] < 0.02


def test_sure_and_wrong_is_the_worst_calibration():
    found = metrics.calibration_error(ones(30), np.ones(30), np.zeros(30, dtype=bool))
    assert found == pytest.approx([1.0])


def test_calibration_error_worked_by_hand():
    stated = np.array([0.6, 0.6, 0.9, 0.9])
    hit = np.array([True, False, True, True])
    # Bins of 2: |0.6 - 0.5| and |0.9 - 1.0|, half of the rows each.
    assert metrics.calibration_error(ones(4), stated, hit, bins=2) == pytest.approx([0.1])


def test_calibration_leaves_out_what_was_not_answered():
    stated = np.array([0.5, 0.5, np.nan])
    hit = np.array([True, False, False])
    assert metrics.calibration_error(ones(3), stated, hit) == pytest.approx([0.0])


def test_bins_are_of_equal_mass():
    stated = np.random.default_rng(1).uniform(size=1500)
    sizes = np.bincount(metrics.equal_mass_bins(stated))
    assert len(sizes) == metrics.ECE_BINS
    assert sizes.min() >= 99
    assert sizes.max() <= 101


def test_risk_and_coverage_worked_by_hand():
    stated, hit = np.array([0.7, 0.9, 0.8]), np.array([True, True, False])
    coverage, risk = metrics.risk_coverage(stated, hit)
    assert coverage == pytest.approx([1 / 3, 2 / 3, 1])
    assert risk == pytest.approx([0, 1 / 2, 1 / 3])
    assert metrics.area_under_risk(ones(3), stated, hit) == pytest.approx([(1 / 2 + 1 / 3) / 3])
    assert metrics.risk_at_coverage(ones(3), stated, hit, 0.6) == pytest.approx([1 / 2])
    assert metrics.risk_at_coverage(ones(3), stated, hit, 0.3) == pytest.approx([0])


def test_no_threshold_parts_equally_sure_rows():
    coverage, risk = metrics.risk_coverage(np.array([0.5, 0.5, 0.2]), np.array([True, False, True]))
    assert coverage == pytest.approx([2 / 3, 1])
    assert risk == pytest.approx([1 / 2, 1 / 3])


def test_what_was_not_answered_is_covered_last():
    coverage, risk = metrics.risk_coverage(np.array([np.nan, 0.1]), np.array([False, True]))
    assert coverage == pytest.approx([0.5, 1])
    assert risk == pytest.approx([0, 0.5])


@given(surenesses)
def test_the_order_of_rows_plays_no_part(case):
    stated, hit, order = case
    weights = ones(len(stated))
    for measure in (metrics.calibration_error, metrics.area_under_risk):
        found = measure(weights, stated, hit)
        assert measure(weights, stated[order], hit[order]) == pytest.approx(found)


@given(surenesses)
def test_whole_coverage_has_the_error_of_all(case):
    stated, hit, _ = case
    found = metrics.risk_at_coverage(ones(len(stated)), stated, hit, 1.0)
    assert found == pytest.approx([1 - hit.mean()])
    assert 0 <= metrics.area_under_risk(ones(len(stated)), stated, hit)[0] <= 1


@pytest.mark.parametrize(
    "measure",
    [
        metrics.area_under_risk,
        metrics.calibration_error,
        lambda weights, stated, hit: metrics.risk_at_coverage(weights, stated, hit, 0.8),
    ],
)
def test_no_rows_have_no_figure(measure):
    found = measure(np.ones((2, 0)), np.zeros(0), np.zeros(0, dtype=bool))
    assert np.isnan(found).all()
    assert found.shape == (2,)
