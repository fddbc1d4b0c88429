"""POST /v1/classify: many reports in, as many answers out, nothing stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from nlp.city import City
from nlp.domain import Answer, Refusal, Report
from nlp.errors import PhanAnhError, TextTooLong, WardUnknown
from nlp.items import SeenIds, answer_to_json, item_id, parse_item
from serve.http.body import read_json
from serve.http.openapi import CLASSIFY
from serve.http.problems import CallInvalid
from serve.http.service import Service, ServiceDep

router = APIRouter()

T = TypeVar("T")

#: Calls with more items are parsed and answered in a thread, so that others are not held up.
_FEW_ITEMS = 16


@dataclass(frozen=True)
class Call:
    """A call whose shape is right; its items are not looked at yet."""

    items: list[object]
    explain: bool


@router.post("/v1/classify", **CLASSIFY)
async def classify(request: Request, service: ServiceDep) -> Response:
    """Read citizens' reports: kind, topic, urgency, responsible agencies, place. Nothing is stored.

    One result for each item, in the same order. An item that can't be answered gets an `error` in
    its place and does not touch the others.
    """
    model = service.model
    value = await read_json(request, service.settings.body_timeout_seconds)
    call = parse_call(value, service.settings.max_items)
    request.state.items = len(call.items)
    request.state.model_version = model.version
    answers = await while_connected(request, answer_items(service, call.items, call.explain))
    content = await _beside(len(answers), encode_answers, answers)
    return Response(content, media_type="application/json")


def parse_call(value: object, max_items: int) -> Call:
    """Check the envelope ``{"items": [...], "explain": false}``; CallInvalid names the field."""
    if not isinstance(value, dict):
        raise CallInvalid("body", "an object with items")
    if value.keys() - {"items", "explain"}:
        raise CallInvalid("body", "no fields but items and explain")
    items = value.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= max_items:
        raise CallInvalid("items", f"an array of 1 to {max_items} items")
    explain = value.get("explain", False)
    if not isinstance(explain, bool):
        raise CallInvalid("explain", "true or false")
    return Call(items, explain)


async def answer_items(service: Service, items: Sequence[object], explain: bool) -> list[Answer]:
    """One answer for each item, in the same order; nothing but reports reaches the model."""
    city = service.model.city
    limit = service.settings.max_text_characters
    admitted = await _beside(len(items), admit, items, city, limit)
    reports = [entry for entry in admitted if isinstance(entry, Report)]
    predicted = iter(await service.queue.answer(reports, explain=explain))
    answers = [next(predicted) if isinstance(entry, Report) else entry for entry in admitted]
    service.metrics.answers(answers)
    return answers


def admit(items: Sequence[object], city: City, max_characters: int) -> list[Report | Refusal]:
    """A report for each item that may go to the model, a refusal for each that may not."""
    seen = SeenIds()
    return [_admit_one(item, index, seen, city, max_characters) for index, item in enumerate(items)]


def _admit_one(
    item: object, index: int, seen: SeenIds, city: City, max_characters: int
) -> Report | Refusal:
    identifier = item_id(item)
    try:
        if identifier:
            seen.add(identifier)  # also where the item is bad: an id names one result
        report = parse_item(item, index=index)
        _check_report(report, city, max_characters)
    except PhanAnhError as error:
        return Refusal(identifier, error.code, error.message)
    return report


def _check_report(report: Report, city: City, max_characters: int) -> None:
    characters = len(report.text) + len(report.title)
    if characters > max_characters:
        raise TextTooLong(
            f"text: expected at most {max_characters} characters with its title, got {characters}"
        )
    code = report.place.ward_code
    if code is not None and code not in city.gazetteer.by_code:
        raise WardUnknown("place.ward_code: expected the code of a present ward")


def encode_answers(answers: Sequence[Answer]) -> bytes:
    """The body of the answer."""
    results = {"results": [answer_to_json(answer) for answer in answers]}
    # A lone surrogate that got this far becomes its JSON escape rather than an error.
    return json.dumps(results, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, which is cancelled as soon as the caller hangs up."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_caller_gone(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _caller_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass  # the body is read already; nothing else should come


async def _beside(items: int, work: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401
    """``work(*arguments)``, in a thread if there is much of it."""
    if items > _FEW_ITEMS:
        return await run_in_threadpool(work, *arguments)
    return work(*arguments)
