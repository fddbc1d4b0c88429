"""Two evaluations of the same reports against each other: the table that decides on shipping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from training.bootstrap import Interval, intervals
from training.evaluation import Column, Evaluation
from training.measures import HEAD, Measure
from training.metrics import Floats

OURS, RIVAL, OPEN = "ours", "baseline", "open"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure on one set, ours against the rival's."""

    data: str
    column: str  # as sent, or without accents
    rows: int
    measure: Measure
    ours: float
    rival: float
    difference: Interval  # ours minus the rival's, on the same resamples

    @property
    def winner(self) -> str:
        """Who is better beyond the interval of the difference; ``open`` where it holds 0."""
        low, high = self.difference.low, self.difference.high
        if not self.measure.higher_is_better:
            low, high = -high, -low
        if low > 0:
            return OURS
        return RIVAL if high < 0 else OPEN


def compare(
    ours: Evaluation, rival: Evaluation, measures: Iterable[Measure] = HEAD
) -> list[Comparison]:
    """Every measure on every column that both have, with paired bootstrap intervals.

    Resamples are those of ``ours`` (its number and seed): each draws the same rows for both.

    Raises:
        ValueError: The two were asked different reports.
    """
    columns = {column.name: column for column in rival.columns}
    return [
        comparison
        for column in ours.columns
        if column.name in columns
        for comparison in _columns(ours, column, columns[column.name], tuple(measures))
    ]


def _columns(
    evaluation: Evaluation, ours: Column, rival: Column, measures: tuple[Measure, ...]
) -> list[Comparison]:
    if ours.outcomes.ids != rival.outcomes.ids:
        raise ValueError("the evaluations are of different reports; expected the same ids")
    rows = len(ours.outcomes)
    differences = {measure.name: partial(_difference, measure, ours, rival) for measure in measures}
    found = intervals(differences, rows, samples=evaluation.bootstrap, seed=evaluation.seed)
    return [
        Comparison(
            evaluation.data,
            ours.name,
            rows,
            measure,
            ours.all.figures[measure.name].value,
            rival.all.figures[measure.name].value,
            found[measure.name],
        )
        for measure in measures
    ]


def _difference(measure: Measure, ours: Column, rival: Column, weights: Floats) -> Floats:
    return measure.of(ours.outcomes, weights) - measure.of(rival.outcomes, weights)
