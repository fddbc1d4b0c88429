"""The story of ``phananh evaluate``: read, ask, measure, compare, print, save."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import corpora
from corpora.reports import LabelledReport, read_reports
from nlp.city import City
from training.comparison import Comparison, compare
from training.evaluation import Evaluation, Predicting, Progress, evaluate
from training.markdown import difference, figure
from training.measures import HEAD
from training.pictures import draw
from training.report import write_report

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["BASELINE_ROWS", "evaluate", "run"]

#: What the rival learns from where nothing else is named.
BASELINE_ROWS = Path(corpora.__file__).parent / "reports" / "train.jsonl"

_SECONDS_BETWEEN_LINES = 10.0


def run(
    file: Path,
    model: Path | None = None,
    out: Path | None = None,
    *,
    baseline: bool = False,
    baseline_rows: Path = BASELINE_ROWS,
    no_accents: bool = False,
    agencies: Path | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
    predictor: Predicting | None = None,
) -> Evaluation:
    """Measure a model on a file of labelled reports and print the head figures.

    Args:
        file: Labelled reports, JSON lines.
        model: Folder of an artifact or of a registry; without it, the one that is served.
        out: Folder for ``evaluation.json``, ``evaluation.md`` and the pictures.
        baseline: Also train the linear rival and compare; needs scikit-learn.
        baseline_rows: What the rival learns from; texts of ``file`` are left out.
        no_accents: Ask every text a second time, without its accents.
        agencies: YAML file of agencies instead of the city's own.
        bootstrap: Resamples behind every interval.
        seed: Of the resamples.
        predictor: Instead of the model in ``model``.

    Returns:
        The evaluation; its columns tell what was refused.

    Raises:
        ReportsInvalid: The file is wrong.
        ArtifactInvalid: The model is.
        ExtraMissing: ``baseline`` without scikit-learn.
    """
    predictor = predictor or _load(model, agencies)
    reports = read_reports(file, predictor.city.taxonomy, city=predictor.city)
    data = f"{file.resolve().parent.name}/{file.stem}"

    measured = partial(
        _measured, reports=reports, data=data, bootstrap=bootstrap, seed=seed, strip=no_accents
    )
    ours = measured(predictor)
    rival = measured(_rival(baseline_rows, reports, predictor.city)) if baseline else None
    comparisons = [] if rival is None else compare(ours, rival)
    _show(ours, comparisons)
    if out is not None:
        write_report(ours, out, comparisons)
        draw(ours, out)
    return ours


def _measured(
    asked: Predicting,
    reports: Sequence[LabelledReport],
    *,
    data: str,
    bootstrap: int,
    seed: int,
    strip: bool,
) -> Evaluation:
    with _progress(len(reports) * (1 + strip)) as progress:
        return evaluate(
            asked,
            reports,
            bootstrap=bootstrap,
            seed=seed,
            strip=strip,
            data=data,
            progress=progress,
        )


def _load(model: Path | None, agencies: Path | None) -> Predicting:
    from corpora.city_files import load_city
    from nlp.predictor import Predictor
    from nlp.registry import served_artifact

    return Predictor.from_artifact(served_artifact(model), load_city(agencies=agencies))


def _rival(rows: Path, asked: Sequence[LabelledReport], city: City) -> Predicting:
    from training.baseline import fit_baseline

    texts = {report.text for report in asked}
    learned = [report for report in read_reports(rows, city.taxonomy) if report.text not in texts]
    return fit_baseline(learned, city)


@contextmanager
def _progress(total: int) -> Iterator[Progress]:
    """A bar for a person at a terminal, JSON lines on the error stream for anything else."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _json_lines(total)
        return
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task("reports", total=total)
        yield lambda done: bar.advance(task, done)


def _json_lines(total: int) -> Progress:
    answered, due = 0, time.monotonic() + _SECONDS_BETWEEN_LINES

    def progress(done: int) -> None:
        nonlocal answered, due
        answered += done
        if time.monotonic() >= due:
            due = time.monotonic() + _SECONDS_BETWEEN_LINES
            line = {"event": "progress", "answered": answered, "total": total}
            sys.stderr.write(json.dumps(line) + "\n")

    return progress


def _show(evaluation: Evaluation, comparisons: Sequence[Comparison]) -> None:
    from rich.console import Console

    console = Console()
    console.print(_head(evaluation))
    for column in evaluation.columns:
        if column.refusals:
            console.print(f"{column.name}: {len(column.refusals)} refused, counted as wrong")
    if comparisons:
        console.print(_against(comparisons))


def _head(evaluation: Evaluation) -> Table:
    from rich.table import Table

    rows = len(evaluation.columns[0].outcomes)
    table = Table(title=f"{evaluation.data}: {rows} reports, model {evaluation.model_version}")
    table.add_column("measure")
    for column in evaluation.columns:
        table.add_column(column.name, justify="right")
    for measure in HEAD:
        shown = (figure(column.all.figures[measure.name]) for column in evaluation.columns)
        table.add_row(measure.label, *shown)
    return table


def _against(comparisons: Sequence[Comparison]) -> Table:
    from rich.table import Table

    table = Table(title="ours against the baseline")
    for name in ("texts", "measure"):
        table.add_column(name)
    for name in ("difference", "better"):
        table.add_column(name, justify="right")
    for each in comparisons:
        shown = difference(each.difference)
        table.add_row(each.column, each.measure.label, shown, each.winner)
    return table
