"""Slices: by the text itself and by what the labels say of its style and origin."""

from __future__ import annotations

import numpy as np
import pytest

from training.slices import slices_of, without_accents


def names_of(report) -> set[str]:
    return {part.name for part, rows in slices_of([report]) if rows[0]}


@pytest.mark.parametrize(
    ("words", "expected"), [(1, "short"), (8, "short"), (9, "middle"), (79, "middle"), (80, "long")]
)
def test_length_is_counted_in_words(labelled, words, expected):
    report = labelled(text=" ".join(["rác"] * words))
    assert names_of(report) == {"all", expected}


@pytest.mark.parametrize("text", ["den duong tat", "DEN DUONG 12/3 ok?"])
def test_a_text_without_any_accent_is_in_the_slice(labelled, text):
    assert "without-accents" in names_of(labelled(text=text))


@pytest.mark.parametrize("text", ["den duong tắt", "đen", "den duong ta\u0306\u0301t"])
def test_one_accent_takes_a_text_out_of_it(labelled, text):
    assert "without-accents" not in names_of(labelled(text=text))


def test_styles_and_origins_are_slices_where_they_are_known(labelled):
    assert {"style:dialect", "slice:portal"} <= names_of(labelled(style="dialect", slice="portal"))


def test_slices_that_hold_nothing_are_not_named(labelled):
    parts = slices_of([labelled(style="formal"), labelled("r-2", style="formal")])
    assert [part.name for part, _ in parts] == ["all", "short", "style:formal"]
    assert all(np.array_equal(rows, [True, True]) for _, rows in parts)


def test_removing_accents_keeps_the_labels_and_the_id(labelled):
    report = labelled(text="Đèn đường TẮT, nhờ sửa")
    bare = without_accents(report)
    assert bare.text == "Den duong TAT, nho sua"
    assert (bare.id, bare.topic, bare.agencies) == (report.id, report.topic, report.agencies)


def test_removing_accents_does_not_depend_on_how_they_are_encoded(labelled):
    assert without_accents(labelled(text="ta\u0306\u0301t")).text == "tat"


def test_an_empty_set_has_the_slice_of_all():
    assert [part.name for part, _ in slices_of([])] == ["all"]
