"""What only a real socket and a real process show: hang-ups, overload, signals, refusal to start."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).parents[2]


def raw_call(identifier: str) -> bytes:
    body = json.dumps({"items": [{"id": identifier, "text": "Rác"}]}).encode()
    head = (
        "POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def test_work_of_callers_that_hung_up_is_dropped_before_the_model(live_with, predictor, wait_until):
    live = live_with()
    predictor.gate.clear()
    in_model = socket.create_connection(live.address)
    in_model.sendall(raw_call("in model"))
    assert predictor.entered.acquire(timeout=10)
    callers = [socket.create_connection(live.address) for _ in range(20)]
    for number, caller in enumerate(callers):
        caller.sendall(raw_call(f"gone {number}"))
    wait_until(lambda: live.metric("phananh_queue_items") == 20)
    for caller in callers:
        caller.close()
    wait_until(lambda: live.metric("phananh_dropped_items_total") == 20)
    assert live.metric("phananh_queue_items") == 0
    predictor.gate.set()
    assert in_model.recv(65_536).startswith(b"HTTP/1.1 200 ")
    in_model.close()
    assert predictor.calls == [["in model"]]
    labels = {"method": "POST", "route": "/v1/classify", "status": "499"}
    wait_until(lambda: live.metric("phananh_requests_total", **labels) == 20)


def test_a_full_queue_is_429_with_retry_after_and_the_others_are_answered(
    live_with, predictor, wait_until
):
    live = live_with(queue_items=2, max_items=2)
    predictor.gate.clear()

    def ask(number: int) -> httpx2.Response:
        items = [{"id": str(number), "text": "Rác"}]
        return httpx2.post(f"{live.url}/v1/classify", json={"items": items})

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(ask, 0)
        assert predictor.entered.acquire(timeout=10)
        waiting = [pool.submit(ask, number) for number in (1, 2)]
        wait_until(lambda: live.metric("phananh_queue_items") == 2)
        refused = ask(3)
        page = httpx2.post(live.url, data={"text": "Rác"})
        assert httpx2.get(f"{live.url}/livez").status_code == 200  # the loop is not blocked
        predictor.gate.set()
        assert [call.result().status_code for call in (first, *waiting)] == [200, 200, 200]
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert page.status_code == 429
    assert "quá nhiều người dùng" in page.text


def test_hung_up_in_the_middle_of_a_body_is_no_error(live_with, wait_until):
    live = live_with()
    with socket.create_connection(live.address) as caller:
        caller.sendall(raw_call("1")[:-5])
    labels = {"method": "POST", "route": "/v1/classify", "status": "499"}
    wait_until(lambda: live.metric("phananh_requests_total", **labels) == 1)


SERVE_FAKE = """
import sys
sys.path.insert(0, {root!r})
from serve.app import serve
from serve.settings import Settings
from tests.fakes import FakePredictor, made_up_city
predictor = FakePredictor(made_up_city())
if {slow!r}:
    answer = predictor.predict
    def predict(reports, *, explain=False):
        print("entered", flush=True)
        sys.stdin.readline()
        return answer(reports, explain=explain)
    predictor.predict = predict
serve(Settings(port=0, drain_grace_seconds={grace}), predictor)
print("served", flush=True)
"""


class Process:
    """The service as a process of its own, with its log lines."""

    def __init__(self, *, slow: bool = False, grace: float = 0) -> None:
        code = SERVE_FAKE.format(root=str(ROOT), slow=slow, grace=grace)
        self.process = subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.port = self.wait_for("listening")["port"]
        self.wait_for("ready")
        self.url = f"http://127.0.0.1:{self.port}"

    def wait_for(self, event: str) -> dict:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            record = json.loads(line)
            if record["event"] == event:
                return record
        raise AssertionError(f"ended before {event}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_call_in_progress_end_and_the_process_leave_with_0(number):
    with Process(slow=True) as service, ThreadPoolExecutor(1) as pool:
        items = [{"id": "1", "text": "Rác"}]
        call = pool.submit(httpx2.post, f"{service.url}/v1/classify", json={"items": items})
        assert service.process.stdout.readline() == "entered\n"
        service.process.send_signal(number)
        service.wait_for("draining")
        service.process.stdin.write("go on\n")
        service.process.stdin.flush()
        assert call.result().status_code == 200
        assert service.process.wait(timeout=15) == 0
        assert service.process.stdout.read() == "served\n"


def test_in_the_grace_it_is_not_ready_and_still_answers():
    with Process(grace=20) as service, httpx2.Client(base_url=service.url) as client:
        service.process.send_signal(signal.SIGTERM)
        service.wait_for("draining")
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
        items = {"items": [{"id": "1", "text": "Rác"}]}
        assert client.post("/v1/classify", json=items).status_code == 200
        service.process.send_signal(signal.SIGTERM)  # a second one ends the grace
        assert service.process.wait(timeout=15) == 0


REFUSE = """
import sys
sys.path.insert(0, {root!r})
from nlp.errors import ArtifactInvalid
from serve import app
from serve.settings import Settings
def load(settings):
    raise ArtifactInvalid("model.onnx: expected sha256 aaaa, got bbbb")
app.load_predictor = load
try:
    app.serve(Settings(port=0))
except ArtifactInvalid as error:
    sys.exit(error.message)
"""


def test_with_a_damaged_model_the_process_ends_and_says_which_file():
    ended = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", REFUSE.format(root=str(ROOT))],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert "model.onnx: expected sha256 aaaa, got bbbb" in ended.stderr.splitlines()[-1]
    events = [json.loads(line)["event"] for line in ended.stderr.splitlines()[:-1]]
    assert "start_failed" in events
    assert "ready" not in events


def test_a_taken_port_is_said_in_a_sentence(live_with):
    from nlp.errors import ListenFailed
    from serve.app import listen

    port = live_with().address[1]
    with pytest.raises(ListenFailed, match=re.escape(f"127.0.0.1 port {port}")):
        listen("127.0.0.1", port)
