"""Pictures are drawn whatever the answers were."""

from __future__ import annotations

import pytest

from nlp.domain import Decision
from training.evaluation import evaluate
from training.pictures import CONFUSION, RELIABILITY, RISK_COVERAGE, draw

PNG = b"\x89PNG"


def drawn(evaluation, folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in draw(evaluation, folder)}


def test_three_pictures_are_drawn(oracle, some_reports, tmp_path):
    evaluation = evaluate(oracle(), some_reports, bootstrap=0)
    found = drawn(evaluation, tmp_path / "new")
    assert set(found) == {CONFUSION, RELIABILITY, RISK_COVERAGE}
    assert all(content.startswith(PNG) for content in found.values())


@pytest.mark.parametrize("refused", [1, 24])
def test_refusals_do_not_stop_the_drawing(oracle, some_reports, tmp_path, refused):
    ids = frozenset(report.id for report in some_reports[:refused])
    evaluation = evaluate(oracle(refused=ids), some_reports, bootstrap=0)
    assert len(drawn(evaluation, tmp_path)) == 3


def test_an_empty_set_is_drawn_too(oracle, tmp_path):
    assert len(drawn(evaluate(oracle([]), [], bootstrap=0), tmp_path)) == 3


def test_what_goes_to_review_changes_the_picture_of_risk(oracle, some_reports, tmp_path):
    changes = {report.id: {"decision": Decision.REVIEW} for report in some_reports}
    automatic = drawn(evaluate(oracle(), some_reports, bootstrap=0), tmp_path)
    reviewed = drawn(evaluate(oracle(changes=changes), some_reports, bootstrap=0), tmp_path)
    assert automatic[RISK_COVERAGE] != reviewed[RISK_COVERAGE]
    assert automatic[CONFUSION] == reviewed[CONFUSION]
