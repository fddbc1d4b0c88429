"""The rival answers like a predictor, and has learned something."""

from __future__ import annotations

import pytest

from corpora.reports import to_report
from nlp.domain import Decision, Kind, Report, Urgency
from training.baseline import VERSION, fit_baseline
from training.evaluation import evaluate

WORDS = {
    "den": "đèn đường tắt tối thui ngõ",
    "day-dien": "dây điện đứt chạm đất nguy hiểm",
    "rac": "rác thải bốc mùi chưa thu gom",
}
AGENCY = {"den": "chieu-sang", "day-dien": "dien-luc", "rac": "moi-truong-do-thi"}
PLACES = ("trước chợ", "sau trường", "gần cầu", "cạnh sông", "đầu kiệt", "giữa xóm")


@pytest.fixture
def taught(labelled):
    return [
        labelled(
            f"{topic}-{number}",
            f"{words} {place}",
            topic=topic,
            agencies=(AGENCY[topic],),
            urgency=Urgency.KHAN_CAP if topic == "day-dien" else Urgency.BINH_THUONG,
            kind=Kind.HOI_DAP if topic == "rac" else Kind.PHAN_ANH,
        )
        for topic, words in WORDS.items()
        for number, place in enumerate(PLACES)
    ]


@pytest.fixture
def rival(taught, small_city):
    return fit_baseline(taught, small_city)


def test_it_learns_what_it_was_taught_with_and_without_accents(rival, taught):
    evaluation = evaluate(rival, taught, bootstrap=0, strip=True)
    for column in evaluation.columns:
        for name in ("leaf_accuracy", "kind_accuracy", "agency_top_1", "khan_cap_recall"):
            assert column.all.figures[name].value == 1


def test_it_reads_a_text_that_it_has_not_seen(rival):
    (answer,) = rival.predict([Report("x", "RÁC bốc mùi ở bãi")])
    assert (answer.topic, answer.topic_group, answer.kind) == ("rac", "moi-truong", Kind.HOI_DAP)
    assert answer.agencies[0].id == "moi-truong-do-thi"
    assert answer.agencies[0].name == "Cơ quan moi-truong-do-thi"
    assert [agency.role for agency in answer.agencies] == ["lead", "candidate", "candidate"]


def test_it_ranks_three_topics_with_falling_probabilities(rival, taught):
    for answer in rival.predict([to_report(report) for report in taught]):
        ranked = [answer.topic, *(other.topic for other in answer.topic_alternatives)]
        chances = [
            answer.topic_probability,
            *(other.probability for other in answer.topic_alternatives),
        ]
        assert sorted(ranked) == sorted(WORDS)
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) == pytest.approx(1)


def test_it_names_no_ward_and_decides_nothing(rival):
    (answer,) = rival.predict([Report("x", "đèn tắt ở Phường Một")])
    assert answer.ward is None
    assert answer.decision is Decision.REVIEW
    assert answer.model_version == VERSION
    assert answer.taxonomy_version == "taxonomy-1"


def test_answers_keep_the_order_and_do_not_touch_each_other(rival, taught):
    reports = [to_report(report) for report in taught]
    together = rival.predict(reports)
    assert [answer.id for answer in together] == [report.id for report in reports]
    assert together == [rival.predict([report])[0] for report in reports]


def test_a_text_of_signs_alone_is_answered(rival):
    assert len(rival.predict([Report("x", "???")])) == 1


def test_nothing_is_answered_with_nothing(rival):
    assert rival.predict([]) == []
