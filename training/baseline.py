"""The honest rival: TF-IDF and linear support vector machines, with the predictor's interface.

What a good engineer would build in an afternoon. A neural model that does not beat it on the
same rows is not worth its weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corpora.reports import LabelledReport
from nlp.city import City
from nlp.domain import (
    AgencySuggestion,
    Answer,
    Decision,
    Kind,
    Prediction,
    Report,
    TopicAlternative,
    Urgency,
)
from nlp.errors import ExtraMissing
from training.metrics import Floats
from training.slices import without_accents

if TYPE_CHECKING:
    from sklearn.pipeline import FeatureUnion
    from sklearn.svm import LinearSVC

#: Its name in reports.
VERSION = "tf-idf-linear-svc"

# N-grams of a single text teach nothing about another one; without them 129,112 are left and
# training on 12,714 texts takes 30 s of one core. Leaving out those of two texts saves 2 s and
# costs 0.7 points of topic accuracy.
_RAREST = 2

_REVIEW = "a baseline decides nothing by itself"


@dataclass(frozen=True)
class _Head:
    """One decision: classes and what tells them apart."""

    classes: tuple[str, ...]
    machine: LinearSVC

    def probabilities(self, features: object) -> Floats:
        """(n, classes), each row adding up to 1: a softmax of the margins, not calibrated."""
        margins = np.asarray(self.machine.decision_function(features), dtype=float)
        if margins.ndim == 1:  # two classes have one margin
            margins = np.stack([-margins, margins], axis=1)
        raised = np.exp(margins - margins.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=float)


@dataclass(frozen=True)
class Baseline:
    """Answers like the predictor; names no ward and sends everything to review."""

    city: City
    features: FeatureUnion
    topic: _Head
    kind: _Head
    urgency: _Head
    agency: _Head

    def predict(self, reports: Sequence[Report]) -> list[Answer]:
        """One prediction per report, in the same order."""
        if not reports:
            return []
        features = self.features.transform([report.text for report in reports])
        heads = (self.topic, self.kind, self.urgency, self.agency)
        rows = zip(*(head.probabilities(features) for head in heads), strict=True)
        return [self._prediction(report, *row) for report, row in zip(reports, rows, strict=True)]

    def _prediction(
        self, report: Report, topic: Floats, kind: Floats, urgency: Floats, agency: Floats
    ) -> Prediction:
        first, *others = _ranked(self.topic, topic)[:3]
        (kind_slug, kind_probability), *_ = _ranked(self.kind, kind)
        (level_slug, level_probability), *_ = _ranked(self.urgency, urgency)
        level = Urgency.from_slug(level_slug)
        leaf = self.city.taxonomy.topics[first[0]]
        return Prediction(
            id=report.id,
            kind=Kind(kind_slug),
            kind_probability=kind_probability,
            topic=leaf.slug,
            topic_group=leaf.group,
            topic_probability=first[1],
            topic_alternatives=tuple(TopicAlternative(*other) for other in others),
            also=(),
            urgency=level,
            urgency_probability=level_probability,
            call_now=level is Urgency.KHAN_CAP,
            agencies=self._suggestions(agency),
            ward=None,
            ward_code=None,
            ward_evidence="",
            ward_candidates=(),
            restricted=leaf.restricted or kind_slug == Kind.TO_CAO,
            decision=Decision.REVIEW,
            reasons=(_REVIEW,),
            model_version=VERSION,
            taxonomy_version=self.city.taxonomy.version,
            agencies_version=self.city.agencies_version,
        )

    def _suggestions(self, probabilities: Floats) -> tuple[AgencySuggestion, ...]:
        ranked = _ranked(self.agency, probabilities)[:3]
        return tuple(
            AgencySuggestion(
                id=agency,
                name=self.city.agencies[agency].name if agency in self.city.agencies else agency,
                role="candidate" if place else "lead",
                score=score,
                because="",
            )
            for place, (agency, score) in enumerate(ranked)
        )


def fit_baseline(reports: Sequence[LabelledReport], city: City) -> Baseline:
    """Train the rival on the reports and on the same texts without accents.

    Takes about half a minute of one core for 6,357 reports. Nothing is kept on disk.

    Args:
        reports: At least two classes of every label.
        city: Whose labels they bear.

    Raises:
        ExtraMissing: scikit-learn is not installed.
    """
    rows = [*reports, *(without_accents(report) for report in reports)]
    union = _features()
    features = union.fit_transform([row.text for row in rows])
    return Baseline(
        city,
        union,
        topic=_head(features, [row.topic for row in rows]),
        kind=_head(features, [row.kind.value for row in rows]),
        urgency=_head(features, [row.urgency.slug for row in rows]),
        agency=_head(features, [row.agencies[0] for row in rows]),
    )


def _features() -> FeatureUnion:
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import FeatureUnion
    except ImportError as error:
        raise ExtraMissing(
            "scikit-learn is not installed: expected the extra, pip install 'phananh[train]'"
        ) from error
    words = TfidfVectorizer(
        ngram_range=(1, 2), min_df=_RAREST, sublinear_tf=True, dtype=np.float32, lowercase=True
    )
    letters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), min_df=_RAREST, sublinear_tf=True, dtype=np.float32
    )
    return FeatureUnion([("words", words), ("letters", letters)])


def _head(features: object, labels: Sequence[str]) -> _Head:
    from sklearn.svm import LinearSVC

    machine = LinearSVC(dual="auto", random_state=0)
    machine.fit(features, labels)
    return _Head(tuple(str(name) for name in machine.classes_), machine)


def _ranked(head: _Head, probabilities: Floats) -> list[tuple[str, float]]:
    """Classes with their probability, best first."""
    order = np.argsort(-probabilities, kind="stable")
    return [(head.classes[index], float(probabilities[index])) for index in order]
