"""Health, catalogue, headers, metrics, the OpenAPI document, log lines."""

from __future__ import annotations

import io
import json
import logging
import re
import threading

import pytest
from starlette.testclient import TestClient

from nlp.errors import ArtifactInvalid
from serve import app as app_module
from serve.app import create_app
from serve.http.logs import JsonLines
from serve.settings import Settings


def test_ready_names_what_is_loaded(client):
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "model_version": "fake-0123456789ab",
        "taxonomy_version": "t-1",
        "agencies_version": "a-1",
    }


def test_while_the_model_loads_the_process_is_alive_and_not_ready(
    monkeypatch, predictor, wait_until
):
    loaded = threading.Event()

    def load(_settings):
        assert loaded.wait(timeout=10)
        return predictor

    monkeypatch.setattr(app_module, "load_predictor", load)
    with TestClient(create_app(Settings())) as client:
        assert client.get("/livez").json() == {"status": "alive"}
        for path in ("/readyz", "/v1/taxonomy", "/v1/agencies", "/v1/models/current"):
            response = client.get(path)
            assert (response.status_code, response.json()["code"]) == (503, "not_ready")
            assert int(response.headers["retry-after"]) >= 1
        response = client.post("/v1/classify", json={"items": [{"id": "1", "text": "x"}]})
        assert response.status_code == 503
        page = client.get("/")
        assert page.status_code == 503
        assert "đang khởi động" in page.text
        loaded.set()
        wait_until(lambda: client.get("/readyz").status_code == 200)


@pytest.mark.parametrize(
    "error", [ArtifactInvalid("model.onnx: sha256 differs"), RuntimeError("secret")]
)
def test_a_model_that_fails_its_golden_text_is_never_ready(predictor, wait_until, error):
    def fail():
        raise error

    predictor.self_check = fail
    app = create_app(Settings(), predictor)
    with TestClient(app) as client:
        wait_until(lambda: app.state.service.failure is error)
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["detail"] == "The model could not be loaded."
        assert client.get("/livez").status_code == 200


def test_the_taxonomy_lists_every_label_and_ward(client, small_city):
    body = client.get("/v1/taxonomy").json()
    assert body["version"] == "t-1"
    assert [topic["slug"] for group in body["groups"] for topic in group["topics"]] == list(
        small_city.taxonomy.topics
    )
    assert [level["slug"] for level in body["urgency_levels"]] == [
        "khan-cap",
        "cao",
        "binh-thuong",
        "thap",
    ]
    assert body["wards"][0] == {
        "code": "1",
        "name": "Phường An",
        "former": [{"name": "Phường Cũ", "district": "Quận Một"}],
    }


def test_the_agencies_come_with_their_mandates(client):
    body = client.get("/v1/agencies").json()
    assert body["version"] == "a-1"
    assert body["agencies"][3]["mandate"] == ["Chữa cháy."]
    assert body["agencies"][3]["call"] == "114"


def test_the_current_model_says_how_much_a_call_may_hold(client):
    body = client.get("/v1/models/current").json()
    assert body["limits"]["max_items"] == 256
    assert body["model_version"] == "fake-0123456789ab"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/livez"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("GET", "/static/page.css"),
        ("GET", "/nowhere"),
        ("GET", "/v1/classify"),
        ("POST", "/v1/classify"),
        ("POST", "/"),
    ],
)
def test_every_answer_carries_the_security_headers(client, method, path):
    headers = client.request(method, path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    expected = "public, max-age=3600" if path.startswith("/static") else "no-store"
    assert headers["cache-control"] == expected


def test_a_request_id_is_kept_if_it_is_one_and_replaced_otherwise(client):
    given = "0b1e0c5e-1111-4222-8333-444455556666"
    assert client.get("/livez", headers={"x-request-id": given}).headers["x-request-id"] == given
    other = client.get("/livez", headers={"x-request-id": "0912345678"}).headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", other)


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_no_page_loads_scripts_from_elsewhere(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/livez/", "/v1/classify/", "/static", "/static/../settings.py"])
def test_nothing_is_redirected_or_found_by_a_crooked_path(client, path):
    assert client.get(path, follow_redirects=False).status_code == 404


def test_the_openapi_document_describes_the_calls_in_vietnamese(client):
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    classify = document["paths"]["/v1/classify"]["post"]
    example = classify["requestBody"]["content"]["application/json"]["example"]
    assert "Đèn đường" in example["items"][0]["text"]
    assert set(classify["responses"]) == {
        "200", "400", "408", "413", "415", "422", "429", "503"
    }  # fmt: skip
    assert set(document["paths"]) == {
        "/v1/classify",
        "/v1/taxonomy",
        "/v1/agencies",
        "/v1/models/current",
        "/livez",
        "/readyz",
        "/metrics",
    }
    known = document["components"]["schemas"]
    for name in re.findall(r"#/components/schemas/(\w+)", json.dumps(document)):
        assert name in known


def test_the_examples_of_the_document_are_true(client):
    from serve.http.contract import ClassifyAnswer, ClassifyCall

    classify = client.get("/openapi.json").json()["paths"]["/v1/classify"]["post"]
    call = classify["requestBody"]["content"]["application/json"]["example"]
    ClassifyCall.model_validate(call)
    answer = classify["responses"]["200"]["content"]["application/json"]["example"]
    ClassifyAnswer.model_validate(answer)
    assert client.post("/v1/classify", json=call).status_code == 200


def test_metrics_count_requests_and_outcomes_and_hold_no_text(client, post_items, make_item):
    post_items(client, make_item("canary-id", "Rác canary-text"), make_item("2", " "))
    client.request("BREW", "/canary-path")
    text = client.get("/metrics").text
    assert 'phananh_items_total{outcome="auto"} 1.0' in text
    assert 'phananh_items_total{outcome="text_empty"} 1.0' in text
    assert 'phananh_requests_total{method="POST",route="/v1/classify",status="200"} 1.0' in text
    assert 'method="other",route="(none)"' in text
    assert "phananh_queue_items 0.0" in text
    assert 'phananh_model_info{model_version="fake-0123456789ab"} 1.0' in text
    assert "canary" not in text


def test_a_log_line_is_json_and_holds_allowed_fields_only(client, caplog, post_items, make_item):
    caplog.set_level("INFO")
    post_items(client, make_item("canary", "Rác\ncanary"))
    record = next(record for record in caplog.records if record.msg == "request")
    line = json.loads(JsonLines().format(record))
    assert line["route"] == "/v1/classify"
    assert line["status"] == 200
    assert line["items"] == 1
    assert line["model_version"] == "fake-0123456789ab"
    assert set(line) == {
        "time", "level", "event", "request_id", "method", "route", "status", "milliseconds",
        "items", "model_version",
    }  # fmt: skip


def test_a_foreign_log_record_loses_its_arguments_and_its_traceback():
    stream = io.StringIO()
    logger = logging.getLogger("somebody.else")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    logger.propagate = False
    try:
        raise ValueError("canary")
    except ValueError:
        logger.exception("bad value %s", "canary", extra={"fields": {"text": "canary"}})
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
    line = json.loads(stream.getvalue())
    assert line["event"] == "bad value %s"
    assert line["error"] == "ValueError"
    assert "canary" not in stream.getvalue()
