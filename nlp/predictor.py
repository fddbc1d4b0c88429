"""The one door to inference: reports in, predictions out, for HTTP, batch runs and evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from nlp.artifact import Layout, Manifest, load_manifest, load_pipeline
from nlp.calibration import level_probability
from nlp.city import City
from nlp.clauses import clause_vectors, load_clauses
from nlp.danger import danger_cue
from nlp.decision import Doubts, decide
from nlp.domain import (
    AgencySuggestion,
    Answer,
    Evidence,
    Kind,
    Prediction,
    Refusal,
    Report,
    TopicAlternative,
    Urgency,
    WardFinding,
)
from nlp.errors import ArtifactInvalid, InferenceFailed, PhanAnhError
from nlp.explain import explain as explain_text
from nlp.labels import Labels, read_labels
from nlp.model import Model, Scores
from nlp.pipeline import ReadText, TextPipeline
from nlp.place import WardResolver
from nlp.protection import speaks_of_a_victim
from nlp.routing import Asked, Router, mandate_clauses

ALTERNATIVES = 2


@dataclass(frozen=True)
class _Reading:
    """One report on its way through the model."""

    report: Report
    read: ReadText
    ward: WardFinding
    windows: list[list[int]]
    cut: bool


class Predictor:
    """Answers for one city by one model version. Safe to share between threads."""

    def __init__(
        self,
        manifest: Manifest,
        pipeline: TextPipeline,
        model: Model,
        city: City,
        *,
        remembered: Mapping[str, npt.NDArray[np.float32]] | None = None,
        today: Callable[[], date] = lambda: datetime.now(tz=UTC).date(),
    ) -> None:
        """Join a model with a city; reads every mandate clause that is not ``remembered``.

        Raises:
            ArtifactInvalid: The model knows topics that the city's taxonomy has not.
        """
        unknown = set(manifest.topics) - set(city.taxonomy.topics)
        if unknown:
            raise ArtifactInvalid(f"topics {sorted(unknown)}: not in the city's taxonomy")
        self.city = city
        self.version = manifest.version
        self.manifest = manifest
        self._pipeline, self._model, self._today = pipeline, model, today
        self._wards = WardResolver(city.gazetteer)
        clauses = clause_vectors(mandate_clauses(city), remembered or {}, self._read_clauses)
        self._router = Router(city, manifest.topics, clauses, manifest.routing)

    @classmethod
    def from_artifact(cls, folder: Path, city: City, *, threads: int = 0) -> Self:
        """Load a model version.

        Args:
            folder: An artifact folder.
            city: Whose agencies and wards to answer with.
            threads: Threads of one pass; 0 means all cores.

        Raises:
            ArtifactInvalid: A file is missing or damaged (named with its checksum), or the
                text pipeline is another one here.
        """
        manifest = load_manifest(folder)
        pipeline = load_pipeline(folder, manifest)
        model = Model(Layout(folder).model, threads=threads)
        path = Layout(folder).clauses
        remembered = load_clauses(path) if path.name in manifest.files else {}  # else unchecked
        return cls(manifest, pipeline, model, city, remembered=remembered)

    def self_check(self) -> None:
        """Read the golden texts of the artifact.

        Raises:
            ArtifactInvalid: One gets another label than where the model was trained.
        """
        golden = self.manifest.golden
        answers = self.predict([Report(str(n), g.text) for n, g in enumerate(golden)])
        for number, (answer, expected) in enumerate(zip(answers, golden, strict=True)):
            labels = (expected.kind, expected.topic, expected.urgency)
            if isinstance(answer, Refusal):
                raise ArtifactInvalid(f"golden text {number}: {answer.code}")
            if (found := (answer.kind, answer.topic, answer.urgency)) != labels:
                raise ArtifactInvalid(f"golden text {number}: {found}, expected {labels}")

    def predict(self, reports: Sequence[Report], *, explain: bool = False) -> list[Answer]:
        """Answer each report, in order.

        Args:
            reports: Any number; each is read by itself, whatever the others hold.
            explain: Also give the spans that moved topic and urgency.

        Returns:
            A prediction or a refusal for each.
        """
        prepared = [self._prepare(report) for report in reports]
        readable = [item for item in prepared if isinstance(item, _Reading)]
        answers = iter(self._answers(readable, explain))
        return [item if isinstance(item, Refusal) else next(answers) for item in prepared]

    def embed(self, reports: Sequence[Report]) -> npt.NDArray[np.float32]:
        """Unit vectors of texts, shape (n, width).

        Raises:
            TextRefused: One of them can't be read.
        """
        windows = self._pipeline.windows_of([self._pipeline.read(r).model_text for r in reports])
        return self._score(windows).embedding

    def _read_clauses(self, clauses: Sequence[str]) -> npt.NDArray[np.float32]:
        return self.embed([Report(id="", text=clause) for clause in clauses])

    def scores(self, reports: Sequence[Report]) -> Scores:
        """Raw scores of texts, for calibration and parity checks; raises like ``embed``."""
        return self._score(
            self._pipeline.windows_of([self._pipeline.read(r).model_text for r in reports])
        )

    def _score(self, windows: Sequence[list[list[int]]]) -> Scores:
        flat = [window for text in windows for window in text]
        return self._model.score(flat).combined([len(text) for text in windows])

    def _prepare(self, report: Report) -> _Reading | Refusal:
        try:
            read = self._pipeline.read(report)
            ward = self._wards.resolve(read.canonical.text, report.place)
            windows = self._pipeline.windows(read.model_text)
        except PhanAnhError as error:
            return Refusal(report.id, error.code, error.message)
        spec = self._pipeline.spec
        cut = len(windows) == spec.windows and len(windows[-1]) == spec.window
        return _Reading(report, read, ward, windows, cut)

    def _answers(self, readings: Sequence[_Reading], explain: bool) -> list[Answer]:
        if not readings:
            return []
        scores = self._score([reading.windows for reading in readings])
        labels_of = read_labels(scores, self.manifest)
        rows = zip(readings, labels_of, scores.embedding, scores.finite, strict=True)
        return [
            self._answer(reading, self._raised(reading, labels), embedding, explain)
            if finite
            else Refusal(reading.report.id, InferenceFailed.code, InferenceFailed().message)
            for reading, labels, embedding, finite in rows
        ]

    def _raised(self, reading: _Reading, labels: Labels) -> Labels:
        """The labels, khan-cap where the text holds an unmistakable cue that the model missed.

        A report whose topic is a rescue is one too: 72 of 76 such training reports are khan-cap.
        """
        if labels.urgency is Urgency.KHAN_CAP:
            return labels
        cue = danger_cue(reading.read.canonical.text)
        topic = self.city.taxonomy.topics[self.manifest.topics[labels.ranked[0]]]
        if cue is None and topic.rescue and labels.kind is Kind.PHAN_ANH:
            cue = "rescue"
        return replace(labels, urgency=Urgency.KHAN_CAP, danger=cue) if cue else labels

    def _answer(
        self,
        reading: _Reading,
        labels: Labels,
        embedding: npt.NDArray[np.float32],
        explain: bool,
    ) -> Prediction:
        taxonomy, ward_code = self.city.taxonomy, reading.ward.ward_code
        lead, *others = labels.ranked
        topic, text = self.manifest.topics[lead], reading.read.canonical.text
        agencies = self._router.suggest(
            Asked(embedding, labels.topics, topic, labels.kind, text, reading.ward, self._today())
        )
        restricted = (
            labels.accusing or taxonomy.topics[topic].restricted or speaks_of_a_victim(text)
        )
        doubts = self._doubts(reading, labels, agencies, restricted)
        decision, reasons = decide(doubts, self.manifest.calibration.thresholds)
        return Prediction(
            id=reading.report.id,
            kind=labels.kind,
            kind_probability=labels.kind_probability,
            topic=topic,
            topic_group=taxonomy.topics[topic].group,
            topic_probability=round(float(labels.topics[lead]), 4),
            topic_alternatives=tuple(
                TopicAlternative(self.manifest.topics[i], round(float(labels.topics[i]), 4))
                for i in others[:ALTERNATIVES]
            ),
            also=labels.also,
            urgency=labels.urgency,
            urgency_probability=round(level_probability(labels.at_least, labels.urgency), 4),
            call_now=labels.urgency is Urgency.KHAN_CAP,
            agencies=agencies,
            ward=self.city.gazetteer.by_code[ward_code].name if ward_code else None,
            ward_code=ward_code,
            ward_evidence=reading.ward.evidence,
            ward_candidates=reading.ward.candidates,
            restricted=restricted,
            decision=decision,
            reasons=reasons,
            model_version=self.version,
            taxonomy_version=taxonomy.version,
            agencies_version=self.city.agencies_version,
            evidence=self._evidence(reading, labels) if explain else None,
        )

    def _doubts(
        self,
        reading: _Reading,
        labels: Labels,
        agencies: Sequence[AgencySuggestion],
        restricted: bool,
    ) -> Doubts:
        return Doubts(
            kind_probability=labels.kind_probability,
            topic_probability=float(labels.topics[labels.ranked[0]]),
            urgency=labels.urgency,
            near_level=(
                None
                if labels.danger
                else self.manifest.calibration.near_line(labels.at_least, labels.urgency)
            ),
            danger=labels.danger,
            restricted=restricted,
            agency_score=agencies[0].score if agencies else 0.0,
            needs_ward=self._needs_ward(agencies),
            ward=reading.ward,
            several_matters=bool(labels.also),
            cut=reading.cut,
        )

    def _needs_ward(self, agencies: Sequence[AgencySuggestion]) -> bool:
        return bool(agencies) and self.city.agencies[agencies[0].id].level == "ward"

    def _evidence(self, reading: _Reading, labels: Labels) -> tuple[Evidence, ...]:
        if self._pipeline.spec.segmenter or len(reading.windows) > 1:
            return ()  # spans of segmented or windowed text have no simple way back
        calibration, topic = self.manifest.calibration, labels.ranked[0]
        lowest = labels.urgency is Urgency.THAP
        line = min(int(labels.urgency), len(labels.at_least)) - 1

        def probe(texts: Sequence[str]) -> list[tuple[float, float]]:
            scores = self._score(self._pipeline.windows_of(list(texts)))
            urgent = calibration.at_least(scores.urgency)[:, line]
            decided = 1.0 - urgent if lowest else urgent
            return list(zip(calibration.topic(scores.topic)[:, topic], decided, strict=True))

        return explain_text(reading.read, probe)
