"""A split keeps near-duplicates together and does not move when the set changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.reports import LabelledReport
from corpora.splits import near_duplicates, split
from nlp.domain import Kind, Urgency

WORDS = "đèn đường tắt rác ngập hố nắp cống cây gãy điện đứt nước yếu ồn khói bụi chó"
LETTER = (
    "Kính gửi ủy ban, tại ngã tư trước chợ có một hố sâu giữa đường, xe máy qua lại rất nguy hiểm"
)


def report(identifier: str, text: str) -> LabelledReport:
    return LabelledReport(
        identifier, text, "den", (), Urgency.CAO, Kind.PHAN_ANH, ("so-den",), None, "", ""
    )


texts = st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=12).map(" ".join)
sets = st.lists(texts, max_size=25).map(
    lambda found: [report(f"r-{number}", text) for number, text in enumerate(found)]
)
shares = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0])


def ids(reports) -> set[str]:
    return {each.id for each in reports}


@settings(deadline=None)
@given(sets, shares, st.integers(0, 3))
def test_every_report_is_on_one_side_in_the_given_order(reports, share, seed):
    train, validation = split(reports, share, seed)
    assert sorted(train + validation, key=reports.index) == reports
    assert train == [each for each in reports if each in train]
    assert validation == [each for each in reports if each in validation]


@settings(deadline=None)
@given(sets, shares)
def test_near_duplicates_are_never_on_both_sides(reports, share):
    train, validation = split(reports, share)
    groups = dict(zip(ids_of(reports), near_duplicates([r.text for r in reports]), strict=True))
    assert not {groups[r.id] for r in train} & {groups[r.id] for r in validation}


def ids_of(reports) -> list[str]:
    return [each.id for each in reports]


@settings(deadline=None)
@given(sets, shares, st.randoms(use_true_random=False))
def test_reordering_moves_nothing(reports, share, chance):
    shuffled = chance.sample(reports, len(reports))
    assert ids(split(shuffled, share)[1]) == ids(split(reports, share)[1])


@settings(deadline=None)
@given(sets, sets, shares)
def test_what_was_train_never_becomes_validation_when_others_are_added(before, added, share):
    more = [report(f"new-{each.id}", each.text) for each in added]
    assert ids(split(before, share)[0]) <= ids(split([*more, *before], share)[0])


@settings(deadline=None)
@given(sets, sets, shares)
def test_validation_moves_only_to_join_a_near_duplicate(before, added, share):
    more = [report(f"new-{each.id}", each.text) for each in added]
    everything = [*before, *more]
    groups = dict(
        zip(ids_of(everything), near_duplicates([r.text for r in everything]), strict=True)
    )
    joined = {groups[each.id] for each in more}
    moved = ids(split(before, share)[1]) - ids(split(everything, share)[1])
    assert {groups[identifier] for identifier in moved} <= joined


@settings(deadline=None)
@given(sets)
def test_a_larger_share_only_adds_to_validation(reports):
    small, large = (ids(split(reports, share)[1]) for share in (0.2, 0.6))
    assert small <= large


@pytest.mark.parametrize(
    "other",
    [
        LETTER,
        LETTER.upper() + "!!!",
        "Kinh gui uy ban, tai nga tu truoc cho co mot ho sau giua duong, xe may qua lai nguy hiem",
        LETTER + ". Xin cảm ơn.",
        LETTER.replace("chợ", "trường"),
    ],
)
def test_small_changes_leave_a_near_duplicate(other):
    assert near_duplicates([LETTER, other]) == [0, 0]


def test_other_texts_of_the_same_matter_are_apart():
    other = "Trước chợ, ngay ngã tư, đường bị lõm một hố, tôi suýt té khi chở con đi học"
    assert near_duplicates([LETTER, other]) == [0, 1]


def test_a_bridge_joins_both_of_its_neighbours():
    words = [f"w{number}" for number in range(40)]
    left, bridge, right = words[:20], words[6:26], words[12:32]
    found = near_duplicates([" ".join(each) for each in (left, right, bridge)])
    assert found == [0, 0, 0]
    assert near_duplicates([" ".join(left), " ".join(right)]) == [0, 1]


def test_texts_of_signs_alone_are_alike_only_if_equal():
    assert near_duplicates(["???", "!!!", "???"]) == [0, 1, 0]


def test_no_texts_have_no_groups():
    assert near_duplicates([]) == []
    assert split([], 0.1) == ([], [])


def test_the_share_holds_on_average():
    # No two of these share a word, so that each draws for itself.
    reports = [report(f"r-{number}", f"a{number} b{number} c{number}") for number in range(2000)]
    sizes = [len(split(reports, 0.2, seed)[1]) for seed in range(2)]
    # Binomial: 400 with a standard deviation of 18; four of them on either side.
    assert all(328 < size < 472 for size in sizes)
    assert split(reports, 0.2, 0) != split(reports, 0.2, 1)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_of_0_to_1_is_refused(share):
    with pytest.raises(ValueError, match=f"share is {share}; expected a number from 0 to 1"):
        split([], share)
