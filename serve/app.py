"""The one composition root of the service, and the process that runs it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles

from nlp.errors import ListenFailed, PhanAnhError
from serve.http import catalogue, classify, health, page
from serve.http.logs import configure_logging
from serve.http.middleware import BodyLimit, Envelope
from serve.http.openapi import openapi_document
from serve.http.problems import on_error, on_http_exception, on_validation_error
from serve.http.service import Classifier, Service
from serve.settings import Settings

log = logging.getLogger("phananh.app")

STATIC = Path(__file__).parent / "static"


def create_app(settings: Settings, predictor: Classifier | None = None) -> FastAPI:
    """Wire the application.

    Args:
        settings: Limits and places.
        predictor: A model that is loaded already: the application is ready as soon as it has
            started. Without one, city and artifact named by the settings are loaded beside the
            event loop, so that /livez answers at once and /readyz says 503 until then.
    """
    service = Service(settings, lambda: predictor or load_predictor(settings))
    app = FastAPI(
        title="Phản Ánh",
        summary="Reads what citizens write to their city, in Vietnamese.",
        description="Kind, topic, urgency, responsible agencies and place of a report.",
        version=_version(),
        lifespan=_lifespan(service, wait=predictor is not None),
        docs_url=None,  # both pages would load scripts from a foreign host
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat the host that the caller named
        middleware=[
            Middleware(Envelope, service=service),
            Middleware(BodyLimit, max_bytes=settings.max_body_bytes),
        ],
        exception_handlers={
            PhanAnhError: on_error,
            HTTPException: on_http_exception,
            RequestValidationError: on_validation_error,
        },
    )
    app.state.service = service
    for routes in (classify, catalogue, health, page):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    return app


def load_predictor(settings: Settings) -> Classifier:
    """City and model named by the settings.

    Raises:
        CityDataInvalid, ArtifactInvalid: Name the file and what is wrong with it.
    """
    # Here and not above: a process that is given a model needs no ONNX Runtime.
    from corpora.city_files import load_city
    from nlp.predictor import Predictor
    from nlp.registry import served_artifact

    city = load_city(settings.city_folder, agencies=settings.agencies_file)
    folder = served_artifact(settings.model_folder)
    return Predictor.from_artifact(folder, city, threads=settings.threads)


def serve(settings: Settings, predictor: Classifier | None = None) -> None:
    """Run the service until SIGTERM or SIGINT; returns when the last call was answered.

    Raises:
        ListenFailed: The address is taken or not ours.
        CityDataInvalid, ArtifactInvalid: What was to be loaded is wrong; nothing was answered.
    """
    configure_logging(settings.log_level)
    with contextlib.closing(listen(settings.host, settings.port)) as listener:
        app = create_app(settings, predictor)
        DrainingServer(app, settings).run(sockets=[listener])
    failure: Exception | None = app.state.service.failure
    if failure is not None:
        raise failure


class DrainingServer(uvicorn.Server):
    """On SIGTERM: not ready at once, new calls answered for a grace, then the last ones; exit 0."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            lifespan="on",
            access_log=False,  # it would log addresses of callers
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=settings.drain_seconds,
        )
        super().__init__(config)
        self._service: Service = app.state.service
        self._service.on_failure = self.stop  # refuse to run without a model

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Run until told to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError, RuntimeError):  # only the main thread has signals
                loop.add_signal_handler(number, self.handle_exit, number, None)
        await self._serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came: SIGTERM once with grace, anything more at once."""
        del frame
        grace = self._service.settings.drain_grace_seconds
        first = not self._service.draining
        self._service.drain()
        if first and sig == signal.SIGTERM and grace > 0:
            asyncio.get_running_loop().call_later(grace, self.stop)
        else:
            self.force_exit = not first and sig == signal.SIGINT
            self.stop()

    def stop(self) -> None:
        """Take no new calls, end those in progress."""
        self._service.refuse()
        self.should_exit = True


def _lifespan(
    service: Service, *, wait: bool
) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        starting = asyncio.create_task(service.start())
        if wait:
            await starting
        try:
            yield
        finally:
            await starting  # a thread can't be stopped in the middle of loading
            await service.close()

    return lifespan


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. ListenFailed says why it can't be."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise ListenFailed(f"can't listen on {host} port {port}: {error.strerror}") from None
    fields = {"host": host, "port": listener.getsockname()[1]}
    log.info("listening", extra={"fields": fields})
    return listener


def _version() -> str:
    try:
        return importlib.metadata.version("phananh")
    except importlib.metadata.PackageNotFoundError:
        return "0"  # run from a source tree that is not installed
