"""The ship table: who is better, on the same rows, beyond doubt or not."""

from __future__ import annotations

import pytest

from training.comparison import OPEN, OURS, RIVAL, compare
from training.evaluation import AS_SENT, WITHOUT_ACCENTS, evaluate
from training.markdown import comparison_table
from training.measures import HEAD, MEASURES


@pytest.fixture
def right(oracle, some_reports):
    return evaluate(oracle(), some_reports, strip=True, bootstrap=200, data="set/dev")


@pytest.fixture
def wrong(oracle, some_reports):
    refused = frozenset(report.id for report in some_reports[:16])
    return evaluate(oracle(refused=refused), some_reports, strip=True, bootstrap=200)


def winners(ours, rival, measures=HEAD) -> dict[str, str]:
    found = compare(ours, rival, measures)
    return {each.measure.name: each.winner for each in found if each.column == AS_SENT}


def test_the_table_has_every_head_measure_of_every_column(right, wrong):
    found = compare(right, wrong)
    assert [(each.column, each.measure) for each in found] == [
        (column, measure) for column in (AS_SENT, WITHOUT_ACCENTS) for measure in HEAD
    ]
    assert {each.rows for each in found} == {24}
    assert {each.data for each in found} == {"set/dev"}


def test_who_is_right_more_often_wins(right, wrong):
    assert winners(right, wrong)["leaf_accuracy"] == OURS
    assert winners(wrong, right)["leaf_accuracy"] == RIVAL


def test_lower_wins_where_lower_is_better(right, wrong):
    assert winners(right, wrong, MEASURES)["refused"] == OURS
    assert winners(wrong, right, MEASURES)["refused"] == RIVAL


def test_equal_answers_leave_it_open(right):
    found = compare(right, right)
    assert {each.winner for each in found} == {OPEN}
    assert all(each.difference.low == each.difference.high == 0 for each in found)


def test_a_single_row_of_difference_leaves_it_open(oracle, some_reports, right):
    rival = evaluate(oracle(refused=frozenset(["r-01"])), some_reports, bootstrap=0)
    assert winners(right, rival)["leaf_accuracy"] == OPEN


def test_the_interval_is_that_of_the_paired_difference(oracle, some_reports):
    # Each is unsure by itself, but the same rows are wrong: the difference is certain.
    half = frozenset(report.id for report in some_reports[::2])
    one = evaluate(oracle(refused=half), some_reports, bootstrap=200)
    other = evaluate(oracle(refused=half), some_reports, bootstrap=200)
    (accuracy, *_) = compare(one, other)
    assert one.columns[0].all.figures["leaf_accuracy"].high > 0.55
    assert (accuracy.difference.low, accuracy.difference.high) == (0, 0)


def test_a_column_that_only_one_has_is_left_out(oracle, some_reports, right):
    plain = evaluate(oracle(), some_reports, bootstrap=0)
    assert {each.column for each in compare(right, plain)} == {AS_SENT}


def test_evaluations_of_other_reports_are_refused(oracle, some_reports, right):
    other = evaluate(oracle(), some_reports[1:], bootstrap=0)
    with pytest.raises(ValueError, match="expected the same ids"):
        compare(right, other)


def test_the_table_counts_who_is_better(right, wrong):
    found = [*compare(right, wrong), *compare(wrong, right)]
    text = comparison_table(found)
    tally = {name: sum(each.winner == name for each in found) for name in (OURS, RIVAL, OPEN)}
    assert f"ours {tally[OURS]}, baseline {tally[RIVAL]}, open {tally[OPEN]}" in text
    assert tally[OURS] == tally[RIVAL] > 0
