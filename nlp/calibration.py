"""From raw scores to probabilities and decisions, by the numbers of the artifact.

Temperatures and thresholds are learnt on held-out texts and can be changed without retraining.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nlp.domain import Urgency
from nlp.errors import ArtifactInvalid

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Temperatures:
    """What the logits of each head are divided by."""

    kind: float = 1.0
    topic: float = 1.0
    urgency: float = 1.0
    also: float = 1.0


@dataclass(frozen=True)
class Thresholds:
    """Where the decisions lie.

    Attributes:
        khan_cap: Least probability of level 1 that makes a text khan-cap. Low on purpose: a
            missed call for help costs more than a false one.
        cao: Least probability of level 2 or more urgent.
        binh_thuong: Least probability of level 3 or more urgent.
        to_cao: Least probability that makes the kind to-cao.
        restricted: Least probability of to-cao that hides a text until a person has looked.
        also: Least probability of a further topic.
        auto_topic: Least probability of the topic to go on without a person.
        auto_kind: The same for the kind.
        auto_agency: The same for the score of the first agency.
        urgency_margin: Closer than this to a line between levels, a person has to look.
    """

    khan_cap: float = 0.5
    cao: float = 0.5
    binh_thuong: float = 0.5
    to_cao: float = 0.5
    restricted: float = 0.3
    also: float = 0.5
    auto_topic: float = 0.8
    auto_kind: float = 0.7
    auto_agency: float = 0.5
    urgency_margin: float = 0.1


@dataclass(frozen=True)
class Calibration:
    """Temperatures and thresholds of one artifact."""

    temperatures: Temperatures = Temperatures()
    thresholds: Thresholds = Thresholds()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The calibration of a manifest.

        Raises:
            ArtifactInvalid: A number is missing, unknown or out of range.
        """
        temperatures = _numbers("temperatures", value, asdict(Temperatures()), 0.01, 100.0)
        thresholds = _numbers("thresholds", value, asdict(Thresholds()), 0.0, 1.0)
        return cls(Temperatures(**temperatures), Thresholds(**thresholds))

    def kind(self, logits: npt.NDArray[np.float32]) -> Floats:
        """Probabilities of the kinds, shape (n, kinds)."""
        return softmax(logits, self.temperatures.kind)

    def topic(self, logits: npt.NDArray[np.float32]) -> Floats:
        """Probabilities of the topics, shape (n, topics)."""
        return softmax(logits, self.temperatures.topic)

    def also(self, logits: npt.NDArray[np.float32]) -> Floats:
        """Probability of each topic to be in the text at all, shape (n, topics)."""
        return sigmoid(logits, self.temperatures.also)

    def at_least(self, logits: npt.NDArray[np.float32]) -> Floats:
        """Probability of levels 1, 1-2, 1-3: rising along the rows, shape (n, levels - 1)."""
        return np.maximum.accumulate(sigmoid(logits, self.temperatures.urgency), axis=1)

    def level(self, at_least: Floats) -> Urgency:
        """The level of one text from its row of ``at_least``."""
        lines = self._lines
        for level, (probability, line) in enumerate(zip(at_least, lines, strict=True), start=1):
            if probability >= line:
                return Urgency(level)
        return Urgency(len(lines) + 1)

    def near_line(self, at_least: Floats, level: Urgency) -> Urgency | None:
        """The neighbouring level that one text nearly has, or None."""
        margin, lines = self.thresholds.urgency_margin, self._lines
        if level > 1 and at_least[level - 2] >= lines[level - 2] * (1 - margin * 2):
            return Urgency(level - 1)
        if level <= len(lines) and at_least[level - 1] < lines[level - 1] * (1 + margin):
            return Urgency(level + 1)
        return None

    @property
    def _lines(self) -> tuple[float, float, float]:
        t = self.thresholds
        return (t.khan_cap, t.cao, t.binh_thuong)


def level_probability(at_least: Floats, level: Urgency) -> float:
    """Probability of exactly that level, from one row of ``at_least``."""
    upper = at_least[level - 1] if level <= len(at_least) else 1.0
    return float(upper - (at_least[level - 2] if level > 1 else 0.0))


def softmax(logits: npt.NDArray[np.float32], temperature: float = 1.0) -> Floats:
    """Softmax over the last axis."""
    scaled = logits.astype(np.float64) / temperature
    with np.errstate(invalid="ignore"):  # infinite scores become NaN, and are refused as such
        scaled -= scaled.max(axis=-1, keepdims=True)
    powers = np.exp(scaled)
    return powers / powers.sum(axis=-1, keepdims=True)  # type: ignore[no-any-return]


def sigmoid(logits: npt.NDArray[np.float32], temperature: float = 1.0) -> Floats:
    """Logistic function of each entry."""
    scaled = np.clip(logits.astype(np.float64) / temperature, -60, 60)
    return 1.0 / (1.0 + np.exp(-scaled))


def _numbers(
    name: str, value: Mapping[str, Any], known: Mapping[str, float], low: float, high: float
) -> dict[str, float]:
    found = value.get(name)
    if not isinstance(found, dict) or set(found) != set(known):
        raise ArtifactInvalid(f"{name}: expected exactly the numbers {', '.join(known)}")
    for key, number in found.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ArtifactInvalid(f"{name}.{key}: expected a number")
        if not low <= number <= high:
            raise ArtifactInvalid(f"{name}.{key} is {number}: expected {low} to {high}")
    return {key: float(number) for key, number in found.items()}
