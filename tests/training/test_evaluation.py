"""An evaluation goes through predict alone, and a refusal is wrong in every respect."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from nlp.domain import AgencySuggestion, Decision, Kind, Report, TopicAlternative, Urgency
from training.evaluation import AS_SENT, WITHOUT_ACCENTS, evaluate
from training.measures import HEAD, MEASURES
from training.outcomes import outcomes_of

SHARES = {"auto_share", "refused"}


def figures(predictor, reports, **options) -> dict[str, float]:
    evaluation = evaluate(predictor, reports, **({"bootstrap": 0} | options))
    return {name: figure.value for name, figure in evaluation.columns[0].all.figures.items()}


def table(evaluation) -> np.ndarray:
    return np.array(
        [
            [(figure.value, figure.low, figure.high) for figure in part.figures.values()]
            for part in evaluation.columns[0].slices
        ]
    )


def suggestion(name: str, score: float = 0.5) -> AgencySuggestion:
    return AgencySuggestion(name, name, "lead", score, "")


def test_perfect_answers_are_perfect_in_every_figure(oracle, some_reports):
    found = figures(oracle(), some_reports)
    for measure in MEASURES:
        if measure.name in SHARES or math.isnan(found[measure.name]):
            continue
        assert found[measure.name] == pytest.approx(1.0 if measure.higher_is_better else 0.0)
    assert found["auto_share"] == 1.0
    assert math.isnan(found["review_agency_error"])  # nothing was sent to review


def test_the_order_of_the_reports_changes_nothing(oracle, some_reports):
    changes = {report.id: {"topic": "rac"} for report in some_reports[::3]}
    predictor = oracle(changes=changes)
    shuffled = [*some_reports[1::2], *reversed(some_reports[::2])]
    one = evaluate(predictor, some_reports, bootstrap=50)
    other = evaluate(predictor, shuffled, bootstrap=50)
    np.testing.assert_array_equal(table(one), table(other))


def test_the_predictor_sees_id_and_text_and_no_label(oracle, some_reports):
    predictor = oracle()
    evaluate(predictor, some_reports, bootstrap=0)
    assert predictor.asked == [Report(id=r.id, text=r.text) for r in some_reports]


def test_a_refusal_is_wrong_in_every_respect_and_shown(oracle, some_reports):
    refused = frozenset(report.id for report in some_reports)
    evaluation = evaluate(oracle(refused=refused), some_reports, bootstrap=0)
    found = {name: figure.value for name, figure in evaluation.columns[0].all.figures.items()}
    for name in ("leaf_accuracy", "hit_at_3", "agency_top_1", "agency_accepted", "agency_top_3"):
        assert found[name] == 0
    assert found["khan_cap_recall"] == found["to_cao_recall"] == found["ward_accuracy"] == 0
    assert found["leaf_macro_f1"] == found["kind_macro_f1"] == 0
    assert found["urgency_qwk"] < 0
    assert found["refused"] == 1
    assert {refusal.id for refusal in evaluation.columns[0].refusals} == refused
    assert evaluation.model_version == ""


def test_one_refusal_costs_one_row(oracle, some_reports):
    found = figures(oracle(refused=frozenset(["r-03"])), some_reports)
    assert found["leaf_accuracy"] == pytest.approx(23 / 24)
    assert found["refused"] == pytest.approx(1 / 24)
    assert found["topic_ece"] == 0  # no probability was given for it


def test_a_topic_in_third_place_is_a_hit_at_3_and_in_fourth_is_not(oracle, labelled):
    reports = [labelled("r-1", topic="rac"), labelled("r-2", topic="rac")]
    second = tuple(TopicAlternative(name, 0.1) for name in ("day-dien", "rac"))
    fourth = tuple(TopicAlternative(name, 0.1) for name in ("day-dien", "den", "rac"))
    changes = {
        "r-1": {"topic": "den", "topic_alternatives": second},
        "r-2": {"topic": "den", "topic_alternatives": fourth},
    }
    found = figures(oracle(reports, changes=changes), reports)
    assert found["hit_at_3"] == 0.5
    assert found["leaf_accuracy"] == 0


def test_another_right_agency_is_accepted_but_is_not_the_lead(oracle, labelled):
    reports = [labelled(agencies=("chieu-sang", "dien-luc"))]
    agencies = (suggestion("dien-luc"), suggestion("ubnd-cap-xa"), suggestion("chieu-sang"))
    found = figures(oracle(reports, changes={"r-1": {"agencies": agencies}}), reports)
    assert found["agency_top_1"] == 0
    assert found["agency_accepted"] == 1
    assert found["agency_top_3"] == 1


def test_an_agency_in_fourth_place_is_not_among_the_first_three(oracle, labelled):
    reports = [labelled()]
    names = ("dien-luc", "ubnd-cap-xa", "moi-truong-do-thi", "chieu-sang")
    changes = {"r-1": {"agencies": tuple(map(suggestion, names))}}
    assert figures(oracle(reports, changes=changes), reports)["agency_top_3"] == 0


def test_no_agency_at_all_is_wrong_and_no_failure(oracle, labelled):
    reports = [labelled()]
    found = figures(oracle(reports, changes={"r-1": {"agencies": ()}}), reports)
    assert found["agency_top_1"] == found["agency_accepted"] == found["agency_top_3"] == 0


def test_wards_are_judged_where_named_and_guesses_where_not(oracle, labelled):
    reports = [
        labelled("r-1", ward="Phường Một"),
        labelled("r-2", ward="Phường Một"),
        labelled("r-3"),
        labelled("r-4"),
        labelled("r-5"),
        labelled("r-6"),
    ]
    changes = {"r-2": {"ward": None}, "r-3": {"ward": "Xã Hai"}}
    found = figures(oracle(reports, changes=changes), reports)
    assert found["ward_accuracy"] == 0.5
    assert found["ward_guesses"] == 0.25


def test_urgent_and_denouncing_reports_have_recall_and_precision(oracle, labelled):
    reports = [
        labelled("r-1", urgency=Urgency.KHAN_CAP, kind=Kind.TO_CAO),
        labelled("r-2", urgency=Urgency.KHAN_CAP, kind=Kind.TO_CAO),
        labelled("r-3"),
        labelled("r-4"),
        labelled("r-5"),
    ]
    said = {"urgency": Urgency.KHAN_CAP, "kind": Kind.TO_CAO}
    changes = {
        "r-2": {"urgency": Urgency.THAP, "kind": Kind.KHAC},
        "r-3": said,
        "r-4": said,
    }
    found = figures(oracle(reports, changes=changes), reports)
    assert found["khan_cap_recall"] == found["to_cao_recall"] == 0.5
    assert found["khan_cap_precision"] == found["to_cao_precision"] == pytest.approx(1 / 3)


def test_automatic_answers_are_judged_apart_from_reviewed_ones(oracle, labelled):
    reports = [labelled(f"r-{number}") for number in range(4)]
    wrong = {"agencies": (suggestion("dien-luc"),), "topic": "rac", "topic_group": "moi-truong"}
    changes = {
        "r-0": wrong,
        "r-2": wrong | {"decision": Decision.REVIEW},
        "r-3": wrong | {"decision": Decision.REVIEW},
    }
    found = figures(oracle(reports, changes=changes), reports)
    assert found["auto_share"] == 0.5
    assert found["auto_agency_error"] == found["auto_topic_error"] == 0.5
    assert found["review_agency_error"] == 1


def test_asking_without_accents_is_a_second_column_of_the_same_rows(oracle, some_reports):
    predictor = oracle()
    evaluation = evaluate(predictor, some_reports, bootstrap=0, strip=True)
    assert [column.name for column in evaluation.columns] == [AS_SENT, WITHOUT_ACCENTS]
    first, second = evaluation.columns
    assert first.outcomes.ids == second.outcomes.ids
    assert [part.rows for part in first.slices] == [part.rows for part in second.slices]
    assert predictor.asked[24].text == "Phan anh thu 0 ve duong pho"


def test_slices_are_measured_on_their_own_rows(oracle, some_reports):
    changes = {r.id: {"topic": "rac"} for r in some_reports if r.style == "teencode"}
    evaluation = evaluate(oracle(changes=changes), some_reports, bootstrap=0)
    accuracy = {
        part.slice.name: part.figures["leaf_accuracy"].value
        for part in evaluation.columns[0].slices
    }
    assert accuracy["style:formal"] == 1
    assert accuracy["style:teencode"] == pytest.approx(1 / 3)
    assert accuracy["all"] == pytest.approx(2 / 3)


def test_every_figure_on_counted_rows_is_that_on_repeated_rows(oracle, some_reports, small_city):
    # The bootstrap counts rows instead of copying them; both must agree for every measure.
    generator = np.random.default_rng(3)
    changes = {
        report.id: {
            "topic": str(generator.choice(["den", "rac"])),
            "topic_probability": float(generator.choice([0.3, 0.6, 0.9])),
            "urgency": Urgency(int(generator.integers(1, 5))),
            "decision": Decision.REVIEW if generator.integers(2) else Decision.AUTO,
        }
        for report in some_reports
    }
    predictor = oracle(changes=changes, refused=frozenset(["r-05"]))
    counts = generator.integers(0, 3, size=24)
    answers = predictor.predict([Report(r.id, r.text) for r in some_reports])
    once = outcomes_of(some_reports, answers, small_city.taxonomy)
    copied = np.repeat(np.arange(24), counts)
    repeated = outcomes_of(
        [some_reports[row] for row in copied], [answers[row] for row in copied], small_city.taxonomy
    )
    for measure in MEASURES:
        if measure.name.endswith("_ece"):
            continue  # its bins are those of the rows as given, on purpose
        weighted = measure.of(once, counts[None, :].astype(float))
        assert measure.of(repeated, np.ones((1, len(copied)))) == pytest.approx(
            weighted, nan_ok=True
        ), measure.name


def test_an_answer_to_another_report_is_refused(oracle, some_reports, small_city):
    answers = oracle().predict([Report(r.id, r.text) for r in some_reports])
    with pytest.raises(ValueError, match="'r-01' found; expected that of 'r-00'"):
        outcomes_of(some_reports, answers[1:] + answers[:1], small_city.taxonomy)


def test_a_topic_of_another_taxonomy_is_a_class_of_its_own(oracle, labelled):
    reports = [labelled()]
    changes = {"r-1": {"topic": "la", "topic_group": "nhom-la"}}
    evaluation = evaluate(oracle(reports, changes=changes), reports, bootstrap=0)
    assert evaluation.columns[0].outcomes.topic.names[-1] == "la"
    assert evaluation.columns[0].all.figures["leaf_accuracy"].value == 0


def test_taking_rows_keeps_everything_side_by_side(oracle, some_reports, small_city):
    answers = oracle(refused=frozenset(["r-02"])).predict(
        [Report(r.id, r.text) for r in some_reports]
    )
    outcomes = outcomes_of(some_reports, answers, small_city.taxonomy)
    taken = outcomes.take(np.array([number in (2, 7) for number in range(24)]))
    assert taken.ids == ("r-02", "r-07")
    assert len(taken) == 2
    assert taken.refused.tolist() == [True, False]
    assert taken.topic.hit.tolist() == [False, True]


def test_an_empty_set_has_no_figures_and_does_not_fail(oracle):
    found = figures(oracle([]), [], bootstrap=10, strip=True)
    assert all(math.isnan(value) for value in found.values())


def test_progress_is_told_of_every_report(oracle, labelled):
    reports = [labelled(f"r-{number}") for number in range(150)]
    told: list[int] = []
    evaluate(oracle(reports), reports, bootstrap=0, strip=True, progress=told.append)
    assert sum(told) == 300
    assert len(told) > 2


def test_names_of_measures_are_distinct_and_the_head_comes_first():
    names = [measure.name for measure in MEASURES]
    assert len(set(names)) == len(names)
    assert MEASURES[: len(HEAD)] == HEAD


def test_reports_are_not_changed_by_asking_without_accents(oracle, some_reports):
    before = [replace(report) for report in some_reports]
    evaluate(oracle(), some_reports, bootstrap=0, strip=True)
    assert some_reports == before
