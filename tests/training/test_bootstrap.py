"""Intervals: from the same resamples each time, as wide as theory says."""

from __future__ import annotations

import numpy as np
import pytest

from training.bootstrap import intervals, weights_of
from training.metrics import share

COIN = np.arange(400) % 2 == 0


def interval(hit, **options):
    given = {"samples": 1000, "seed": 0} | options
    return intervals({"share": lambda weights: share(weights, hit)}, len(hit), **given)["share"]


def test_a_resample_draws_as_many_rows_as_there_are():
    blocks = list(weights_of(10, 150, seed=0))
    assert sum(len(block) for block in blocks) == 150
    assert all((block.sum(axis=1) == 10).all() for block in blocks)


def test_the_interval_of_a_share_is_as_wide_as_theory_says():
    found = interval(COIN, samples=4000)
    assert found.value == 0.5
    assert found.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.006)
    assert found.high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.006)


def test_the_same_seed_gives_the_same_interval_and_another_one_does_not():
    assert interval(COIN) == interval(COIN)
    assert interval(COIN) != interval(COIN, seed=1)


def test_what_is_always_right_has_no_doubt():
    found = interval(np.ones(20, dtype=bool))
    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_without_resamples_there_is_a_figure_and_no_interval():
    found = interval(COIN, samples=0)
    assert found.value == 0.5
    assert np.isnan([found.low, found.high]).all()


def test_without_rows_there_is_no_figure():
    found = interval(np.zeros(0, dtype=bool))
    assert np.isnan([found.value, found.low, found.high]).all()


def test_resamples_without_the_class_are_left_out():
    rare = np.zeros(5, dtype=bool)
    rare[0] = True
    measures = {"recall": lambda weights: share(weights, rare, of=rare)}
    found = intervals(measures, 5, samples=200, seed=0)["recall"]
    assert (found.value, found.low, found.high) == (1, 1, 1)
