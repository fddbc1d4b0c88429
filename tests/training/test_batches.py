"""Reports become tensors in the orders of the labels, each once an epoch."""

from __future__ import annotations

import random
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.domain import Kind, Urgency
from nlp.routing import mandate_clauses

torch = pytest.importorskip("torch")
batches = pytest.importorskip("training.batches")
pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture
def texts(some_reports, small_city, tiny_pipeline):
    labels = batches.Labels.of(small_city)
    return batches.TrainingTexts(some_reports, labels, tiny_pipeline, pad_id=0, device="cpu")


def rows_of(batch) -> list[list[int]]:
    return [ids[mask > 0].tolist() for ids, mask in zip(batch.ids, batch.mask, strict=True)]


@given(st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=20), min_size=1, max_size=5))
def test_padding_loses_nothing_and_marks_what_is_real(rows):
    ids, mask = batches.padded(rows, 0, "cpu")
    assert ids.shape == mask.shape
    assert ids.shape[1] % 8 == 0
    assert ids.shape[1] - max(map(len, rows)) < 8
    assert [found[real > 0].tolist() for found, real in zip(ids, mask, strict=True)] == rows
    assert not ids[mask == 0].any()


def test_labels_stand_in_the_order_of_the_city(small_city):
    labels = batches.Labels.of(small_city)
    assert labels.kinds == tuple(Kind)
    assert labels.topics == ("den", "day-dien", "rac")
    assert labels.agencies == tuple(small_city.agencies)


def test_targets_are_the_labels(labelled, small_city, tiny_pipeline):
    report = labelled(
        topic="day-dien",
        also=("rac",),
        kind=Kind.HOI_DAP,
        urgency=Urgency.CAO,
        agencies=("dien-luc", "chieu-sang", "ubnd-cap-xa"),
    )
    labels = batches.Labels.of(small_city)
    texts = batches.TrainingTexts([report], labels, tiny_pipeline, pad_id=0, device="cpu")
    (batch,) = texts.epoch(4, random.Random(0), twins=False)
    found = batch.targets
    assert labels.kinds[found.kind.item()] is Kind.HOI_DAP
    assert labels.topics[found.topic.item()] == "day-dien"
    assert found.urgency.tolist() == [2]
    assert found.present.tolist() == [[0.0, 1.0, 1.0]]
    assert found.agencies[0].tolist() == pytest.approx([1 / 6, 2 / 3, 0.0, 1 / 6])


def test_an_epoch_has_every_text_once(texts, some_reports):
    found = list(texts.epoch(5, random.Random(1), twins=False))
    assert sum(len(batch.ids) for batch in found) == len(some_reports) == len(texts)
    pairs = [(b.targets.topic.tolist(), b.targets.urgency.tolist()) for b in found]
    topics = sorted(chain.from_iterable(topic for topic, _ in pairs))
    assert topics == sorted(n % 3 for n in range(24))
    assert max(len(batch.ids) for batch in found) == 5


def test_the_same_seed_gives_the_same_epoch_and_another_one_another(texts):
    def epoch(seed: int) -> list[list[int]]:
        drawn = texts.epoch(4, random.Random(seed), twins=False)
        return [row for batch in drawn for row in rows_of(batch)]

    assert epoch(3) == epoch(3)
    assert epoch(3) != epoch(4)


def test_twins_follow_their_texts(texts, some_reports, tiny_pipeline):
    clean = {tuple(tiny_pipeline.windows(report.text)[0]) for report in some_reports}
    noisy = 0
    for batch in texts.epoch(4, random.Random(0), twins=True):
        count = len(batch.targets.topic)
        rows = [tuple(row) for row in rows_of(batch)]
        assert len(rows) == 2 * count
        assert set(rows[:count]) <= clean
        noisy += sum(row not in clean for row in rows[count:])
    assert noisy > len(some_reports) / 2


def test_some_texts_are_read_as_written_and_some_with_noise(texts, some_reports, tiny_pipeline):
    clean = {tuple(tiny_pipeline.windows(report.text)[0]) for report in some_reports}
    drawn = texts.epoch(4, random.Random(0), twins=False)
    as_written = sum(tuple(row) in clean for batch in drawn for row in rows_of(batch))
    assert 0 < as_written < len(some_reports)


def test_any_window_of_a_long_text_may_be_read(labelled, small_city, tiny_pipeline):
    report = labelled(text="đèn đường tắt " * 12 + "rác bốc mùi " * 12)
    labels = batches.Labels.of(small_city)
    texts = batches.TrainingTexts([report], labels, tiny_pipeline, pad_id=0, device="cpu")
    windows = tiny_pipeline.windows(report.text)
    assert len(windows) > 2
    found = {
        tuple(rows_of(batch)[0])
        for seed in range(60)
        for batch in texts.epoch(1, random.Random(seed), twins=False)
    }
    assert set(map(tuple, windows)) <= found


def test_texts_are_masked_before_they_are_read(labelled, small_city, tiny_pipeline):
    report = labelled(text="gọi 0905 123 456 giúp em")
    labels = batches.Labels.of(small_city)
    texts = batches.TrainingTexts([report], labels, tiny_pipeline, pad_id=0, device="cpu")
    mask = tiny_pipeline.tokenizer.token_to_id("<phone>")
    for seed in range(5):
        (batch,) = texts.epoch(1, random.Random(seed), twins=False)
        assert mask in batch.ids


def test_a_kind_that_never_occurs_counts_once(labelled, small_city, tiny_pipeline):
    reports = [labelled(f"r-{n}", f"rác {n}", kind=Kind.KHAC) for n in range(3)]
    labels = batches.Labels.of(small_city)
    texts = batches.TrainingTexts(reports, labels, tiny_pipeline, pad_id=0, device="cpu")
    assert texts.kind_counts.tolist() == [3.0 if kind is Kind.KHAC else 1.0 for kind in Kind]


def test_clauses_come_in_the_order_of_routing_with_their_agencies(city, tiny_pipeline):
    clauses = batches.Clauses.of(city, tiny_pipeline, "cpu")
    owners = [clause for agency in city.agencies.values() for clause in agency.mandate]
    assert len(clauses.rows) == len(clauses.owner) == len(mandate_clauses(city)) == len(owners)
    assert clauses.owner.tolist() == sorted(clauses.owner.tolist())
    names = list(city.agencies)
    for place in (0, len(owners) // 2, -1):
        agency = city.agencies[names[clauses.owner[place]]]
        assert mandate_clauses(city)[place] in agency.mandate
