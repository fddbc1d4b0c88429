"""The one door: every report gets its answer, whatever stands beside it."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.calibration import Calibration, Thresholds
from nlp.domain import Decision, Kind, Place, Prediction, Refusal, Report, Urgency
from nlp.model import Model
from nlp.predictor import Predictor

TEXTS = [
    "Rác thải sinh hoạt chất đống ở đầu ngõ hai tuần nay không ai thu gom.",
    "duong nguyen hue bi ngap nuoc roi, ai xu ly giup voi",
    "Dây điện đứt rớt xuống đường, rất nguy hiểm cho học sinh đi học.",
    "Cho hỏi giờ nộp hồ sơ ở phường nào cũng được hay phải đúng nơi mình ở?",
]
LONG = "\n".join(TEXTS * 2)


def reports(*texts: str) -> list[Report]:
    return [Report(f"r-{number}", text) for number, text in enumerate(texts)]


def answer_of(predictor: Predictor, text: str, **more) -> Prediction:
    (answer,) = predictor.predict([Report("r", text, **more)])
    assert isinstance(answer, Prediction)
    return answer


class Changed(Model):
    """A model with other scores for every window that holds some token."""

    def __init__(self, model: Model, token: int, **heads: float) -> None:
        self._model, self._token, self._heads = model, token, heads

    def score(self, windows):
        scores = self._model.score(windows)
        rows = [self._token in window for window in windows]
        changed = {head: getattr(scores, head).copy() for head in self._heads}
        for head, value in self._heads.items():
            changed[head][rows, 0] = value
        return replace(scores, **changed)


@pytest.fixture
def changed(manifest, pipeline, model, city, remembered):
    """Makes predictors that give windows with the word "rớt" other scores."""

    def make(*, calibration: Calibration | None = None, **heads: float) -> Predictor:
        token = pipeline.tokenizer.token_to_id("rớt")
        known = replace(manifest, calibration=calibration or manifest.calibration)
        return Predictor(
            known, pipeline, Changed(model, token, **heads), city, remembered=remembered
        )

    return make


# --- answers and refusals


def test_each_report_gets_its_answer_in_its_place(predictor):
    mixed = [
        *reports(*TEXTS),
        Report("empty", " !! "),
        Report("surrogate", "a\ud800"),
        Report("long", "a" * 20_001),
        Report("ward", "đèn tắt", place=Place(ward="Phường Không Có")),
        Report("last", "đèn tắt"),
    ]
    answers = predictor.predict(mixed)
    assert [answer.id for answer in answers] == [report.id for report in mixed]
    refused = {answer.id: answer.code for answer in answers if isinstance(answer, Refusal)}
    assert refused == {
        "empty": "text_empty",
        "surrogate": "text_refused",
        "long": "text_too_long",
        "ward": "ward_unknown",
    }


@settings(max_examples=20)
@given(st.permutations([*TEXTS, LONG, "", "!!", "a" * 20_001]))
def test_an_answer_hangs_on_its_report_alone(predictor, texts):
    together = predictor.predict(reports(*texts))
    for report, beside in zip(reports(*texts), together, strict=True):
        (alone,) = predictor.predict([report])
        if isinstance(alone, Refusal):
            assert beside == alone
        else:
            assert isinstance(beside, Prediction)
            assert (beside.topic, beside.kind, beside.urgency) == (
                alone.topic,
                alone.kind,
                alone.urgency,
            )
            assert beside.topic_probability == pytest.approx(alone.topic_probability, abs=2e-4)


def test_nothing_asked_is_nothing_answered(predictor):
    assert predictor.predict([]) == []


def test_a_call_of_refusals_alone_needs_no_model(predictor):
    assert [type(answer) for answer in predictor.predict(reports("", "!"))] == [Refusal, Refusal]


def test_refusals_never_hold_the_text(predictor):
    for answer in predictor.predict(reports("bí mật \ud800", "bí mật " * 4000)):
        assert isinstance(answer, Refusal)
        assert "bí mật" not in answer.message


@pytest.mark.parametrize("head", ["kind", "topic", "urgency", "also", "embedding"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_refuse_their_text_alone(changed, head, value):
    first, second, third = changed(**{head: value}).predict(reports(*TEXTS[1:]))
    assert isinstance(second, Refusal)
    assert second.code == "inference_failed"
    assert isinstance(first, Prediction)
    assert isinstance(third, Prediction)


def test_many_threads_get_the_answers_of_one(predictor):
    expected = predictor.predict(reports(*TEXTS, LONG))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: predictor.predict(reports(*TEXTS, LONG)), range(12)))
    assert all(answers == expected for answers in found)


# --- what an answer holds


def test_an_answer_tells_what_made_it(predictor, city):
    answer = answer_of(predictor, TEXTS[0])
    assert answer.model_version == predictor.version == predictor.manifest.version
    assert answer.taxonomy_version == city.taxonomy.version
    assert answer.agencies_version == city.agencies_version
    assert answer.evidence is None


@pytest.mark.parametrize("text", [*TEXTS, LONG])
def test_an_answer_is_of_one_piece(predictor, city, text):
    answer = answer_of(predictor, text)
    shares = [answer.topic_probability, *(each.probability for each in answer.topic_alternatives)]
    assert shares == sorted(shares, reverse=True)
    assert len(shares) == 3
    assert answer.topic_group == city.taxonomy.topics[answer.topic].group
    assert answer.topic not in answer.also
    assert 0 <= answer.urgency_probability <= 1
    assert answer.call_now == (answer.urgency is Urgency.KHAN_CAP)
    assert (answer.decision is Decision.REVIEW) == bool(answer.reasons)
    assert len(answer.agencies) >= 3
    clauses = {a.id: a.mandate for a in city.agencies.values()}
    assert all(each.because in clauses[each.id] for each in answer.agencies)


def test_spellings_of_one_text_have_one_answer(predictor):
    answer = answer_of(predictor, TEXTS[2])
    for typed in (unicodedata.normalize("NFD", TEXTS[2]), TEXTS[2].replace("điện", "đi\u200bện")):
        assert answer_of(predictor, typed) == answer


def test_title_and_text_are_read_together(predictor):
    first, second = TEXTS[0], TEXTS[2]
    whole = answer_of(predictor, f"{first}\n{second}")
    assert answer_of(predictor, second, title=first) == whole


# --- long texts


def test_a_long_text_has_the_highest_urgency_and_the_mean_topic_of_its_windows(
    predictor, pipeline, model
):
    windows = pipeline.windows(LONG)
    assert len(windows) > 2
    parts, whole = model.score(windows), predictor.scores(reports(LONG))
    assert whole.urgency[0] == pytest.approx(parts.urgency.max(axis=0), abs=1e-3)
    assert whole.topic[0] == pytest.approx(parts.topic.mean(axis=0), abs=1e-3)


def test_danger_in_the_last_line_of_a_long_letter_is_not_lost(changed):
    letter, danger = "\n".join([TEXTS[3]] * 6), "Dây cáp thòng ngang đầu người đi xe."
    alert = changed(urgency=30.0)
    assert answer_of(alert, f"{letter}\n{danger}").urgency is Urgency.KHAN_CAP
    calm = changed(calibration=Calibration(thresholds=Thresholds(khan_cap=1.0)))
    assert answer_of(calm, f"{letter}\n{danger}").urgency is not Urgency.KHAN_CAP


@pytest.mark.parametrize(("times", "cut"), [(1, False), (40, True)])
def test_a_text_longer_than_what_is_read_says_so(predictor, times, cut):
    reasons = answer_of(predictor, "\n".join(TEXTS * times)).reasons
    assert ("text is longer than what was read" in reasons) is cut


# --- rules above the model


def test_a_text_that_may_accuse_is_restricted(changed):
    lines = Calibration(thresholds=Thresholds(restricted=0.0))
    answer = answer_of(changed(calibration=lines), TEXTS[0])
    assert answer.restricted
    assert answer.decision is Decision.REVIEW


def test_a_victim_is_protected_whatever_the_model_says(changed):
    lines = Calibration(thresholds=Thresholds(restricted=1.0, to_cao=1.0))
    assert answer_of(changed(calibration=lines), "cháu bé bị bạo hành").restricted
    assert not answer_of(changed(calibration=lines), TEXTS[2]).restricted


def test_an_accusation_never_goes_to_whom_it_accuses(changed, city):
    accusing = changed(calibration=Calibration(thresholds=Thresholds(to_cao=0.0)))
    for agency in [each for each in city.agencies.values() if each.level == "city"][:12]:
        name = agency.name.partition(" (")[0]
        answer = answer_of(accusing, f"Tôi tố cáo cán bộ {name} nhận tiền")
        assert answer.kind is Kind.TO_CAO
        suggested = {each.id for each in answer.agencies}
        assert agency.id not in suggested
        assert all(city.agencies[each].level == "city" for each in suggested)


def test_unmistakable_words_of_danger_outrank_the_model(changed):
    calm = changed(calibration=Calibration(thresholds=Thresholds(khan_cap=1.0)))
    answer = answer_of(calm, TEXTS[2])
    assert (answer.urgency, answer.call_now) == (Urgency.KHAN_CAP, True)
    assert "danger: live wire" in answer.reasons
    assert not any("close to the line" in reason for reason in answer.reasons)
