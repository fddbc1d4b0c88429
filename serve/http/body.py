"""Reads request bodies: bounded in time, of the right media type, strict UTF-8."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from nlp.items import strict_json
from serve.http.problems import BodyTooSlow, CallInvalid, MediaTypeUnsupported

#: Bodies above this size are parsed in a thread: 64 kB take about a millisecond.
_PARSE_BESIDE = 65_536
#: A form of the page has five fields.
_MAX_FORM_FIELDS = 16


async def read_json(request: Request, timeout_seconds: float) -> object:
    """The JSON value of the body.

    Raises:
        MediaTypeUnsupported: Not ``application/json`` in UTF-8, or compressed.
        JsonInvalid: Not one strict JSON value.
        BodyTooLarge, BodyTooSlow: As they say.
    """
    _check_media_type(request, "application/json")
    body = await _read(request, timeout_seconds)
    if len(body) > _PARSE_BESIDE:
        return await run_in_threadpool(strict_json, body)
    return strict_json(body)


async def read_form(request: Request, timeout_seconds: float) -> Mapping[str, str]:
    """The fields of an ``application/x-www-form-urlencoded`` body, line ends as ``\\n``."""
    _check_media_type(request, "application/x-www-form-urlencoded")
    body = await _read(request, timeout_seconds)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_FORM_FIELDS,
        )
    except ValueError:
        raise CallInvalid("form", "at most 16 fields, URL-encoded UTF-8") from None
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def _check_media_type(request: Request, expected: str) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != expected:
        raise MediaTypeUnsupported(f"content-type: expected {expected}")
    name, _, charset = parameters.partition("=")
    if name.strip().lower() == "charset" and charset.strip(' "').lower() not in ("utf-8", "utf8"):
        raise MediaTypeUnsupported("content-type: expected UTF-8")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaTypeUnsupported("content-encoding: expected none")


async def _read(request: Request, timeout_seconds: float) -> bytes:
    try:
        async with asyncio.timeout(timeout_seconds):
            return await request.body()
    except TimeoutError:
        raise BodyTooSlow(f"The body did not arrive within {timeout_seconds:g} seconds.") from None
