"""The start page: anyone types a report and sees how it is read. Nothing is stored.

Rendered here and complete without a script; the script of the page only saves a reload.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from nlp.domain import Answer, Channel, Prediction, Refusal
from nlp.errors import PhanAnhError
from serve.batcher import QueueClosed, QueueFull
from serve.http.body import read_form
from serve.http.classify import answer_items, while_connected
from serve.http.page_view import AnswerView, former_name, view_answer
from serve.http.page_words import Words, example_texts, words_for
from serve.http.problems import NotReady, status_of
from serve.http.service import Service, ServiceDep

router = APIRouter(include_in_schema=False)

_SERVE = Path(__file__).parents[1]
_SLUG = re.compile(r" ?\(`[^`]*`\)|`")
_ITEM_ID = "page"
#: The page's script says so; it keeps the definitions it has, which are most of the page.
_SCRIPT = "page.js"
#: Refusals that are about the text field; others stand above the form.
_OF_THE_WARD = frozenset({"ward_unknown"})


@dataclass(frozen=True)
class Form:
    """What the form holds; empty strings where nothing was given."""

    text: str = ""
    ward: str = ""
    channel: str = ""

    def as_item(self) -> dict[str, object]:
        """The item that is classified."""
        item: dict[str, object] = {"id": _ITEM_ID, "text": self.text}
        if self.ward:
            item["place"] = {"ward_code": self.ward}
        if self.channel:
            item["channel"] = self.channel
        return item


@dataclass(frozen=True)
class FieldError:
    """A sentence for the one who wrote, and the field it stands beside."""

    field: str  # "text", "ward" or "form"
    sentence: str


@router.get("/")
async def start_page(
    request: Request, service: ServiceDep, lang: str = "vi", example: str = ""
) -> Response:
    """The empty form, or one filled with an example."""
    words = words_for(lang)
    form = Form()
    texts = example_texts()
    if example.isdecimal() and int(example[:2]) < len(texts):
        form = Form(text=_fill(texts[int(example[:2])], service, words))
    return _page(request, service, words, form)


@router.post("/")
async def read_report(request: Request, service: ServiceDep) -> Response:
    """The form again, with the answer beside it."""
    fields = await read_form(request, service.settings.body_timeout_seconds)
    words = words_for(fields.get("lang"))
    form = Form(fields.get("text", ""), fields.get("ward", ""), fields.get("channel", ""))
    try:
        work = answer_items(service, [form.as_item()], explain=True)
        answer = (await while_connected(request, work))[0]
    except (QueueFull, QueueClosed, NotReady) as error:
        problem = FieldError("form", words.error(error.code))
        headers = {"retry-after": str(error.retry_after)}
        return _page(request, service, words, form, problem, None, status_of(error), headers)
    return _answer_page(request, service, words, form, answer)


def _answer_page(
    request: Request, service: Service, words: Words, form: Form, answer: Answer
) -> Response:
    request.state.items = 1
    if isinstance(answer, Refusal):
        field = "ward" if answer.code in _OF_THE_WARD else "text"
        problem = FieldError(field, words.error(answer.code))
        return _page(request, service, words, form, problem, status=422)
    return _page(request, service, words, form, answer=answer)


def _page(
    request: Request,
    service: Service,
    words: Words,
    form: Form,
    problem: FieldError | None = None,
    answer: Prediction | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    try:
        city = service.model.city
    except NotReady as error:
        content = _templates().get_template("starting.html").render(w=words, assets=_assets())
        return HTMLResponse(content, 503, {"retry-after": str(error.retry_after)})
    view: AnswerView | None = None
    if answer is not None:
        view = view_answer(answer, form.text, city, words)
    content = (
        _templates()
        .get_template("page.html")
        .render(
            w=words,
            city=city,
            form=form,
            problem=problem,
            view=view,
            examples=[_fill(text, service, words) for text in example_texts()],
            channels=list(Channel),
            wards=sorted(city.gazetteer.wards, key=lambda ward: ward.name),
            max_characters=service.settings.max_text_characters,
            definitions=request.headers.get("x-requested-with") != _SCRIPT,
            assets=_assets(),
        )
    )
    return HTMLResponse(content, status, headers)


def _fill(text: str, service: Service, words: Words) -> str:
    """An example with a place of this city in it."""
    try:
        name = former_name(service.model.city.gazetteer.wards)
    except PhanAnhError:
        name = ""
    return text.replace("{place}", f" ở {name[:1].lower()}{name[1:]}" if name else "")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_SERVE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = without_slugs
    return environment


def without_slugs(text: str) -> str:
    """A definition as people read it: without the slugs that the city's files put in brackets."""
    return _SLUG.sub("", text)


@cache
def _assets() -> str:
    """A short hash of the static files, so that a browser fetches them anew when they change."""
    files = sorted((_SERVE / "static").iterdir())
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
