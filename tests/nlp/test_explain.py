"""What moved a decision: true to the model, and in the words as sent."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.domain import Report
from nlp.explain import LEAST_FALL, PARTS, SPANS, explain, parts
from nlp.pipeline import ReadText
from nlp.text import canonicalise

WORDS = st.text("abcđê0,.!<>", min_size=1, max_size=6)
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", "  ", "\n"])), max_size=120).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
SENT = [
    "Rác thải sinh hoạt chất đống ở đầu ngõ hai tuần nay không ai thu gom.",
    "Đèn đường tắt mấy bữa ni mà không ai sửa hết, gọi 0905 123 456, dây điện đứt rớt xuống đường",
    unicodedata.normalize("NFD", "Dây điện đứt rớt xuống đường, rất nguy hiểm cho học sinh"),
    "R\u200bác\u200b chất  đống\n\nở đầu \u200bngõ, ai th\u200bu gom, sdt 0905\u200b123456 nghe",
    "duong nguyen hue bi ngap nuoc roi , ai xu ly giup voi",
]


def read(text: str) -> ReadText:
    """A text as a pipeline without masks reads it."""
    canonical = canonicalise(text)
    return ReadText(canonical, canonical.text, 0, (0,), (0,))


def probe_of(**weights: float):
    """A model for which each of some words adds to the topic (or, in capitals, to the urgency)."""

    def probe(texts):
        return [
            (
                0.1 + sum(w for word, w in weights.items() if word in text),
                0.1 + sum(w for word, w in weights.items() if word.upper() in text),
            )
            for text in texts
        ]

    return probe


# --- parts


@given(TEXTS)
def test_parts_cover_every_word_once_and_in_order(text):
    runs = parts(text)
    covered = " ".join(text[run.start : run.end] for run in runs)
    assert covered.split() == text.split()
    assert all(a.end <= b.start for a, b in pairwise(runs))


@given(TEXTS)
def test_there_are_at_most_so_many_parts(text):
    assert len(parts(text)) <= PARTS


def test_a_short_text_has_each_word_as_a_part():
    assert len(parts("đèn tắt, tối lắm")) == 4


def test_parts_of_a_longer_text_end_at_clauses():
    text = "một hai ba, bốn năm sáu. " * 8
    ends = [text[run.end - 1] for run in parts(text)]
    assert set(ends) <= {",", "."}


def test_no_part_of_a_text_without_clauses_is_much_longer_than_the_others():
    text = "chữ " * 4 * PARTS
    assert {text[run.start : run.end].count("chữ") for run in parts(text)} == {8}


# --- spans


def test_words_that_carry_a_decision_are_told_with_what_they_carry():
    found = explain(read("đèn tắt LỬA cháy"), probe_of(đèn=0.4, lửa=0.3))
    assert [(e.text, e.moves) for e in found] == [("đèn", "topic"), ("LỬA", "urgency")]
    assert [e.weight for e in found] == pytest.approx([0.4, 0.3])


def test_words_that_carry_nothing_are_not_told():
    assert explain(read("đèn tắt rồi"), probe_of(đèn=LEAST_FALL / 2)) == ()


def test_words_that_speak_against_a_decision_are_not_told():
    assert explain(read("đèn tắt rồi"), probe_of(đèn=-0.5)) == ()


def test_only_the_heaviest_are_told_the_heaviest_first():
    weights = dict(zip(["an", "bo", "co", "do", "en"], [0.1, 0.15, 0.05, 0.2, 0.12], strict=True))
    found = explain(read("an bo co do en"), probe_of(**weights))
    assert [e.text for e in found] == ["do", "bo", "en"]
    assert len(found) == SPANS


def test_a_text_of_one_word_needs_no_explanation():
    assert explain(read("đèn"), probe_of(đèn=0.9)) == ()


# --- on a model


@pytest.mark.parametrize("text", SENT)
@pytest.mark.parametrize("title", ["", "Gấp: 0905 999 888 "])
def test_evidence_lies_in_the_text_as_sent(predictor, text, title):
    (answer,) = predictor.predict([Report("r", text, title=title)], explain=True)
    for evidence in answer.evidence:
        assert 0 <= evidence.start < evidence.end <= len(text)
        assert evidence.text == text[evidence.start : evidence.end]
        assert evidence.moves in ("topic", "urgency")
        assert evidence.weight >= LEAST_FALL


def test_some_evidence_is_found(predictor):
    answers = predictor.predict([Report(text, text) for text in SENT], explain=True)
    assert all(answer.evidence for answer in answers)


@pytest.mark.parametrize("text", [SENT[0], SENT[4]])
def test_without_the_heaviest_span_the_probability_falls_by_its_weight(predictor, text):
    (answer,) = predictor.predict([Report("r", text)], explain=True)
    heaviest = next(e for e in answer.evidence if e.moves == "topic")
    rest = f"{text[: heaviest.start]}{text[heaviest.end :].lstrip()}"
    calibration, topics = predictor.manifest.calibration, predictor.manifest.topics
    scores = predictor.scores([Report("whole", text), Report("rest", rest)])
    whole, without = calibration.topic(scores.topic)[:, topics.index(answer.topic)]
    assert whole == pytest.approx(answer.topic_probability, abs=1e-3)
    assert whole - without == pytest.approx(heaviest.weight, abs=1e-3)


def test_an_explanation_changes_nothing_else_of_an_answer(predictor):
    reports = [Report(text, text) for text in SENT]
    explained = predictor.predict(reports, explain=True)
    assert [replace(a, evidence=None) for a in explained] == predictor.predict(reports)


def test_a_text_of_several_windows_is_answered_without_evidence(predictor):
    (answer,) = predictor.predict([Report("r", "\n".join(SENT * 3))], explain=True)
    assert answer.evidence == ()
