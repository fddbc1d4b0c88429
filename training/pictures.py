"""The pictures of an evaluation: who is taken for whom, how sure, at what risk."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.classes import DECISIONS, Decided
from training.evaluation import Column, Evaluation
from training.metrics import Bools, Floats, confusion, equal_mass_bins, one_hot, risk_coverage
from training.outcomes import Labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CONFUSION, RELIABILITY, RISK_COVERAGE = "confusion.png", "reliability.png", "risk_coverage.png"

_DPI = 110
_LABEL_WIDTH = 34  # characters per line of a class name
_DECIDED = {decided.name: decided for decided in DECISIONS}

# Blue and orange stay apart for every kind of colour blindness.
_OURS, _OTHER, _GUIDE = "#1f5fa8", "#d1701c", "#888888"


def draw(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Draw all three pictures of the texts as they were sent; the folder is made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {
        CONFUSION: _confusion_figure(evaluation),
        RELIABILITY: _reliability_figure(evaluation),
        RISK_COVERAGE: _risk_figure(evaluation),
    }
    for name, figure in drawn.items():
        figure.savefig(folder / name, dpi=_DPI)
    return [folder / name for name in drawn]


def _figure(width: float, height: float) -> Figure:
    # Not pyplot: it keeps figures alive in a global list and looks for a screen.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


# ---- who is taken for whom


def _confusion_figure(evaluation: Evaluation) -> Figure:
    column = evaluation.columns[0]
    figure = _figure(13, 13)
    grid = figure.add_gridspec(2, 2, height_ratios=(2.2, 1))
    axes = {
        "group": figure.add_subplot(grid[0, :]),
        "kind": figure.add_subplot(grid[1, 0]),
        "urgency": figure.add_subplot(grid[1, 1]),
    }
    for name, axis in axes.items():
        _draw_confusion(axis, _DECIDED[name], column, evaluation)
    figure.suptitle(f"{_title(evaluation)}: rows are true, columns answered", fontsize=14)
    return figure


def _draw_confusion(axis: Axes, decided: Decided, column: Column, evaluation: Evaluation) -> None:
    labels = decided.labels(column.outcomes)
    words = decided.words(evaluation.city)
    counts = confusion(labels.true, labels.predicted, len(labels.names))
    if not counts[:, -1].any():
        counts = counts[:, :-1]  # nothing was refused
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, line in enumerate(counts):
        for place, count in enumerate(line):
            if count:
                ink = "white" if shares[row, place] > 0.5 else "black"
                axis.text(place, row, str(count), ha="center", va="center", color=ink, fontsize=10)
    names = [_wrapped(words.get(name, name)) for name in labels.names]
    axis.set_yticks(range(len(names)), [f"{name}  {n}" for n, name in enumerate(names, start=1)])
    across = [str(n) for n in range(1, len(names) + 1)]
    across += ["refused"] * (counts.shape[1] - len(names))
    axis.set_xticks(range(counts.shape[1]), across)
    axis.xaxis.tick_top()
    axis.set_title(f"{decided.title}, {_percent(labels.hit)} right", fontsize=12)


def _wrapped(label: str) -> str:
    return textwrap.fill(label, _LABEL_WIDTH)


def _percent(hit: Bools) -> str:
    return f"{hit.mean():.0%}" if hit.size else "none"


def _title(evaluation: Evaluation) -> str:
    rows = len(evaluation.columns[0].outcomes)
    return f"{evaluation.data or 'Labelled reports'}, {rows} reports"


# ---- how sure


def _reliability_figure(evaluation: Evaluation) -> Figure:
    column = evaluation.columns[0]
    figure = _figure(13, 4.8)
    for place, name in enumerate(("topic", "kind", "urgency"), start=1):
        axis = figure.add_subplot(1, 3, place)
        _draw_reliability(axis, _DECIDED[name].labels(column.outcomes))
        error = column.all.figures[f"{name}_ece"].value
        axis.set_title(f"{_DECIDED[name].title}, calibration error {error:.3f}")
    figure.suptitle(_title(evaluation), fontsize=13)
    return figure


def _draw_reliability(axis: Axes, labels: Labels) -> None:
    stated, right, size = _bins(labels)
    axis.plot([0, 1], [0, 1], color=_GUIDE, linewidth=1, linestyle="--", label="as it should be")
    axis.plot(stated, right, color=_OURS, linewidth=1)
    spread = np.abs(_wilson(right, size) - right)
    axis.errorbar(stated, right, yerr=spread, fmt="o", color=_OURS, capsize=2, label="measured")
    axis.set(xlim=(0, 1.02), ylim=(0, 1.05), xlabel="stated probability", ylabel="share right")
    axis.grid(alpha=0.3)
    axis.legend(loc="lower right")


def _wilson(share: Floats, size: Floats) -> Floats:
    """(2, bins): the 95 % interval of a share, so that a thin bin is not read as a fault."""
    z = 1.96
    middle = share + z**2 / (2 * size)
    reach = z * np.sqrt(share * (1 - share) / size + (z / (2 * size)) ** 2)
    return np.stack([middle - reach, middle + reach]) / (1 + z**2 / size)


def _bins(labels: Labels) -> tuple[Floats, Floats, Floats]:
    """Mean probability, share right and rows of every bin that holds something."""
    known = ~np.isnan(labels.probability)
    stated, right = labels.probability[known], labels.hit[known].astype(float)
    bins = equal_mass_bins(stated)
    member = one_hot(bins, int(bins.max(initial=-1)) + 1)
    size = member.sum(axis=0)
    held = size > 0
    size = size[held]
    return (stated @ member)[held] / size, (right @ member)[held] / size, size


# ---- at what risk


def _risk_figure(evaluation: Evaluation) -> Figure:
    column = evaluation.columns[0]
    outcomes = column.outcomes
    figure = _figure(8.5, 5.5)
    axis = figure.add_subplot()
    lines = (
        ("first agency would be wrong", outcomes.agency.probability, outcomes.agency_accepted),
        ("topic is wrong", outcomes.topic.probability, outcomes.topic.hit),
    )
    for (label, sureness, hit), colour in zip(lines, (_OURS, _OTHER), strict=True):
        axis.plot(*risk_coverage(sureness, hit), color=colour, label=f"{label}, by its own score")
    _draw_automatic(axis, column)
    axis.set(
        xlim=(0, 1.01),
        ylim=(0, None),
        xlabel="coverage: share of reports, the surest first",
        ylabel="risk: share wrong among them",
        title=_title(evaluation),
    )
    axis.grid(alpha=0.3)
    axis.legend(loc="upper left")
    return figure


def _draw_automatic(axis: Axes, column: Column) -> None:
    """Where the decision to send on without a person stands."""
    figures = column.all.figures
    share, agency, topic = (
        figures[name].value for name in ("auto_share", "auto_agency_error", "auto_topic_error")
    )
    if not share > 0:
        return
    for error, colour in ((agency, _OURS), (topic, _OTHER)):
        axis.plot([share], [error], marker="*", markersize=14, color=colour, linestyle="none")
    axis.axvline(share, color=_GUIDE, linewidth=1, linestyle="--")
    axis.annotate(
        f"★ decided auto: {share:.0%}",
        (share, 0),
        xytext=(6, 8),
        textcoords="offset points",
        fontsize=10,
    )
