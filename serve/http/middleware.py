"""Around every request: its id, security headers, a log line, metrics, a bound on the body.

Plain ASGI on purpose: Starlette's ``BaseHTTPMiddleware`` hides from a handler that its caller has
gone, and work for nobody would run to its end.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.http.problems import BodyTooLarge, internal_problem, problem_of
from serve.http.service import Service

log = logging.getLogger("phananh.http")

#: Status under which a request is counted whose caller went away before the answer.
CALLER_GONE = 499

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
#: Its files are the same for everybody; the page asks for them with a hash.
STATIC_ROUTE = "/static"
#: A caller's own request id is kept if it looks like one; anything else could carry personal data.
_REQUEST_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.ASCII)


class Envelope:
    """Request id, headers, log line and metrics; the last fence for an error nobody expected."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            await self._app(scope, receive, exchange.send)
        except ClientDisconnect:
            pass  # nobody is left to answer; counted as CALLER_GONE
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # a panic in a Rust library is no Exception
            await self._broken(error, exchange, scope, receive)
        finally:
            self._record(exchange)

    async def _broken(
        self, error: BaseException, exchange: _Exchange, scope: Scope, receive: Receive
    ) -> None:
        # The class alone: the sentence of a foreign error may quote the text.
        fields = {"request_id": exchange.request_id, "error": type(error).__name__}
        log.error("unexpected_error", extra={"fields": fields})
        if not exchange.status:
            await internal_problem()(scope, receive, exchange.send)

    def _record(self, exchange: _Exchange) -> None:
        seconds = perf_counter() - exchange.started
        status = exchange.status or CALLER_GONE
        self._service.metrics.request(exchange.method, exchange.route, status, seconds)
        fields = {
            "request_id": exchange.request_id,
            "method": exchange.method,
            "route": exchange.route,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
        }
        log.info("request", extra={"fields": fields | exchange.noted})


class _Exchange:
    """One request and its answer, as far as they are logged."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.started = perf_counter()
        self.status = 0
        self.request_id = _request_id(Headers(scope=scope))
        self._state: dict[str, Any] = scope.setdefault("state", {})
        self._state["request_id"] = self.request_id

    @property
    def method(self) -> str:
        return str(self._scope["method"])

    @property
    def route(self) -> str:
        """The template of the path, never the path: a caller could write anything there."""
        template = getattr(self._scope.get("route"), "path", "")
        return template or self._scope.get("root_path") or "(none)"  # the latter of a mount

    @property
    def noted(self) -> dict[str, object]:
        """What the handler noted for the log."""
        names = ("items", "model_version")
        return {name: self._state[name] for name in names if name in self._state}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            if self.route == STATIC_ROUTE:
                headers.setdefault("cache-control", "public, max-age=3600")
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers["x-request-id"] = self.request_id
        await self._send(message)


class BodyLimit:
    """Counts the bytes of a body as they arrive, before anything reads or parses them."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or 413 as soon as its body is known to be too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced[:18]) > self._max_bytes:
            await problem_of(self._too_large())(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise self._too_large()
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body is too large: expected at most {self._max_bytes} bytes.")


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
