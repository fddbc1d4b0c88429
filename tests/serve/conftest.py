"""The service with a fake model: in process, and on a real socket."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from nlp.city import City
from serve.app import DrainingServer, create_app, listen
from serve.settings import Settings
from tests.fakes import FakePredictor, made_up_city


@pytest.fixture(scope="session")
def small_city() -> City:
    return made_up_city()


@pytest.fixture
def predictor(small_city) -> FakePredictor:
    return FakePredictor(small_city)


@pytest.fixture
def client_with(predictor) -> Iterator[Callable[..., TestClient]]:
    """A client of an application with the settings given."""
    with contextlib.ExitStack() as stack:

        def build(**settings: Any) -> TestClient:
            app = create_app(Settings(**settings), predictor)
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield build


@pytest.fixture
def client(client_with) -> TestClient:
    return client_with()


class LiveServer:
    """The application on a real socket, in a thread."""

    def __init__(self, app, settings: Settings) -> None:
        self.app = app
        self.listener = listen("127.0.0.1", 0)
        self.address = self.listener.getsockname()
        self.url = "http://{}:{}".format(*self.address)
        self.server = DrainingServer(app, settings)
        self.thread = threading.Thread(target=self.server.run, args=([self.listener],))

    def metric(self, name: str, **labels: str) -> float:
        value = self.app.state.service.metrics.registry.get_sample_value(name, labels)
        return value or 0.0

    def __enter__(self) -> LiveServer:
        self.thread.start()
        eventually(lambda: self.server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        self.thread.join(timeout=20)
        self.listener.close()
        assert not self.thread.is_alive()


@pytest.fixture
def live_with(predictor) -> Iterator[Callable[..., LiveServer]]:
    with contextlib.ExitStack() as stack:
        # Opened last in, first out: no call may hang in the model when the server stops.
        def build(**settings: Any) -> LiveServer:
            chosen = Settings(drain_grace_seconds=0, **settings)
            server = stack.enter_context(LiveServer(create_app(chosen, predictor), chosen))
            stack.callback(predictor.gate.set)
            return server

        yield build


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so that another thread brings about."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.005)


@pytest.fixture
def wait_until() -> Callable[..., None]:
    return eventually


def item(identifier: str = "1", text: str = "Rác dồn đống", **fields: object) -> dict[str, object]:
    return {"id": identifier, "text": text} | fields


@pytest.fixture
def make_item() -> Callable[..., dict[str, object]]:
    return item


@pytest.fixture
def post_items() -> Callable[..., httpx2.Response]:
    def post(client: httpx2.Client, *items: object, **members: object) -> httpx2.Response:
        return client.post("/v1/classify", json={"items": list(items)} | members)

    return post
