"""Stand-ins for tests: a made-up city of three wards, and a model that reads keywords."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from nlp.city import (
    Agency,
    City,
    FormerUnit,
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
    Evidence,
    Kind,
    Prediction,
    Refusal,
    Report,
    TopicAlternative,
    Urgency,
)
from nlp.errors import TextEmpty, TextRefused

#: Keyword -> kind, topic, urgency. The first that occurs decides; without one it is waste.
RULES = {
    "dây điện": (Kind.PHAN_ANH, "nguy-hiem-luoi-dien", Urgency.KHAN_CAP),
    "đòi": (Kind.TO_CAO, "tieu-cuc-tham-nhung", Urgency.BINH_THUONG),
    "hỏi": (Kind.HOI_DAP, "cu-tru-can-cuoc", Urgency.THAP),
}
OTHERWISE = (Kind.PHAN_ANH, "thu-gom-rac", Urgency.BINH_THUONG)


class FakePredictor:
    """The members of ``nlp.predictor.Predictor``, with a rule on a keyword for a model.

    A report whose text holds ``boom`` makes the whole call fail, ``panic`` as a Rust library
    would; while ``gate`` is cleared, calls wait in it.
    """

    def __init__(self, city: City) -> None:
        self.version = "fake-0123456789ab"
        self.city = city
        self.calls: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    def self_check(self) -> None:
        """Always sound."""

    def predict(self, reports: Sequence[Report], *, explain: bool = False) -> list[Answer]:
        """One answer for each report, in the same order."""
        self.calls.append([report.id for report in reports])
        self.entered.release()
        if not self.gate.wait(timeout=20):
            raise TimeoutError("the test never opened the gate")
        for report in reports:
            if "boom" in report.text:
                raise RuntimeError(f"could not read {report.text}")
            if "panic" in report.text:
                raise Panic(report.text)
        return [self._answer(report, explain) for report in reports]

    def _answer(self, report: Report, explain: bool) -> Answer:
        if not any(character.isalnum() for character in report.text):
            return Refusal(report.id, TextEmpty.code, TextEmpty().message)
        if any("\ud800" <= character <= "\udfff" for character in report.text):
            return Refusal(report.id, TextRefused.code, TextRefused().message)
        word = next((word for word in RULES if word in report.text), "")
        kind, topic, urgency = RULES.get(word, OTHERWISE)
        restricted = kind is Kind.TO_CAO
        ward = next((w for w in self.city.gazetteer.wards if _named(w, report)), None)
        return Prediction(
            id=report.id,
            kind=kind,
            kind_probability=0.97,
            topic=topic,
            topic_group=self.city.taxonomy.topics[topic].group,
            topic_probability=0.91,
            topic_alternatives=tuple(
                TopicAlternative(slug, share)
                for slug, share in zip(
                    [s for s in self.city.taxonomy.topics if s != topic], (0.05, 0.02), strict=False
                )
            ),
            also=(),
            urgency=urgency,
            urgency_probability=0.72,
            call_now=urgency is Urgency.KHAN_CAP,
            agencies=self._agencies(topic),
            ward=ward.name if ward else None,
            ward_code=ward.code if ward else None,
            ward_evidence="" if report.place.ward_code else _words_for(ward, report),
            ward_candidates=(),
            restricted=restricted,
            decision=Decision.REVIEW if restricted or urgency < 3 else Decision.AUTO,
            reasons=("kind is to-cao",) if restricted else (),
            model_version=self.version,
            taxonomy_version=self.city.taxonomy.version,
            agencies_version=self.city.agencies_version,
            evidence=_evidence(report, word) if explain else None,
        )

    def _agencies(self, topic: str) -> tuple[AgencySuggestion, ...]:
        owners = sorted(self.city.agencies.values(), key=lambda agency: topic not in agency.topics)
        return tuple(
            AgencySuggestion(
                agency.id, agency.name, "candidate" if place else "lead", score, agency.mandate[0]
            )
            for place, (agency, score) in enumerate(zip(owners, (0.83, 0.41, 0.2), strict=False))
        )


class Panic(BaseException):
    """What a panic in a Rust library looks like from Python: no ``Exception``."""


def _named(ward: Ward, report: Report) -> bool:
    if report.place.ward_code:
        return report.place.ward_code == ward.code
    return any(unit.name.lower() in report.text.lower() for unit in ward.former)


def _words_for(ward: Ward | None, report: Report) -> str:
    names = (unit.name for unit in ward.former) if ward else ()
    return next((name for name in names if name.lower() in report.text.lower()), "")


def _evidence(report: Report, word: str) -> tuple[Evidence, ...]:
    start = report.text.find(word)
    if not word:
        return ()
    end = min(start + len(word) + 4, len(report.text))
    return (
        Evidence(start, start + len(word), word, "topic", 0.4),
        Evidence(start, end, report.text[start:end], "urgency", 0.3),
    )


def made_up_city() -> City:
    """Four topics, four agencies, three wards; enough of everything for the service."""
    return City(
        name="Thành phố Mẫu",
        taxonomy=Taxonomy("t-1", _groups(), _kinds(), _levels()),
        agencies={agency.id: agency for agency in _made_up_agencies()},
        agencies_version="a-1",
        gazetteer=Gazetteer("w-1", "Thành phố Mẫu", ("Mẫu",), _wards()),
    )


def _groups() -> tuple[TopicGroup, ...]:
    named = {
        "dien-chieu-sang": [("nguy-hiem-luoi-dien", "Dây điện, trụ điện nguy hiểm")],
        "moi-truong": [("thu-gom-rac", "Thu gom rác")],
        "hanh-chinh-cong": [
            ("tieu-cuc-tham-nhung", "Tiêu cực, vòi vĩnh"),
            ("cu-tru-can-cuoc", "Cư trú, căn cước"),
        ],
    }
    return tuple(
        TopicGroup(
            group,
            f"Nhóm {group}",
            f"Định nghĩa của {group}.",
            tuple(
                Topic(
                    slug,
                    label,
                    group,
                    f"{label} là gì (`{slug}`).",
                    ("Lưu ý.",),
                    ("Ví dụ.",),
                    ("a",),
                    (),
                )
                for slug, label in topics
            ),
        )
        for group, topics in named.items()
    )


def _kinds() -> tuple[KindDefinition, ...]:
    labels = ("Phản ánh", "Kiến nghị", "Hỏi đáp", "Khiếu nại", "Tố cáo", "Khác")
    return tuple(
        KindDefinition(kind, label, f"{label} là gì.", "Có phải không?", ())
        for kind, label in zip(Kind, labels, strict=True)
    )


def _levels() -> tuple[UrgencyDefinition, ...]:
    terms = [
        ("Khẩn cấp", 2, None),
        ("Cao", 24, None),
        ("Bình thường", None, 7),
        ("Thấp", None, None),
    ]
    return tuple(
        UrgencyDefinition(level, label, f"{label} là gì.", "Giao việc.", hours, days, ())
        for level, (label, hours, days) in zip(Urgency, terms, strict=True)
    )


def _made_up_agencies() -> tuple[Agency, ...]:
    return (
        Agency("dien-luc", "Điện lực", "ĐL", "city", ("nguy-hiem-luoi-dien",), ("Vận hành lưới.",)),
        Agency("thanh-tra", "Thanh tra", "TT", "city", ("tieu-cuc-tham-nhung",), ("Thanh tra.",)),
        Agency("moi-truong", "Môi trường", "MT", "city", ("thu-gom-rac",), ("Thu gom rác.",)),
        Agency("cuu-hoa", "Cứu hỏa", "PC", "city", (), ("Chữa cháy.",), call="114"),
    )


def _wards() -> tuple[Ward, ...]:
    return tuple(
        Ward(code, f"Phường {name}", (FormerUnit(f"Phường {former}", "Quận Một"),))
        for code, name, former in (("1", "An", "Cũ"), ("2", "Bình", "Xưa"), ("3", "Cát", "Cát"))
    )
