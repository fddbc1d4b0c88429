"""The shapes of the HTTP interface, for its OpenAPI document and the tests that hold it to them.

Nothing is parsed or written with these at run time: ``nlp.items`` reads items and writes answers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from nlp.domain import Channel, Decision, Kind

Probability = Annotated[float, Field(ge=0, le=1)]
UrgencySlug = Literal["khan-cap", "cao", "binh-thuong", "thap"]


class Shape(BaseModel):
    """An object with exactly these fields."""

    model_config = ConfigDict(extra="forbid", title=None)


class PlaceIn(BaseModel):
    """Where the sender says it is, apart from the text. All fields optional."""

    ward_code: str | None = Field(None, description="Code of a present ward, see /v1/taxonomy.")
    ward: str | None = Field(None, description="Name of a ward, present or former.")
    address: str | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None


class ItemIn(BaseModel):
    """One report. Fields that are not listed here are passed over."""

    id: str = Field(min_length=1, max_length=200, description="Names the result; unique in a call.")
    text: str
    title: str | None = None
    place: PlaceIn | None = None
    channel: Channel | None = None
    sent_at: datetime | None = Field(None, description="RFC 3339, with its offset.")


class ClassifyCall(Shape):
    """Reports to read."""

    items: list[ItemIn] = Field(min_length=1)
    explain: bool = Field(False, description="Whether results carry `evidence`.")


class TopicAlternativeOut(Shape):
    """Another topic the text may be about."""

    topic: str
    probability: Probability


class AgencyOut(Shape):
    """An agency that may be responsible; `because` quotes its mandate."""

    id: str
    name: str
    role: Literal["lead", "candidate"]
    score: Probability
    because: str


class EvidenceOut(Shape):
    """A span of the text that moved a decision; offsets in code points of the text as sent."""

    start: int
    end: int
    text: str
    moves: Literal["topic", "urgency"]
    weight: float


class PredictionOut(Shape):
    """What the model says of one report."""

    id: str
    kind: Kind
    kind_probability: Probability
    topic: str
    topic_group: str
    topic_probability: Probability
    topic_alternatives: list[TopicAlternativeOut]
    also: list[str]
    urgency: UrgencySlug
    urgency_probability: Probability
    call_now: bool
    agencies: list[AgencyOut] = Field(description="At least three, best first.")
    ward: str | None
    ward_code: str | None
    ward_evidence: str
    ward_candidates: list[str]
    restricted: bool
    decision: Decision
    reasons: list[str]
    model_version: str
    taxonomy_version: str
    agencies_version: str
    evidence: list[EvidenceOut] | None = None


class ItemErrorDetail(Shape):
    """Why an item has no result. `code` is stable; `message` never quotes the text."""

    code: str
    message: str


class ItemErrorOut(Shape):
    """Stands in the place of an item that could not be answered."""

    id: str = Field(description="Empty where the item had no usable id.")
    error: ItemErrorDetail


class ClassifyAnswer(Shape):
    """One result for each item, in the same order."""

    results: list[PredictionOut | ItemErrorOut]


class FieldProblem(Shape):
    """A field of the call and what was expected there."""

    field: str
    expected: str


class ProblemOut(Shape):
    """RFC 9457. `code` is stable; nothing quotes what was sent."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem] | None = None


class VersionsOut(Shape):
    """What is loaded."""

    status: Literal["ready"]
    model_version: str
    taxonomy_version: str
    agencies_version: str


class LimitsOut(Shape):
    """How much one call may hold."""

    max_body_bytes: int
    max_items: int
    max_text_characters: int


class CurrentModelOut(Shape):
    """The model that answers, and its limits."""

    model_version: str
    taxonomy_version: str
    agencies_version: str
    limits: LimitsOut


class AliveOut(Shape):
    """The process answers."""

    status: Literal["alive"]
