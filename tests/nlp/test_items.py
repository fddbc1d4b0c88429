"""What an item may be, and what an answer looks like."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.domain import (
    AgencySuggestion,
    Channel,
    Decision,
    Evidence,
    Kind,
    Place,
    Prediction,
    Refusal,
    Report,
    TopicAlternative,
    Urgency,
)
from nlp.errors import DuplicateId, ItemInvalid, PhanAnhError
from nlp.items import SeenIds, answer_to_json, check_distinct, item_id, parse_item, strict_json

CITIZEN = "Nguyễn Văn Bí Mật"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
#: Objects that come close to an item, with any value in any field.
near_items = st.fixed_dictionaries(
    {},
    optional={
        "id": json_values | st.just("pa-1"),
        "text": json_values | st.just("x"),
        "title": json_values,
        "channel": json_values | st.sampled_from([*Channel]),
        "sent_at": json_values | st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
        "place": json_values
        | st.dictionaries(
            st.sampled_from(["ward_code", "ward", "address", "lat", "lon", "other"]), json_values
        ),
    },
)


def item(**fields: object) -> dict[str, object]:
    return {"id": "pa-1", "text": "Đèn đường hỏng"} | fields


# ---------------------------------------------------------------------------------------- items


@given(json_values | near_items)
def test_any_json_value_is_a_report_or_a_refusal(value: object) -> None:
    with contextlib.suppress(PhanAnhError):
        assert parse_item(value).id == item_id(value)


@given(json_values | near_items)
def test_the_id_to_answer_under_can_always_be_written(value: object) -> None:
    identifier = item_id(value)
    identifier.encode()
    assert identifier == "" or identifier == value["id"]  # type: ignore[index]


def test_a_full_item_becomes_a_report() -> None:
    report = parse_item(
        item(
            title="Đèn",
            place={
                "ward_code": "19789",
                "ward": "Phú Hội",
                "address": "5 Bến Nghé",
                "lat": 16,
                "lon": 107.5,
            },
            channel="zalo",
            sent_at="2026-04-30T15:17:00.5+07:00",
        )
    )
    assert report.place == Place("19789", "Phú Hội", "5 Bến Nghé", 16.0, 107.5)
    assert report.channel is Channel.ZALO
    assert report.sent_at is not None
    assert report.sent_at.utcoffset() == timedelta(hours=7)


def test_id_and_text_are_enough() -> None:
    assert parse_item(item()) == Report(id="pa-1", text="Đèn đường hỏng")


def test_null_stands_for_an_optional_field_that_is_not_given() -> None:
    empty = dict.fromkeys(("title", "place", "channel", "sent_at"))
    assert parse_item(item(**empty)) == parse_item(
        item(place=dict.fromkeys(("ward", "lat", "lon")))
    )


def test_keys_it_does_not_know_are_passed_over() -> None:
    labelled = item(topic="den-duong", urgency=2, ward=None, hard=None, unit_shown="Phường An Cựu")
    assert parse_item(labelled) == parse_item(item())


@pytest.mark.parametrize(
    ("fields", "expectation"),
    [
        ({"id": None}, "id: expected a string"),
        ({"id": 7}, "id: expected a string.*got a number"),
        ({"id": ""}, "id: expected"),
        ({"id": "  "}, "id: expected"),
        ({"id": "x" * 201}, "id: expected.* 200 "),
        ({"id": "a\nb"}, "id: expected"),
        ({"id": "\ud800"}, "id: expected"),
        ({"text": None}, "text: expected a string"),
        ({"text": ["a"]}, "text: expected a string, got an array"),
        ({"title": {}}, "title: expected a string, got an object"),
        ({"place": "Huế"}, "place: expected an object, got a string"),
        ({"place": {"ward": 1}}, r"place\.ward: expected a string"),
        ({"place": {"ward_code": 19789}}, r"place\.ward_code: expected a string, got a number"),
        ({"place": {"address": "x" * 501}}, r"place\.address: expected at most 500"),
        ({"place": {"ward": "\udfff"}}, r"place\.ward: .*surrogate"),
        ({"place": {"lat": 16.4}}, "both lat and lon"),
        ({"place": {"lat": 90.1, "lon": 1}}, r"place\.lat: expected a number from -90 to 90"),
        ({"place": {"lat": 1, "lon": -181}}, r"place\.lon: .* -180 to 180"),
        ({"place": {"lat": True, "lon": 1}}, r"place\.lat: .*got a boolean"),
        ({"place": {"lat": "16.4", "lon": "107"}}, r"place\.lat: .*got a string"),
        ({"place": {"lat": float("nan"), "lon": 1}}, r"place\.lat"),
        ({"place": {"lat": 10**400, "lon": 1}}, r"place\.lat"),
        ({"channel": "fax"}, "channel: expected one of app, web"),
        ({"channel": ["app"]}, "channel: expected one of"),
        ({"sent_at": "2026-04-30T15:17:00"}, "sent_at: expected an RFC 3339 time"),
        ({"sent_at": "2026-04-30"}, "sent_at"),
        ({"sent_at": "20260430T151700Z"}, "sent_at"),
        ({"sent_at": "2026-W18-4T15:17:00Z"}, "sent_at"),
        ({"sent_at": "2026-02-30T15:17:00Z"}, "sent_at"),
        ({"sent_at": "2026-04-30T15:17:00+24:00"}, "sent_at"),
        ({"sent_at": "0001-01-01T00:00:00+14:00"}, "sent_at"),
        ({"sent_at": "９９９９-01-01T00:00:00Z"}, "sent_at"),
        ({"sent_at": 1777537020}, "sent_at"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_expected(
    fields: dict[str, object], expectation: str
) -> None:
    with pytest.raises(ItemInvalid, match=expectation):
        parse_item(item(**fields))


@pytest.mark.parametrize("value", ["2026-04-30T15:17:00Z", "2026-04-30t15:17:00z"])
def test_a_time_in_utc_is_aware(value: str) -> None:
    moment = parse_item(item(sent_at=value)).sent_at
    assert moment is not None
    assert moment.utcoffset() == timedelta(0)


def test_an_item_without_an_id_is_named_by_its_place_in_the_call() -> None:
    with pytest.raises(ItemInvalid, match="item 3: id"):
        parse_item({"text": "x"}, index=3)
    with pytest.raises(ItemInvalid, match="item 0: expected an object, got an array"):
        parse_item([], index=0)


@pytest.mark.parametrize("field", ["id", "text", "title", "place", "channel", "sent_at"])
def test_an_item_error_never_repeats_a_value(field: str) -> None:
    with pytest.raises(ItemInvalid) as refused:
        parse_item(item(**{field: {"ward": [CITIZEN]} if field == "place" else [CITIZEN]}))
    assert "Bí" not in refused.value.message


# ------------------------------------------------------------------------------------------ ids


def test_distinct_ids_pass() -> None:
    check_distinct(["a", "b", "A"])


def test_the_places_of_a_repeated_id_are_named() -> None:
    with pytest.raises(DuplicateId, match="items 1 and 3"):
        check_distinct(["a", "b", "c", "b"])


@given(st.lists(st.text()))
def test_a_seen_id_is_remembered(ids: list[str]) -> None:
    seen = SeenIds()
    known: set[str] = set()
    for identifier in ids:
        if identifier in known:
            with pytest.raises(DuplicateId):
                seen.add(identifier)
        else:
            seen.add(identifier)
        known.add(identifier)


# -------------------------------------------------------------------------------------- answers

PREDICTION = Prediction(
    id="pa-1",
    kind=Kind.PHAN_ANH,
    kind_probability=0.97,
    topic="den-duong",
    topic_group="dien-chieu-sang",
    topic_probability=0.91,
    topic_alternatives=(TopicAlternative("mat-dien-su-co", 0.05),),
    also=("cay-xanh",),
    urgency=Urgency.CAO,
    urgency_probability=0.72,
    call_now=False,
    agencies=(AgencySuggestion("a", "Cơ quan A", "lead", 0.83, "vận hành"),),
    ward=None,
    ward_code=None,
    ward_evidence="",
    ward_candidates=("1", "2"),
    restricted=False,
    decision=Decision.REVIEW,
    reasons=("close",),
    model_version="m",
    taxonomy_version="t",
    agencies_version="g",
)


def test_an_answer_has_the_keys_of_the_contract_in_their_order() -> None:
    answer = answer_to_json(PREDICTION)
    assert " ".join(answer) == (
        "id kind kind_probability topic topic_group topic_probability topic_alternatives also "
        "urgency urgency_probability call_now agencies ward ward_code ward_evidence "
        "ward_candidates restricted decision reasons model_version taxonomy_version "
        "agencies_version"
    )
    assert answer["urgency"] == "cao"
    assert answer["agencies"] == [
        {"id": "a", "name": "Cơ quan A", "role": "lead", "score": 0.83, "because": "vận hành"}
    ]
    assert answer["topic_alternatives"] == [{"topic": "mat-dien-su-co", "probability": 0.05}]


def test_an_answer_is_plain_json() -> None:
    answer = answer_to_json(PREDICTION)
    assert strict_json(json.dumps(answer, allow_nan=False)) == answer


def test_evidence_is_there_only_where_it_was_asked_for() -> None:
    assert "evidence" not in answer_to_json(PREDICTION)
    explained = replace(PREDICTION, evidence=(Evidence(0, 3, "Đèn", "topic", 0.4),))
    assert answer_to_json(explained)["evidence"] == [
        {"start": 0, "end": 3, "text": "Đèn", "moves": "topic", "weight": 0.4}
    ]
    assert answer_to_json(replace(PREDICTION, evidence=()))["evidence"] == []


def test_a_refusal_is_an_id_and_an_error() -> None:
    assert answer_to_json(Refusal("x", "text_empty", "The text is empty.")) == {
        "id": "x",
        "error": {"code": "text_empty", "message": "The text is empty."},
    }
