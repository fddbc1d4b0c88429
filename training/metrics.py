"""The mathematics of evaluation, for many weightings of the same rows at once.

Every function takes ``weights`` of shape (B, n): how often each of the n rows counts in each of B
samples (all ones for the plain figure, counts of a resample for the bootstrap), and returns B
figures. A figure without a denominator is NaN. numpy alone: evaluation runs on the base
installation; the tests hold these against scikit-learn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ECE_BINS = 15


def ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, NaN where the whole is 0."""
    result: Floats = np.full(np.broadcast(part, whole).shape, np.nan)
    np.divide(part, whole, out=result, where=whole != 0)
    return result


def share(weights: Floats, hit: Bools, of: Bools | None = None) -> Floats:
    """The share of hits among all rows, or among the rows of a subset."""
    if of is None:
        return ratio(weights @ hit.astype(float), weights.sum(axis=1))
    return ratio(weights @ (hit & of).astype(float), weights @ of.astype(float))


def one_hot(values: Ints, classes: int) -> Floats:
    """(n, classes); a value of -1 (no answer) is a row of zeros."""
    return np.equal(values[:, None], np.arange(classes)[None, :]).astype(float)


def class_counts(
    weights: Floats, true: Ints, predicted: Ints, classes: int
) -> tuple[Floats, Floats, Floats]:
    """Hits, true rows and predicted rows of every class, each (B, classes)."""
    truth, answer = one_hot(true, classes), one_hot(predicted, classes)
    return weights @ (truth * answer), weights @ truth, weights @ answer


def f1(hits: Floats, true: Floats, predicted: Floats) -> Floats:
    """F1 of every class; NaN for one that neither occurs nor is predicted."""
    return ratio(2 * hits, true + predicted)


def macro_f1(weights: Floats, true: Ints, predicted: Ints, classes: int) -> Floats:
    """Mean F1 over the classes that occur or are predicted, as scikit-learn has it.

    A class that is predicted but never true counts with F1 0, so a set that holds few classes
    punishes stray predictions.
    """
    each = f1(*class_counts(weights, true, predicted, classes))
    present = ~np.isnan(each)
    return ratio(np.where(present, each, 0.0).sum(axis=1), present.sum(axis=1).astype(float))


def confusion(true: Ints, predicted: Ints, classes: int) -> Ints:
    """(classes, classes + 1): rows true, columns predicted, the last one without an answer."""
    table = np.zeros((classes, classes + 1), dtype=np.int64)
    np.add.at(table, (true, np.where(predicted < 0, classes, predicted)), 1)
    return table


def quadratic_kappa(weights: Floats, true: Ints, predicted: Ints, classes: int) -> Floats:
    """Cohen's kappa with quadratic weights, for ordered classes.

    A row without an answer counts as the class farthest from the true one: as wrong as can be.
    """
    farthest = np.where(true < classes / 2, classes - 1, 0)
    answer = np.where(predicted < 0, farthest, predicted)
    distance = (true - answer).astype(float) ** 2
    seen = weights @ distance
    levels = np.arange(classes)
    apart = (levels[:, None] - levels[None, :]).astype(float) ** 2
    margins_true = weights @ one_hot(true, classes)
    margins_answer = weights @ one_hot(answer, classes)
    by_chance = np.einsum("bi,ij,bj->b", margins_true, apart, margins_answer)
    return 1 - ratio(seen * weights.sum(axis=1), by_chance)


def equal_mass_bins(confidence: Floats, bins: int = ECE_BINS) -> Ints:
    """The bin of each row, bins of about equal size; equal confidences share a bin."""
    if confidence.size == 0:
        return np.zeros(0, dtype=np.int64)
    edges = np.unique(np.quantile(confidence, np.arange(1, bins) / bins, method="lower"))
    return np.searchsorted(edges, confidence, side="left").astype(np.int64)


def calibration_error(
    weights: Floats, confidence: Floats, hit: Bools, bins: int = ECE_BINS
) -> Floats:
    """Expected calibration error: mean distance of confidence and hits over equal-mass bins.

    The bins are those of the rows as given, for every weighting. NaN confidences (no answer) are
    left out.
    """
    known = ~np.isnan(confidence)
    kept, stated, right = weights[:, known], confidence[known], hit[known].astype(float)
    member = one_hot(equal_mass_bins(stated, bins), bins)
    gaps = np.abs(kept @ (member * (stated - right)[:, None]))
    return ratio(gaps.sum(axis=1), kept.sum(axis=1))


def _by_threshold(weights: Floats, confidence: Floats, hit: Bools) -> tuple[Floats, Floats]:
    """Rows and errors above every threshold, each (B, thresholds), most confident first."""
    # No answer is the least confident of all. Ties stay together: no threshold parts them.
    stated = np.where(np.isnan(confidence), -np.inf, confidence)
    order = np.argsort(-stated, kind="stable")
    ordered = stated[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rows = np.add.reduceat(weights[:, order], starts, axis=1)
    errors = np.add.reduceat(weights[:, order] * ~hit[order], starts, axis=1)
    return rows, errors


def risk_coverage(confidence: Floats, hit: Bools) -> tuple[Floats, Floats]:
    """Coverage and error among the covered, at every threshold, most confident rows first."""
    if confidence.size == 0:
        return np.zeros(0), np.zeros(0)
    rows, errors = _by_threshold(np.ones((1, confidence.size)), confidence, hit)
    covered = rows.cumsum(axis=1)[0]
    return covered / confidence.size, errors.cumsum(axis=1)[0] / covered


def area_under_risk(weights: Floats, confidence: Floats, hit: Bools) -> Floats:
    """AURC: the error among the covered, averaged over coverage; 0 is best."""
    if confidence.size == 0:
        return np.full(weights.shape[0], np.nan)
    rows, errors = _by_threshold(weights, confidence, hit)
    risk = ratio(errors.cumsum(axis=1), rows.cumsum(axis=1))
    weighted = np.where(rows > 0, rows * np.nan_to_num(risk), 0.0)
    return ratio(weighted.sum(axis=1), rows.sum(axis=1))


def risk_at_coverage(weights: Floats, confidence: Floats, hit: Bools, coverage: float) -> Floats:
    """The error among the most confident rows that make up at least that coverage."""
    if confidence.size == 0:
        return np.full(weights.shape[0], np.nan)
    rows, errors = _by_threshold(weights, confidence, hit)
    covered = rows.cumsum(axis=1)
    # The first threshold that reaches the coverage; a hair of slack for sums of floats.
    reached = covered >= coverage * covered[:, -1:] - 1e-9
    at = reached.argmax(axis=1)
    samples = np.arange(len(at))
    return ratio(errors.cumsum(axis=1)[samples, at], covered[samples, at])
