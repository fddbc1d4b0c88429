"""Scores turned into decided labels, by the calibration of the artifact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlp.artifact import Manifest
from nlp.calibration import Floats
from nlp.domain import Kind, Urgency
from nlp.model import Scores


@dataclass(frozen=True)
class Labels:
    """What the model says of one text.

    Attributes:
        kind: The decided kind.
        kind_probability: Its probability.
        accusing: Whether the text may accuse somebody, on a lower line than the kind's.
        topics: Probabilities in the order of the manifest's topics.
        ranked: Indexes of the topics, the likeliest first.
        also: Further topics that the text holds.
        at_least: Probabilities of level 1, 1-2, 1-3.
        urgency: The decided level.
        danger: The cue that raised the level above what the model says, if one did.
    """

    kind: Kind
    kind_probability: float
    accusing: bool
    topics: Floats
    ranked: tuple[int, ...]
    also: tuple[str, ...]
    at_least: Floats
    urgency: Urgency
    danger: str | None = None


def read_labels(scores: Scores, manifest: Manifest) -> list[Labels]:
    """The labels of each text."""
    calibration = manifest.calibration
    kinds, topics = calibration.kind(scores.kind), calibration.topic(scores.topic)
    at_least, also = calibration.at_least(scores.urgency), calibration.also(scores.also)
    found = []
    for row in range(len(kinds)):
        kind, probability, accusing = _kind(kinds[row], manifest)
        ranked = tuple(int(i) for i in np.argsort(-topics[row], kind="stable"))
        found.append(
            Labels(
                kind=kind,
                kind_probability=probability,
                accusing=accusing,
                topics=topics[row],
                ranked=ranked,
                also=_also(also[row], ranked[0], manifest),
                at_least=at_least[row],
                urgency=calibration.level(at_least[row]),
            )
        )
    return found


def _kind(row: Floats, manifest: Manifest) -> tuple[Kind, float, bool]:
    thresholds = manifest.calibration.thresholds
    accusation = float(row[manifest.kinds.index(Kind.TO_CAO)])
    kind = manifest.kinds[int(row.argmax())]
    if accusation >= thresholds.to_cao:
        kind = Kind.TO_CAO
    probability = round(float(row[manifest.kinds.index(kind)]), 4)
    return kind, probability, kind is Kind.TO_CAO or accusation >= thresholds.restricted


def _also(row: Floats, lead: int, manifest: Manifest) -> tuple[str, ...]:
    likely = np.flatnonzero(row >= manifest.calibration.thresholds.also)
    ranked = sorted((int(i) for i in likely if i != lead), key=lambda i: -row[i])
    return tuple(manifest.topics[i] for i in ranked)
