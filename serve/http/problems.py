"""Errors as RFC 9457 problem+json: stable codes, never a citizen's text. One table of statuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from nlp.errors import JsonInvalid, PhanAnhError
from serve.batcher import QueueClosed, QueueFull

MEDIA_TYPE = "application/problem+json"


class BodyTooLarge(PhanAnhError):
    """The body is larger than this service accepts."""

    code = "body_too_large"


class BodyTooSlow(PhanAnhError):
    """The body did not arrive in time."""

    code = "body_too_slow"


class MediaTypeUnsupported(PhanAnhError):
    """The content type or encoding of the body is not accepted here."""

    code = "media_type_unsupported"


class CallInvalid(PhanAnhError):
    """A field of the call has a wrong type or value."""

    code = "call_invalid"

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field
        self.expected = expected


class NotReady(PhanAnhError):
    """The service is starting or stopping: try again after the time named."""

    code = "not_ready"
    retry_after = 1


STATUS: Mapping[type[PhanAnhError], int] = {
    JsonInvalid: 400,
    BodyTooSlow: 408,
    BodyTooLarge: 413,
    MediaTypeUnsupported: 415,
    CallInvalid: 422,
    QueueFull: 429,
    NotReady: 503,
    QueueClosed: 503,
}

#: Codes of what the framework refuses by itself.
_CODES = {404: "not_found", 405: "method_not_allowed"}


def status_of(error: PhanAnhError) -> int:
    """The HTTP status of an error; 500 for one that has no business at this edge."""
    return STATUS.get(type(error), 500)


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Response:
    """A problem+json answer; ``members`` are further fields, e.g. ``errors``."""
    body = {
        "type": f"urn:phananh:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **members,
    }
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(content, status, dict(headers or {}), MEDIA_TYPE)


def problem_of(error: PhanAnhError) -> Response:
    """The answer to an error of ours."""
    status = status_of(error)
    if status == 500:
        return internal_problem()
    headers = {}
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    members: dict[str, object] = {}
    if isinstance(error, CallInvalid):
        members["errors"] = [{"field": error.field, "expected": error.expected}]
    return problem_response(status, error.code, error.message, headers=headers, **members)


def internal_problem() -> Response:
    """The answer when something is broken here; says nothing about what."""
    return problem_response(500, "internal", "Something went wrong here; it was logged.")


async def on_error(_request: Request, error: Exception) -> Response:
    """Exception handler for every ``PhanAnhError``."""
    return problem_of(error) if isinstance(error, PhanAnhError) else internal_problem()


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """Exception handler for what Starlette itself refuses, e.g. an unknown path."""
    if not isinstance(error, HTTPException):
        return internal_problem()
    status = error.status_code
    code = _CODES.get(status, f"http_{status}")
    response = problem_response(status, code, f"{HTTPStatus(status).phrase}.")
    MutableHeaders(raw=response.raw_headers).update(error.headers or {})
    return response


async def on_validation_error(_request: Request, _error: Exception) -> Response:
    """Exception handler for parameters the framework refuses; the value is not repeated."""
    return problem_response(422, CallInvalid.code, "A parameter has a wrong type or value.")
