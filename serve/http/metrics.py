"""Prometheus metrics. Labels come from closed sets; nothing says what a citizen wrote.

Kinds and topics are left out on purpose: small counts of denunciations would show who wrote when.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from nlp.domain import Answer, Refusal
from serve.batcher import QueueObserver

CONTENT_TYPE = CONTENT_TYPE_LATEST
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
_REQUEST_SECONDS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_PASS_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5)
_PASS_ITEMS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics(QueueObserver):
    """The metrics of one application; several applications in one process do not mix."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self._requests = Counter(
            "phananh_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._request_seconds = Histogram(
            "phananh_request_seconds",
            "Seconds from the first byte to the end of the answer.",
            ["route"],
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        self._items = Counter("phananh_items", "Items by outcome.", ["outcome"], registry=registry)
        self._waiting_items = Gauge(
            "phananh_queue_items", "Items waiting for the model.", registry=registry
        )
        self._waiting_characters = Gauge(
            "phananh_queue_characters", "Characters waiting for the model.", registry=registry
        )
        self._dropped = Counter(
            "phananh_dropped_items",
            "Items dropped because their caller went away.",
            registry=registry,
        )
        self._pass_items = Histogram(
            "phananh_batch_items", "Items of a model pass.", buckets=_PASS_ITEMS, registry=registry
        )
        self._pass_seconds = Histogram(
            "phananh_batch_seconds",
            "Seconds of a model pass.",
            buckets=_PASS_SECONDS,
            registry=registry,
        )
        self._ready = Gauge("phananh_ready", "1 when new calls are answered.", registry=registry)
        self._model = Gauge(
            "phananh_model_info", "The loaded model.", ["model_version"], registry=registry
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered (status 499: its caller went away)."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def answers(self, answers: Iterable[Answer]) -> None:
        """Count items as ``auto``, ``review`` or by the code of their refusal."""
        for answer in answers:
            outcome = answer.code if isinstance(answer, Refusal) else answer.decision.value
            self._items.labels(outcome).inc()

    def ready(self, model_version: str | None) -> None:
        """The model with this version answers; None: nothing answers any more."""
        self._ready.set(model_version is not None)
        if model_version is not None:
            self._model.labels(model_version).set(1)

    def waiting(self, items: int, characters: int) -> None:
        """So much is waiting now."""
        self._waiting_items.set(items)
        self._waiting_characters.set(characters)

    def answered(self, items: int, seconds: float) -> None:
        """A model pass ended."""
        self._pass_items.observe(items)
        self._pass_seconds.observe(seconds)

    def dropped(self, items: int) -> None:
        """A caller went away."""
        self._dropped.inc(items)

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)
