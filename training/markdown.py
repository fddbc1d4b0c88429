"""An evaluation as a Markdown page. It tells numbers and ids, never a report's text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from training.bootstrap import CONFIDENCE, Interval
from training.classes import DECISIONS, Decided, class_figures
from training.comparison import Comparison
from training.evaluation import Column, Evaluation
from training.measures import HEAD, MEASURES, Measure

_INTRODUCTION = """\
{rows} reports · model `{version}` · taxonomy `{taxonomy}`

In brackets: the {confidence:.0%} interval over {bootstrap} bootstrap resamples. A dash: can't be
measured here, because no report is of that class. A refused report is wrong in every respect.
Figures with ↓ are better when lower. The interval of a macro-F1 over many small classes leans low,
for a resample misses some of their reports."""

_COMPARISON = """\
`better` is decided by the interval of the paired difference; `open` where it holds 0."""

# The head figures that a slice of some dozens of reports can carry.
_SLICED = (
    "leaf_accuracy",
    "hit_at_3",
    "agency_top_1",
    "agency_accepted",
    "agency_top_3",
    "khan_cap_recall",
    "urgency_qwk",
    "kind_accuracy",
)


def to_markdown(evaluation: Evaluation, comparisons: Sequence[Comparison] = ()) -> str:
    """The page: at a glance, against the baseline, every figure, slices, classes, refusals."""
    introduction = _INTRODUCTION.format(
        rows=len(evaluation.columns[0].outcomes),
        version=evaluation.model_version or "none",
        taxonomy=evaluation.city.taxonomy.version,
        confidence=CONFIDENCE,
        bootstrap=evaluation.bootstrap,
    )
    sections = [
        f"# Evaluation: {evaluation.data or 'labelled reports'}",
        introduction,
        "## At a glance",
        _figures_table(evaluation, HEAD),
        *(["## Against the baseline", comparison_table(comparisons)] if comparisons else []),
        "## Further figures",
        _figures_table(evaluation, [m for m in MEASURES if m not in HEAD]),
        *_each_column(evaluation, "Slices", _slices_table),
        *_class_sections(evaluation),
        *_each_column(evaluation, "Refused", _refusals),
    ]
    return "\n\n".join(sections) + "\n"


def comparison_table(comparisons: Sequence[Comparison]) -> str:
    """The ship table, with a count of who is better how often."""
    rows = [
        [
            f"{each.data}, {each.column}",
            each.measure.label + _direction(each.measure),
            _figure(each.ours),
            _figure(each.rival),
            difference(each.difference),
            each.winner,
        ]
        for each in comparisons
    ]
    winners = [each.winner for each in comparisons]
    tally = ", ".join(f"{name} {winners.count(name)}" for name in ("ours", "baseline", "open"))
    header = ["set", "measure", "ours", "baseline", "difference", "better"]
    return f"{_COMPARISON} Of {len(rows)} lines: {tally}.\n\n{_table(header, rows, 'llrrrl')}"


def figure(interval: Interval) -> str:
    """``0.81 [0.77, 0.85]``; a dash where it can't be computed."""
    if math.isnan(interval.low):
        return _figure(interval.value)
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def difference(interval: Interval) -> str:
    """``+0.04 [+0.01, +0.07]``; a dash where it can't be computed."""
    if math.isnan(interval.low):
        return "–" if math.isnan(interval.value) else f"{interval.value:+.3f}"
    return f"{interval.value:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"


def _direction(measure: Measure) -> str:
    return "" if measure.higher_is_better else " ↓"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    """A Markdown table; ``align`` has a letter per column, ``l`` or ``r``."""
    marks = [":--" if letter == "l" else "--:" for letter in align]
    lines = [header, marks, *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _figures_table(evaluation: Evaluation, measures: Sequence[Measure]) -> str:
    rows = [
        [
            measure.label + _direction(measure),
            *(figure(column.all.figures[measure.name]) for column in evaluation.columns),
        ]
        for measure in measures
    ]
    header = ["measure", *(column.name for column in evaluation.columns)]
    return _table(header, rows, "l" + "r" * len(evaluation.columns))


def _each_column(evaluation: Evaluation, title: str, told: Callable[[Column], str]) -> list[str]:
    """A section per column that has something to tell."""
    sections = []
    for column in evaluation.columns:
        content = told(column)
        if content:
            sections += [f"## {title}, {column.name}", content]
    return sections


def _slices_table(column: Column) -> str:
    chosen = [measure for measure in MEASURES if measure.name in _SLICED]
    rows = [
        [
            part.slice.holds,
            str(part.rows),
            *(figure(part.figures[measure.name]) for measure in chosen),
        ]
        for part in column.slices
    ]
    header = ["slice", "rows", *(measure.label for measure in chosen)]
    return _table(header, rows, "lr" + "r" * len(chosen))


def _refusals(column: Column) -> str:
    return (
        _table(["id", "code"], [[each.id, each.code] for each in column.refusals], "ll")
        if column.refusals
        else ""
    )


def _class_sections(evaluation: Evaluation) -> list[str]:
    first = evaluation.columns[0]
    return [
        part
        for decided in DECISIONS
        for part in (f"## {decided.title}", _classes_table(evaluation, decided, first))
    ]


def _classes_table(evaluation: Evaluation, decided: Decided, column: Column) -> str:
    rows = [
        [
            f"`{each.name}`",
            each.label,
            str(each.rows),
            _figure(each.precision),
            _figure(each.recall),
            _figure(each.f1),
        ]
        for each in class_figures(decided, column.outcomes, evaluation.city)
    ]
    return _table(["class", "", "rows", "precision", "recall", "F1"], rows, "llrrrr")
