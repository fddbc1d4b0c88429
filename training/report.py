"""An evaluation as JSON for machines, and both its reports as files. No report's text is in it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.bootstrap import CONFIDENCE, Interval
from training.classes import DECISIONS, ClassFigures, Decided, class_figures
from training.comparison import Comparison
from training.evaluation import Column, Evaluation, SliceFigures
from training.markdown import to_markdown
from training.metrics import confusion, risk_coverage

JSON_FILE = "evaluation.json"
MARKDOWN_FILE = "evaluation.md"


def write_report(
    evaluation: Evaluation, folder: Path, comparisons: Sequence[Comparison] = ()
) -> list[Path]:
    """Write ``evaluation.json`` and ``evaluation.md``; the folder is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(
        to_json(evaluation, comparisons), ensure_ascii=False, indent=1, allow_nan=False
    )
    written = [folder / JSON_FILE, folder / MARKDOWN_FILE]
    written[0].write_text(content + "\n", encoding="utf-8")
    written[1].write_text(to_markdown(evaluation, comparisons), encoding="utf-8")
    return written


def to_json(evaluation: Evaluation, comparisons: Sequence[Comparison] = ()) -> dict[str, Any]:
    """The evaluation as JSON values; a figure that can't be computed is null."""
    return {
        "data": evaluation.data,
        "rows": len(evaluation.columns[0].outcomes),
        "model_version": evaluation.model_version,
        "taxonomy_version": evaluation.city.taxonomy.version,
        "agencies_version": evaluation.city.agencies_version,
        "bootstrap": {
            "samples": evaluation.bootstrap,
            "seed": evaluation.seed,
            "confidence": CONFIDENCE,
        },
        "columns": [_column_json(evaluation, column) for column in evaluation.columns],
        "comparison": [_comparison_json(comparison) for comparison in comparisons],
    }


def _column_json(evaluation: Evaluation, column: Column) -> dict[str, object]:
    outcomes = column.outcomes
    coverage, risk = risk_coverage(outcomes.agency.probability, outcomes.agency_accepted)
    return {
        "name": column.name,
        "slices": [_slice_json(part) for part in column.slices],
        "classes": {
            decided.name: [
                _class_json(figures)
                for figures in class_figures(decided, outcomes, evaluation.city)
            ]
            for decided in DECISIONS
        },
        "confusion": {decided.name: _confusion_json(decided, column) for decided in DECISIONS},
        "agency_risk_coverage": {
            "coverage": [round(float(share), 4) for share in coverage],
            "risk": [round(float(share), 4) for share in risk],
        },
        "refused": [{"id": refusal.id, "code": refusal.code} for refusal in column.refusals],
    }


def _slice_json(part: SliceFigures) -> dict[str, object]:
    return {
        "name": part.slice.name,
        "holds": part.slice.holds,
        "rows": part.rows,
        "figures": {name: _interval_json(figure) for name, figure in part.figures.items()},
    }


def _confusion_json(decided: Decided, column: Column) -> dict[str, object]:
    """Rows are true, columns answered; the last column holds what was refused."""
    labels = decided.labels(column.outcomes)
    counts = confusion(labels.true, labels.predicted, len(labels.names))
    return {"classes": list(labels.names), "counts": counts.tolist()}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _interval_json(figure: Interval) -> dict[str, float | None]:
    return {
        "value": _number(figure.value),
        "low": _number(figure.low),
        "high": _number(figure.high),
    }


def _class_json(figures: ClassFigures) -> dict[str, object]:
    return {
        "name": figures.name,
        "label": figures.label,
        "rows": figures.rows,
        "precision": _number(figures.precision),
        "recall": _number(figures.recall),
        "f1": _number(figures.f1),
    }


def _comparison_json(comparison: Comparison) -> dict[str, object]:
    return {
        "data": comparison.data,
        "column": comparison.column,
        "rows": comparison.rows,
        "measure": comparison.measure.name,
        "ours": _number(comparison.ours),
        "baseline": _number(comparison.rival),
        "difference": _interval_json(comparison.difference),
        "better": comparison.winner,
    }
