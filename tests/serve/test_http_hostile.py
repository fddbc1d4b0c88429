"""Inputs that broke stock frameworks, each as a named regression."""

from __future__ import annotations

import json
import socket

import pytest

CANARY = "Nguyễn Thị Canary 0912345678"


def post(client, body: bytes, content_type: str = "application/json", **headers: str):
    return client.post(
        "/v1/classify", content=body, headers={"content-type": content_type} | headers
    )


def call(text: str) -> bytes:
    """A call with this JSON (not Python) string as its text."""
    return b'{"items": [{"id": "1", "text": ' + text.encode() + b"}]}"


def test_a_lone_surrogate_is_an_error_of_its_item(client):
    response = post(client, call('"Rác \\ud800"'))
    assert response.status_code == 200
    assert response.json()["results"][0]["error"]["code"] == "text_refused"


@pytest.mark.parametrize("field", ["id", "title", "channel", "sent_at"])
def test_a_lone_surrogate_anywhere_is_no_server_error(client, field):
    item = {"id": "1", "text": "Rác"} | {field: "\ud800"}
    response = post(client, json.dumps({"items": [item]}).encode())
    assert response.status_code == 200
    response.json()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000])
def test_numbers_that_json_does_not_have_are_400(client, number):
    response = post(client, f'{{"items": [{{"id": {number}, "text": "x"}}]}}'.encode())
    assert response.status_code == 400
    assert response.json()["code"] == "json_invalid"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"items": [{"id": "1", "text": "x"}]} x',
        b"\xef\xbb\xbf" + call('"x"'),
        call('"x"').decode().encode("utf-16"),
        b'{"items": [{"id": "1", "text": "\xff"}]}',
        b'{"items": [{"id": "1", "text": "\xed\xa0\x80"}]}',
        b'{"items": [{"id": "1", "id": "2", "text": "x"}]}',
        b'{"items": [], "items": [{"id": "1", "text": "x"}]}',
        b"[" * 100_000,
        b'{"items": ' + b"[" * 65 + b"]" * 65 + b"}",
        b'{"items": [{"id": "1", "text": "tab\there"}]}',
    ],
)
def test_bytes_that_readers_understand_differently_are_400(client, body):
    response = post(client, body)
    assert response.status_code == 400
    assert response.json()["code"] == "json_invalid"


def test_a_nul_in_a_text_is_no_server_error(client):
    assert post(client, call('"Rác \\u0000 đầy"')).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("text/plain", {}),
        ("application/x-www-form-urlencoded", {}),
        ("application/json; charset=utf-16", {}),
        ("application/json", {"content-encoding": "gzip"}),
    ],
)
def test_another_media_type_is_415(client, content_type, headers):
    response = post(client, call('"x"'), content_type, **headers)
    assert response.status_code == 415
    assert response.json()["code"] == "media_type_unsupported"


def test_a_body_above_the_limit_is_413_and_one_at_the_limit_is_not(client_with):
    client = client_with(max_body_bytes=1_000)
    empty = len(call('""'))
    assert post(client, call('"' + "a" * (1_000 - empty) + '"')).status_code == 200
    response = post(client, call('"' + "a" * (1_001 - empty) + '"'))
    assert response.status_code == 413
    assert response.json()["code"] == "body_too_large"


def test_a_chunked_body_without_a_length_is_cut_off_at_the_limit(live_with):
    live = live_with(max_body_bytes=100_000)
    with socket.create_connection(live.address, timeout=10) as connection:
        connection.sendall(
            b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
        for _ in range(3):  # never ended by the last chunk
            connection.sendall(chunk)
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"body_too_large" in answer


def test_a_body_that_does_not_arrive_is_408(live_with):
    live = live_with(body_timeout_seconds=0.05)
    with socket.create_connection(live.address, timeout=10) as connection:
        connection.sendall(
            b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "body",
    [
        [CANARY],
        {"items": CANARY},
        {CANARY: []},
        {"items": [{"id": "1", "text": "x"}], "explain": CANARY},
        {"items": [{"id": "1", "text": "x"}], CANARY: 1},
        {"items": [{"id": "1", "text": [CANARY]}]},
        {"items": [{"id": [CANARY], "text": "x"}]},
        {"items": [{"id": "1", "text": "x", "channel": CANARY}]},
        {"items": [{"id": "1", "text": "x", "sent_at": CANARY}]},
        {"items": [{"id": "1", "text": "x", "place": CANARY}]},
        {"items": [{"id": "1", "text": "x", "place": {"ward_code": CANARY}}]},
        {"items": [{"id": "1", "text": "x", "place": {"lat": CANARY}}]},
        {"items": [{"id": "1", "text": f"boom {CANARY}"}]},
        {"items": [{"id": "1", "text": f"panic {CANARY}"}]},
    ],
)
def test_no_error_and_no_log_line_repeats_what_was_sent(client, caplog, body):
    caplog.set_level("DEBUG")
    response = post(client, json.dumps(body).encode())
    assert "Canary" not in response.text
    assert "0912345678" not in response.text
    assert "Canary" not in "".join(f"{record.__dict__}" for record in caplog.records)


def test_an_unknown_path_is_a_problem_that_does_not_repeat_it(client):
    response = client.get(f"/v1/{CANARY}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert "Canary" not in response.text


def test_a_wrong_method_is_a_problem_that_names_the_right_one(client):
    response = client.get("/v1/classify")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("error", [RuntimeError(CANARY), KeyError(CANARY), BaseException(CANARY)])
def test_an_unexpected_error_is_a_500_problem_without_its_words(client, monkeypatch, caplog, error):
    def broken(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("serve.http.classify.parse_call", broken)
    response = post(client, call('"x"'))
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "Canary" not in response.text + caplog.text
