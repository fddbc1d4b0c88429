"""Wards and agencies are the city's data: they count in an answer as they stand there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from nlp.city import Agency
from nlp.domain import Place, Prediction, Report
from nlp.predictor import Predictor
from nlp.routing import OPEN_WARD

RUBBISH = "Rác thải sinh hoạt chất đống ở đầu ngõ hai tuần nay không ai thu gom."
WIRE = "Dây điện đứt rớt xuống đường, rất nguy hiểm cho học sinh đi học."
WARD = "19789"


def answer_of(predictor: Predictor, text: str, **more) -> Prediction:
    (answer,) = predictor.predict([Report("r", text, **more)])
    assert isinstance(answer, Prediction)
    return answer


# --- place


@pytest.fixture(scope="session")
def ward_predictor(manifest, pipeline, model, city, remembered):
    """One that always suggests a ward's office."""
    cases = {topic: {"ubnd-cap-xa": 1e6} for topic in manifest.topics}
    routing = replace(manifest.routing, similarity=0.0, cases=cases)
    known = replace(manifest, routing=routing)
    return Predictor(known, pipeline, model, city, remembered=remembered)


def lead_name(predictor: Predictor, text: str, **more) -> str:
    return answer_of(predictor, text, **more).agencies[0].name


def test_a_named_ward_names_its_office(ward_predictor):
    text = "Đèn tắt ở phường Thuận Hóa"
    answer = answer_of(ward_predictor, text)
    assert (answer.ward_code, answer.ward) == (WARD, "Phường Thuận Hóa")
    assert answer.agencies[0].name == "UBND phường Thuận Hóa"
    assert lead_name(ward_predictor, "Đèn tắt", place=Place(ward_code=WARD)).endswith("Thuận Hóa")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Đèn tắt", "agency depends on the ward, and none is named"),
        ("Đèn tắt ở phường Thuận Hòa hoặc phường Vỹ Dạ", "ward is ambiguous"),
    ],
)
def test_an_open_ward_stays_open_and_is_a_reason_to_look(ward_predictor, text, reason):
    answer = answer_of(ward_predictor, text)
    assert answer.ward is answer.ward_code is None
    assert answer.agencies[0].name == f"UBND {OPEN_WARD}"
    assert reason in answer.reasons


# --- the city is data


def test_an_agency_added_to_the_city_is_suggested_without_another_artifact(
    tiny_artifact, city, predictor
):
    clause = RUBBISH  # the nearest that a clause can be
    new = Agency("moi", "Đội mới", "ĐM", "city", (), (clause,))
    larger = replace(city, agencies={**city.agencies, new.id: new})
    lead = answer_of(Predictor.from_artifact(tiny_artifact, larger), clause).agencies[0]
    assert (lead.id, lead.because) == ("moi", clause)
    assert "moi" not in {each.id for each in answer_of(predictor, clause).agencies}


def test_a_clause_added_to_an_agency_counts_without_another_artifact(tiny_artifact, city):
    old = city.agencies["buu-dien"]
    changed = replace(old, mandate=(*old.mandate, WIRE))
    larger = replace(city, agencies={**city.agencies, old.id: changed})
    lead = answer_of(Predictor.from_artifact(tiny_artifact, larger), WIRE).agencies[0]
    assert (lead.id, lead.because) == ("buu-dien", WIRE)


def test_an_agency_that_no_longer_exists_is_not_suggested(
    manifest, pipeline, model, city, remembered, predictor
):
    first, later = (2026, 1, 31), (2026, 2, 1)
    lead = answer_of(predictor, RUBBISH).agencies[0].id
    closed = replace(city.agencies[lead], valid_from=None, valid_to=date(*first))
    smaller = replace(city, agencies={**city.agencies, lead: closed})
    for day, suggested in ((first, True), (later, False)):
        found = Predictor(
            manifest, pipeline, model, smaller, remembered=remembered, today=partial(date, *day)
        )
        assert (lead in {a.id for a in answer_of(found, RUBBISH).agencies}) is suggested
