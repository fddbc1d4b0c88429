"""Reports of an evaluation: whole, valid, and without a word of any citizen."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from training.classes import DECISIONS, class_figures
from training.comparison import compare
from training.evaluation import evaluate
from training.markdown import to_markdown
from training.measures import MEASURES
from training.report import to_json, write_report

CITIZENS_WORDS = "bí mật của người dân"


@pytest.fixture
def evaluation(oracle, some_reports):
    reports = [replace(report, text=f"{CITIZENS_WORDS} {report.id}") for report in some_reports]
    changes = {"r-04": {"topic": "rac", "topic_group": "moi-truong"}}
    predictor = oracle(reports, changes=changes, refused=frozenset(["r-03"]))
    return evaluate(predictor, reports, bootstrap=20, strip=True, data="set/dev")


def test_json_holds_every_figure_of_every_slice_and_column(evaluation, tmp_path):
    write_report(evaluation, tmp_path / "new" / "folder")
    content = json.loads((tmp_path / "new" / "folder" / "evaluation.json").read_text("utf-8"))
    assert content["data"] == "set/dev"
    assert content["rows"] == 24
    assert content["model_version"] == "oracle-1"
    assert [column["name"] for column in content["columns"]] == ["as sent", "without accents"]
    for column in content["columns"]:
        assert column["slices"][0]["name"] == "all"
        for part in column["slices"]:
            assert set(part["figures"]) == {measure.name for measure in MEASURES}
        assert column["refused"] == [{"id": "r-03", "code": "text_refused"}]


def test_json_says_null_where_a_figure_cannot_be_computed(oracle, labelled):
    reports = [labelled()]
    content = to_json(evaluate(oracle(reports), reports, bootstrap=0))
    figures = content["columns"][0]["slices"][0]["figures"]
    assert figures["to_cao_recall"] == {"value": None, "low": None, "high": None}
    json.dumps(content, allow_nan=False)


def test_the_confusion_adds_up_to_all_reports(evaluation):
    for column in to_json(evaluation)["columns"]:
        for table in column["confusion"].values():
            assert sum(map(sum, table["counts"])) == 24
            assert sum(row[-1] for row in table["counts"]) == 1  # the refused one


def test_no_report_holds_a_citizens_words(evaluation, tmp_path):
    for path in write_report(evaluation, tmp_path, compare(evaluation, evaluation)):
        content = path.read_text("utf-8")
        assert CITIZENS_WORDS not in content
        assert "bi mat" not in content


def test_markdown_has_a_section_for_everything(evaluation):
    lines = to_markdown(evaluation, compare(evaluation, evaluation)).splitlines()
    sections = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert sections == [
        "At a glance",
        "Against the baseline",
        "Further figures",
        "Slices, as sent",
        "Slices, without accents",
        "Kinds",
        "Urgency",
        "Topic groups",
        "Topics",
        "Lead agencies",
        "Refused, as sent",
        "Refused, without accents",
    ]


def test_markdown_tables_have_as_many_cells_in_every_line(evaluation):
    text = to_markdown(evaluation, compare(evaluation, evaluation))
    tables = [part for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) == 12
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_markdown_leaves_out_what_there_is_not(oracle, some_reports):
    text = to_markdown(evaluate(oracle(), some_reports, bootstrap=0))
    assert "Refused" not in text
    assert "Against the baseline" not in text
    assert "without accents" not in text


def test_classes_bear_the_names_that_people_read(evaluation, small_city):
    text = to_markdown(evaluation)
    assert "| `rac` | Lĩnh vực rac | 8 |" in text
    assert "| `dien-luc` | Cơ quan dien-luc | 6 |" in text


def test_figures_of_a_class_worked_by_hand(evaluation, small_city):
    topics = next(decided for decided in DECISIONS if decided.name == "topic")
    outcomes = evaluation.columns[0].outcomes
    figures = {each.name: each for each in class_figures(topics, outcomes, small_city)}
    # r-04 is of day-dien and was called rac; r-03 is of den and was refused.
    assert (figures["rac"].rows, figures["rac"].recall) == (8, 1)
    assert figures["rac"].precision == pytest.approx(8 / 9)
    assert figures["day-dien"].recall == pytest.approx(7 / 8)
    assert figures["den"].recall == pytest.approx(7 / 8)
    assert figures["den"].precision == 1


def test_classes_that_neither_occur_nor_are_answered_are_left_out(oracle, labelled, small_city):
    reports = [labelled()]
    outcomes = evaluate(oracle(reports), reports, bootstrap=0).columns[0].outcomes
    for decided in DECISIONS:
        assert len(class_figures(decided, outcomes, small_city)) == 1
