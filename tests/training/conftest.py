"""A city of three topics, reports of it, and a predictor that knows all the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from corpora.reports import LabelledReport
from nlp.city import (
    Agency,
    City,
    Gazetteer,
    KindDefinition,
    Taxonomy,
    Topic,
    TopicGroup,
    UrgencyDefinition,
    Ward,
)
from nlp.domain import (
    AgencySuggestion,
    Answer,
    Decision,
    Kind,
    Prediction,
    Refusal,
    Report,
    TopicAlternative,
    Urgency,
)
from nlp.pipeline import PipelineSpec, TextPipeline
from training.vocabulary import SPECIAL, build_tokenizer

TOPICS = {"den": "dien", "day-dien": "dien", "rac": "moi-truong"}
AGENCIES = ("chieu-sang", "dien-luc", "moi-truong-do-thi", "ubnd-cap-xa")


@pytest.fixture(scope="session")
def small_city() -> City:
    groups = tuple(
        TopicGroup(
            group,
            f"Nhóm {group}",
            "",
            tuple(
                Topic(slug, f"Lĩnh vực {slug}", group, "", (), (), (), ())
                for slug, home in TOPICS.items()
                if home == group
            ),
        )
        for group in dict.fromkeys(TOPICS.values())
    )
    kinds = tuple(KindDefinition(kind, f"Loại {kind}", "", "", ()) for kind in Kind)
    levels = tuple(
        UrgencyDefinition(level, f"Mức {level.slug}", "", "", None, None, ()) for level in Urgency
    )
    agencies = {
        name: Agency(name, f"Cơ quan {name}", name, "city", (), ("làm việc",)) for name in AGENCIES
    }
    wards = (Ward("1", "Phường Một"), Ward("2", "Xã Hai"))
    return City(
        "Thành phố Thử",
        Taxonomy("taxonomy-1", groups, kinds, levels),
        agencies,
        "agencies-1",
        Gazetteer("wards-1", "Thành phố Thử", (), wards),
    )


@pytest.fixture
def labelled() -> Callable[..., LabelledReport]:
    def make(identifier: str = "r-1", text: str = "Đèn đường tắt", **labels) -> LabelledReport:
        report = LabelledReport(
            id=identifier,
            text=text,
            topic="den",
            also=(),
            urgency=Urgency.BINH_THUONG,
            kind=Kind.PHAN_ANH,
            agencies=("chieu-sang",),
            ward=None,
            style="",
            slice="",
        )
        return replace(report, **labels)

    return make


@pytest.fixture
def some_reports(labelled) -> list[LabelledReport]:
    """Every class of topic, kind and urgency at least once, some with a ward."""
    kinds, levels, topics = list(Kind), list(Urgency), list(TOPICS)
    return [
        labelled(
            f"r-{number:02}",
            f"Phản ánh thứ {number} về đường phố",
            topic=topics[number % 3],
            kind=kinds[number % 6],
            urgency=levels[number % 4],
            agencies=(AGENCIES[number % 4], AGENCIES[(number + 1) % 4]),
            ward=[None, "Phường Một", "Xã Hai"][number % 3],
            style=["formal", "teencode"][number % 2],
        )
        for number in range(24)
    ]


@dataclass
class Oracle:
    """Answers as the labels say, but for the changes named; remembers what it was asked."""

    city: City
    reports: Sequence[LabelledReport]
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    asked: list[Report] = field(default_factory=list)

    def predict(self, reports: Sequence[Report]) -> list[Answer]:
        self.asked += reports
        return [self._answer(report.id) for report in reports]

    def _answer(self, identifier: str) -> Answer:
        if identifier in self.refused:
            return Refusal(identifier, "text_refused", "The text can't be read.")
        truth = next(report for report in self.reports if report.id == identifier)
        return replace(self._right(truth), **self.changes.get(identifier, {}))

    def _right(self, truth: LabelledReport) -> Prediction:
        others = [topic for topic in TOPICS if topic != truth.topic]
        names = [*truth.agencies, *(name for name in AGENCIES if name not in truth.agencies)]
        return Prediction(
            id=truth.id,
            kind=truth.kind,
            kind_probability=1.0,
            topic=truth.topic,
            topic_group=TOPICS[truth.topic],
            topic_probability=1.0,
            topic_alternatives=tuple(TopicAlternative(other, 0.0) for other in others[:2]),
            also=(),
            urgency=truth.urgency,
            urgency_probability=1.0,
            call_now=False,
            agencies=tuple(
                AgencySuggestion(name, name, "candidate", 1.0 - place / 10, "")
                for place, name in enumerate(names[:3])
            ),
            ward=truth.ward,
            ward_code=None,
            ward_evidence="",
            ward_candidates=(),
            restricted=False,
            decision=Decision.AUTO,
            reasons=(),
            model_version="oracle-1",
            taxonomy_version="taxonomy-1",
            agencies_version="agencies-1",
        )


@pytest.fixture
def oracle(small_city, some_reports) -> Callable[..., Oracle]:
    def make(reports: Sequence[LabelledReport] = some_reports, **options) -> Oracle:
        return Oracle(small_city, reports, **options)

    return make


@pytest.fixture(scope="module")
def one_torch_thread() -> Iterator[None]:
    """Tiny passes on many threads wait for each other on a busy machine."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def tiny_pipeline() -> TextPipeline:
    """A pipeline that reads letter by letter, in windows of 64 tokens."""
    letters = "aăâbcdđeêfghiklmnoôơpqrstuưvwxyzáàảãạéèẻẹíìịóòọốồộớờợúùủứừựýắằặấầậếềệ0123456789.,-"
    pieces = [*letters, *(f"##{letter}" for letter in letters)]
    tokenizer = build_tokenizer([*SPECIAL, *pieces])
    return TextPipeline(PipelineSpec(window=64, overlap=8), tokenizer)
