"""How good a predictor is on labelled reports, measured through the one door that serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from corpora.reports import LabelledReport, to_report
from nlp.city import City
from nlp.domain import Answer, Prediction, Refusal, Report
from training.bootstrap import Interval, intervals
from training.measures import MEASURES
from training.outcomes import Outcomes, outcomes_of
from training.slices import Slice, slices_of, without_accents

AS_SENT = "as sent"
WITHOUT_ACCENTS = "without accents"

# Reports per call, so that progress can be shown; the predictor forms its own batches inside.
_CALL = 64

Progress = Callable[[int], None]


class Predicting(Protocol):
    """Anything that answers reports in their order, each apart from the others."""

    @property
    def city(self) -> City:
        """Whose taxonomy the answers use."""
        ...

    def predict(self, reports: Sequence[Report]) -> list[Answer]:
        """One answer per report, in the same order."""
        ...


@dataclass(frozen=True)
class SliceFigures:
    """Every measure on one slice."""

    slice: Slice
    rows: int
    figures: dict[str, Interval]  # by the name of the measure


@dataclass(frozen=True)
class Column:
    """The figures of one way to write the same texts."""

    name: str  # AS_SENT or WITHOUT_ACCENTS
    outcomes: Outcomes
    slices: tuple[SliceFigures, ...]  # all reports first
    refusals: tuple[Refusal, ...]

    @property
    def all(self) -> SliceFigures:
        """The figures of all reports."""
        return self.slices[0]


@dataclass(frozen=True)
class Evaluation:
    """What a predictor got right on a labelled set."""

    data: str  # name of the set
    model_version: str  # empty where nothing was answered
    city: City
    columns: tuple[Column, ...]  # as sent first
    bootstrap: int
    seed: int


def evaluate(
    predictor: Predicting,
    reports: Sequence[LabelledReport],
    *,
    bootstrap: int = 1000,
    seed: int = 0,
    strip: bool = False,
    data: str = "",
    progress: Progress = lambda done: None,
) -> Evaluation:
    """Measure a predictor.

    Args:
        predictor: Sees id and text of every report, never a label.
        reports: What it is asked; the order plays no part, for they are sorted by id.
        bootstrap: Resamples behind every interval; 0 for none.
        seed: Of the resamples.
        strip: Ask again with the accents of every text removed, as a second column.
        data: Name of the set, for the reports.
        progress: Is told how many reports were answered since the last time.
    """
    ordered = sorted(reports, key=lambda report: report.id)
    written = {AS_SENT: ordered}
    if strip:
        # Slices stay those of the text as sent: both columns hold the same rows.
        written[WITHOUT_ACCENTS] = [without_accents(report) for report in ordered]
    parts = slices_of(ordered)
    columns = []
    version = ""
    for name, texts in written.items():
        answers = _ask(predictor, texts, progress)
        version = version or _version(answers)
        outcomes = outcomes_of(texts, answers, predictor.city.taxonomy)
        figures = tuple(
            _measure(part, outcomes.take(rows), bootstrap, seed) for part, rows in parts
        )
        refusals = tuple(answer for answer in answers if isinstance(answer, Refusal))
        columns.append(Column(name, outcomes, figures, refusals))
    return Evaluation(data, version, predictor.city, tuple(columns), bootstrap, seed)


def _ask(
    predictor: Predicting, reports: Sequence[LabelledReport], progress: Progress
) -> list[Answer]:
    answers: list[Answer] = []
    for start in range(0, len(reports), _CALL):
        asked = [to_report(report) for report in reports[start : start + _CALL]]
        answers += predictor.predict(asked)
        progress(len(asked))
    return answers


def _version(answers: Sequence[Answer]) -> str:
    return next((a.model_version for a in answers if isinstance(a, Prediction)), "")


def _measure(part: Slice, outcomes: Outcomes, samples: int, seed: int) -> SliceFigures:
    measures = {measure.name: partial(measure.of, outcomes) for measure in MEASURES}
    figures = intervals(measures, len(outcomes), samples=samples, seed=seed)
    return SliceFigures(part, len(outcomes), figures)
