"""What the routes share: the loaded model, its queue, and the phase of the process."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Annotated, Protocol

from fastapi import Depends
from starlette.requests import Request

from nlp.city import City
from nlp.domain import Answer, Report
from nlp.errors import PhanAnhError
from serve.batcher import Batcher, QueueLimits
from serve.http.metrics import Metrics
from serve.http.problems import NotReady
from serve.settings import Settings

log = logging.getLogger("phananh.service")


class Classifier(Protocol):
    """What the service needs of ``nlp.predictor.Predictor``; a fake has the same members."""

    @property
    def version(self) -> str:
        """Content hash of the model."""

    @property
    def city(self) -> City:
        """The city whose reports it reads."""

    def predict(self, reports: Sequence[Report], *, explain: bool = False) -> list[Answer]:
        """One answer for each report, in the same order."""

    def self_check(self) -> None:
        """ArtifactInvalid if a golden text is not answered as it must be."""


class Phase(enum.StrEnum):
    """Where the process is in its life; a phase never comes back."""

    STARTING = "starting"  # the model is being loaded
    READY = "ready"  # this model is loaded and a golden text passed
    DRAINING = "draining"  # told to stop; still answers, but wants no new callers
    CLOSED = "closed"  # ends the calls it has, takes no more
    FAILED = "failed"  # city or model could not be loaded


_REASONS = {
    Phase.STARTING: "The model is being loaded.",
    Phase.DRAINING: "The service is stopping.",
    Phase.CLOSED: "The service is stopping.",
    Phase.FAILED: "The model could not be loaded.",
}


class Service:
    """One loaded model behind a bounded queue. Created before the loop, started inside it."""

    def __init__(self, settings: Settings, load: Callable[[], Classifier]) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.phase = Phase.STARTING
        self.failure: Exception | None = None
        self.on_failure: Callable[[], None] = lambda: None
        self._load = load
        self._model: Classifier | None = None
        self._batcher: Batcher | None = None

    async def start(self) -> None:
        """Load and check the model beside the event loop. A failure is kept, not raised."""
        started = perf_counter()
        try:
            model = await asyncio.to_thread(self._load)
            await asyncio.to_thread(model.self_check)
        except Exception as error:
            self._fail(error)
            return
        self._batcher = Batcher(model.predict, _limits(self.settings), self.metrics)
        self._model = model
        if self.phase is Phase.STARTING:  # told to stop meanwhile: stay so
            self.phase = Phase.READY
        self.metrics.ready(model.version)
        seconds = round(perf_counter() - started, 3)
        log.info("ready", extra={"fields": {"model_version": model.version, "seconds": seconds}})

    def drain(self) -> None:
        """Say "not ready" from now on, and go on answering."""
        if self.phase in (Phase.STARTING, Phase.READY):
            self.phase = Phase.DRAINING
            self.metrics.ready(None)
            log.info("draining")

    def refuse(self) -> None:
        """Take no new calls; those in progress go on."""
        self.drain()
        if self.phase is not Phase.FAILED:
            self.phase = Phase.CLOSED

    async def close(self) -> None:
        """Stop the worker thread."""
        self.refuse()
        if self._batcher is not None:
            await self._batcher.close()
        log.info("stopped")

    @property
    def draining(self) -> bool:
        """Whether the process was told to stop."""
        return self.phase in (Phase.DRAINING, Phase.CLOSED)

    def check_ready(self) -> Classifier:
        """The model, if new callers are welcome; NotReady with the reason otherwise."""
        if self.phase is not Phase.READY:
            raise NotReady(_REASONS[self.phase])
        return self.model

    @property
    def model(self) -> Classifier:
        """The model, if calls are still answered; NotReady otherwise."""
        if self._model is None or self.phase not in (Phase.READY, Phase.DRAINING):
            raise NotReady(_REASONS.get(self.phase, _REASONS[Phase.STARTING]))
        return self._model

    @property
    def queue(self) -> Batcher:
        """The queue before the model; NotReady like ``model``."""
        if self._batcher is None or self.phase not in (Phase.READY, Phase.DRAINING):
            raise NotReady(_REASONS.get(self.phase, _REASONS[Phase.STARTING]))
        return self._batcher

    def _fail(self, error: Exception) -> None:
        self.failure = error
        self.phase = Phase.FAILED
        # Errors of ours name a file and a checksum; a foreign one may say anything.
        reason = error.message if isinstance(error, PhanAnhError) else ""
        fields = {"error": type(error).__name__, "reason": reason}
        log.error("start_failed", extra={"fields": fields})
        self.on_failure()


def _limits(settings: Settings) -> QueueLimits:
    return QueueLimits(
        items=settings.queue_items,
        characters=settings.queue_characters,
        batch_items=settings.batch_items,
        window_seconds=settings.batch_window_ms / 1000,
        share=settings.micro_batching,
    )


async def get_service(request: Request) -> Service:
    """The service of the application that got this request."""
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(get_service)]
