from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serve.http.contract import ClassifyAnswer


def test_results_come_in_the_order_of_the_items(client, post_items, make_item):
    items = [make_item(str(n), "Rác " * (40 - n)) for n in range(40)]
    response = post_items(client, *items)
    assert response.status_code == 200
    assert [result["id"] for result in response.json()["results"]] == [str(n) for n in range(40)]


def test_an_answer_has_the_shape_of_the_contract(client, post_items, make_item):
    response = post_items(client, make_item(text="Có dây điện đứt"), make_item("2", " "))
    ClassifyAnswer.model_validate(response.json())
    assert list(response.json()["results"][0])[:4] == ["id", "kind", "kind_probability", "topic"]


def test_evidence_is_there_only_where_it_is_asked_for(client, post_items, make_item):
    plain = post_items(client, make_item(text="dây điện")).json()["results"][0]
    explained = post_items(client, make_item(text="dây điện"), explain=True).json()["results"][0]
    assert "evidence" not in plain
    assert explained["evidence"][0]["text"] == "dây điện"


def test_each_later_duplicate_is_refused_and_the_first_is_answered(client, post_items, make_item):
    items = [make_item("a"), make_item("b"), make_item("a"), make_item("a")]
    results = post_items(client, *items).json()["results"]
    assert ["error" in result for result in results] == [False, False, True, True]
    assert results[2]["error"]["code"] == "duplicate_id"


def test_an_unknown_ward_code_is_an_error_of_its_item_alone(client, post_items, make_item):
    known, unknown = {"ward_code": "2"}, {"ward_code": "99"}
    results = post_items(client, make_item(place=known), make_item("2", place=unknown)).json()
    assert results["results"][0]["ward"] == "Phường Bình"
    assert results["results"][1]["error"]["code"] == "ward_unknown"


def test_a_text_above_the_limit_is_an_error_of_its_item(client_with, post_items, make_item):
    client = client_with(max_text_characters=10)
    results = post_items(client, make_item(text="a" * 10), make_item("2", "a" * 11)).json()
    assert "error" not in results["results"][0]
    assert results["results"][1]["error"]["code"] == "text_too_long"


@pytest.mark.parametrize("bad", [None, 7, "text", [], {}, {"id": "2"}, {"id": 2, "text": "x"}])
def test_a_bad_item_does_not_touch_the_others(client, post_items, make_item, bad):
    response = post_items(client, make_item("1"), bad, make_item("3"))
    assert response.status_code == 200
    first, refused, third = response.json()["results"]
    assert refused["error"]["code"] == "item_invalid"
    assert (first["id"], third["id"]) == ("1", "3")


@pytest.mark.parametrize("word", ["boom", "panic"])
def test_a_text_that_breaks_the_model_harms_nobody_else(client, post_items, make_item, word):
    response = post_items(client, make_item("1"), make_item("2", word), make_item("3"))
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result.get("error", {}).get("code") for result in results] == [
        None,
        "inference_failed",
        None,
    ]


def test_a_strangers_bad_text_in_the_same_pass_changes_no_other_answer(live_with, predictor):
    import httpx2

    live = live_with(batch_window_ms=50)
    predictor.gate.clear()
    texts = ["Rác", "boom", "panic", "Có dây điện đứt", "hỏi giấy tờ"]

    def ask(number: int) -> dict:
        items = [{"id": str(number), "text": texts[number]}]
        return httpx2.post(f"{live.url}/v1/classify", json={"items": items}).json()["results"][0]

    with ThreadPoolExecutor(len(texts)) as pool:
        asked = [pool.submit(ask, number) for number in range(len(texts))]
        assert predictor.entered.acquire(timeout=10)
        predictor.gate.set()
        results = [future.result() for future in asked]
    assert [result["id"] for result in results] == ["0", "1", "2", "3", "4"]
    assert [result.get("topic") for result in results] == [
        "thu-gom-rac",
        None,
        None,
        "nguy-hiem-luoi-dien",
        "cu-tru-can-cuoc",
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ("x", "body"),
        ({}, "items"),
        ({"items": {}}, "items"),
        ({"items": []}, "items"),
        ({"items": [1] * 257}, "items"),
        ({"items": [{}], "explain": 1}, "explain"),
        ({"items": [{}], "explian": True}, "body"),
    ],
)
def test_a_wrong_call_is_422_and_names_the_field(client, body, field):
    response = client.post("/v1/classify", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "call_invalid"
    assert response.json()["errors"][0]["field"] == field


def test_the_largest_call_is_answered(client, post_items, make_item):
    response = post_items(client, *[make_item(str(n)) for n in range(256)])
    assert response.status_code == 200
    assert len(response.json()["results"]) == 256


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "text", "title", "place", "channel", "sent_at", "lat", "lon"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(items=st.lists(json_values, min_size=1, max_size=6))
def test_whatever_the_items_are_each_gets_one_result(client, items):
    response = client.post("/v1/classify", json={"items": items})
    assert response.status_code in (200, 400)  # 400: a number no double can hold
    if response.status_code == 200:
        assert len(response.json()["results"]) == len(items)
