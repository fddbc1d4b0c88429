"""How sure a figure is: percentile intervals from resampled rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from training.metrics import Floats

#: The share of resamples that an interval holds.
CONFIDENCE = 0.95

# Resamples per block: 64 x 6,357 rows of weights and one-hot products stay below 20 MB.
_BLOCK = 64

Measured = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its bootstrap interval; NaN where it can't be computed."""

    value: float
    low: float
    high: float


def weights_of(rows: int, samples: int, seed: int) -> Iterator[Floats]:
    """Blocks of resamples, each (block, rows): how often every row was drawn."""
    generator = np.random.default_rng(seed)
    for start in range(0, samples, _BLOCK):
        block = min(_BLOCK, samples - start)
        drawn = generator.integers(0, rows, size=(block, rows))
        drawn += np.arange(block)[:, None] * rows
        counts = np.bincount(drawn.ravel(), minlength=block * rows)
        yield counts.reshape(block, rows).astype(float)


def intervals(
    measures: Mapping[str, Measured], rows: int, *, samples: int, seed: int
) -> dict[str, Interval]:
    """Every measure of the same rows, on the same resamples.

    Args:
        measures: Functions of weights (B, rows) to B figures.
        rows: Number of rows; with none, every figure is NaN.
        samples: Number of resamples; 0 gives figures without an interval.
        seed: Of the resamples.
    """
    if rows == 0:
        return {name: Interval(np.nan, np.nan, np.nan) for name in measures}
    plain = {name: float(measure(np.ones((1, rows)))[0]) for name, measure in measures.items()}
    drawn: dict[str, list[Floats]] = {name: [] for name in measures}
    for weights in weights_of(rows, samples, seed):
        for name, measure in measures.items():
            drawn[name].append(measure(weights))
    return {name: _interval(value, drawn[name]) for name, value in plain.items()}


def _interval(value: float, blocks: list[Floats]) -> Interval:
    figures = np.concatenate(blocks) if blocks else np.zeros(0)
    # A resample without the class in question has no figure; it says nothing either way.
    figures = figures[~np.isnan(figures)]
    if np.isnan(value) or figures.size == 0:
        return Interval(value, np.nan, np.nan)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(figures, [tail, 1 - tail])
    return Interval(value, float(low), float(high))
