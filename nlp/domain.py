"""The nouns of the service: what is asked, what is answered. Values only, no behaviour of models."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime


class Kind(enum.StrEnum):
    """What the sender wants, in the terms of Vietnamese law."""

    PHAN_ANH = "phan-anh"  # a situation that needs handling
    KIEN_NGHI = "kien-nghi"  # asks for something new, gives an opinion
    HOI_DAP = "hoi-dap"  # only wants to know
    KHIEU_NAI = "khieu-nai"  # asks to review an administrative decision that harms the sender
    TO_CAO = "to-cao"  # accuses an identifiable person or body of law-breaking
    KHAC = "khac"  # thanks, spam, unclear, out of scope


class Urgency(enum.IntEnum):
    """Danger and time, never tone: 1 is the most urgent."""

    KHAN_CAP = 1  # a life is in danger now or within hours
    CAO = 2  # serious harm within days, or an essential service of many is broken
    BINH_THUONG = 3  # a fault, nuisance or violation to handle in the normal term
    THAP = 4  # question, suggestion, thanks

    @property
    def slug(self) -> str:
        """The name used in answers: ``khan-cap``, ``cao``, ``binh-thuong``, ``thap``."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def from_slug(cls, slug: str) -> Urgency:
        """The level of that name; KeyError for an unknown one."""
        return cls[slug.upper().replace("-", "_")]


class Channel(enum.StrEnum):
    """How a report came in."""

    APP = "app"
    WEB = "web"
    HOTLINE = "hotline"
    ZALO = "zalo"
    EMAIL = "email"
    FACEBOOK = "facebook"
    DESK = "desk"
    MONITORING = "monitoring"


class Decision(enum.StrEnum):
    """Whether a person has to look before the report goes on."""

    AUTO = "auto"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the sender says it is, apart from the text. All fields optional."""

    ward_code: str | None = None
    ward: str | None = None
    address: str | None = None
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One text that a citizen, a business or the monitoring desk sent."""

    id: str
    text: str
    title: str = ""
    place: Place = field(default_factory=Place)
    channel: Channel | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WardFinding:
    """What the text (or the place field) says about the ward.

    ``ward_code`` is None unless exactly one present ward is named; then ``candidates`` holds the
    codes of the wards that the words may mean (empty when no ward is named at all).
    """

    ward_code: str | None = None
    evidence: str = ""
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TopicAlternative:
    """Another topic the text may be about."""

    topic: str
    probability: float


@dataclass(frozen=True, slots=True)
class AgencySuggestion:
    """An agency that may be responsible, with the mandate clause that speaks for it."""

    id: str
    name: str
    role: str  # "lead" for the first, "candidate" for the others
    score: float  # comparable between candidates of one report, 0..1
    because: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of the original text that moved a decision. Offsets in code points."""

    start: int
    end: int
    text: str
    moves: str  # "topic" or "urgency"
    weight: float  # fall of the decided label's probability when the span is hidden


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one model version says of one report. Never changed afterwards."""

    id: str
    kind: Kind
    kind_probability: float
    topic: str
    topic_group: str
    topic_probability: float
    topic_alternatives: tuple[TopicAlternative, ...]
    also: tuple[str, ...]
    urgency: Urgency
    urgency_probability: float
    call_now: bool
    agencies: tuple[AgencySuggestion, ...]
    ward: str | None
    ward_code: str | None
    ward_evidence: str
    ward_candidates: tuple[str, ...]
    restricted: bool
    decision: Decision
    reasons: tuple[str, ...]
    model_version: str
    taxonomy_version: str
    agencies_version: str
    evidence: tuple[Evidence, ...] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one item got no prediction; the others of its call are not touched."""

    id: str
    code: str
    message: str


Answer = Prediction | Refusal
