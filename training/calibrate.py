"""Temperatures, thresholds and routing weights from validation texts, through the served model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nlp.calibration import Calibration, Floats, Temperatures, Thresholds, sigmoid, softmax
from nlp.domain import Kind
from nlp.routing import Nearness, Router, RoutingTable
from training.metrics import quadratic_kappa

if TYPE_CHECKING:
    from corpora.reports import LabelledReport
    from nlp.city import City
    from nlp.model import Scores
    from training.batches import Labels

#: How much a miss weighs against a false alarm, as the beta of an F-measure: of a khan-cap, of a
#: text that must be hidden, and of the mere label to-cao, which a moderator sees and mends.
MISSED = {"khan_cap": 3.0, "restricted": 4.0, "to_cao": 1.5}
#: Most errors among the validation texts whose part of the answer needs no person.
AUTO_ERRORS = {"topic": 0.10, "kind": 0.04, "agency": 0.15}
#: Lines that are high enough, whatever the validation texts say: those were composed to be hard, and
#: by their lines next to nothing would go on by itself. On the development texts these let a third
#: go on, with 5 % wrong topics and 9 % agencies that would not accept.
AUTO_ENOUGH = Thresholds()

_GRID = np.linspace(0.02, 0.98, 97)
Bools = npt.NDArray[np.bool_]


def calibrate(scores: Scores, reports: Sequence[LabelledReport], labels: Labels) -> Calibration:
    """Temperatures by likelihood, then the lines between decisions.

    Args:
        scores: Raw scores of the validation texts by the served graph.
        reports: Their labels, in the same order.
        labels: Orders of kinds and topics.
    """
    kind = np.array([labels.kinds.index(r.kind) for r in reports])
    topic = np.array([labels.topics.index(r.topic) for r in reports])
    level = np.array([int(r.urgency) for r in reports])
    present = np.zeros(scores.also.shape, dtype=bool)
    for row, report in enumerate(reports):
        present[row, [labels.topics.index(slug) for slug in (report.topic, *report.also)]] = True
    lines = level[:, None] <= np.arange(1, scores.urgency.shape[1] + 1)
    temperatures = Temperatures(
        kind=_temperature(lambda t: _log_loss(softmax(scores.kind, t), kind)),
        topic=_temperature(lambda t: _log_loss(softmax(scores.topic, t), topic)),
        urgency=_temperature(lambda t: _binary_loss(sigmoid(scores.urgency, t), lines)),
        also=_temperature(lambda t: _binary_loss(sigmoid(scores.also, t), present)),
    )
    found = Calibration(temperatures)
    thresholds = _decision_lines(found, scores, kind, topic, level, labels)
    also = found.also(scores.also)
    also[np.arange(len(topic)), topic] = 0.0
    present[np.arange(len(topic)), topic] = False
    return Calibration(temperatures, replace(thresholds, also=_best_line(also, present, 1.0)))


def _decision_lines(
    found: Calibration,
    scores: Scores,
    kind: npt.NDArray[np.int64],
    topic: npt.NDArray[np.int64],
    level: npt.NDArray[np.int64],
    labels: Labels,
) -> Thresholds:
    at_least = found.at_least(scores.urgency)
    kinds, topics = found.kind(scores.kind), found.topic(scores.topic)
    accusation = labels.kinds.index(Kind.TO_CAO)
    accused = (kinds[:, accusation], kind == accusation)
    to_cao = min(0.5, _best_line(*accused, MISSED["to_cao"]))
    khan_cap = min(0.5, _best_line(at_least[:, 0], level == 1, MISSED["khan_cap"]))
    cao, binh_thuong = _ordinal_lines(at_least, level, khan_cap)
    return Thresholds(
        khan_cap=khan_cap,
        cao=cao,
        binh_thuong=binh_thuong,
        to_cao=to_cao,
        restricted=min(to_cao, _best_line(*accused, MISSED["restricted"])),
        auto_topic=min(
            AUTO_ENOUGH.auto_topic,
            _auto_line(topics.max(1), topics.argmax(1) == topic, AUTO_ERRORS["topic"]),
        ),
        auto_kind=min(
            AUTO_ENOUGH.auto_kind,
            _auto_line(kinds.max(1), kinds.argmax(1) == kind, AUTO_ERRORS["kind"]),
        ),
    )


def fit_routing(
    router: Callable[[RoutingTable], Router],
    nearness: Nearness,
    topics: Floats,
    reports: Sequence[LabelledReport],
    table: RoutingTable,
    agencies: Sequence[str],
) -> tuple[RoutingTable, float]:
    """Weights of mandate and topic by the likelihood of the accepted agencies.

    Args:
        router: Makes a router with a table.
        nearness: Cosine of each validation text to each clause.
        topics: Topic probabilities of the same texts.
        reports: Their labels.
        table: Past cases and everything that stays as it is.
        agencies: Ids in the order of the router's scores.

    Returns:
        The table with its weights, and the score over which a lead may go on by itself.
    """
    wanted = np.zeros((len(reports), len(agencies)))
    for row, report in enumerate(reports):
        for place, agency in enumerate(report.agencies):
            wanted[row, agencies.index(agency)] = 0.4 if place else 1.0
    wanted /= np.maximum(wanted.sum(1, keepdims=True), 1e-9)
    best, best_loss = table, np.inf
    for similarity in (2.0, 4.0, 6.0, 8.0, 10.0, 14.0, 18.0):
        for prior in (0.2, 0.4, 0.6, 0.8, 1.0, 1.3):
            tried = replace(table, similarity=similarity, prior=prior)
            chances = softmax(router(tried).scores(nearness, topics).astype(np.float32))
            loss = -float((wanted * np.log(chances + 1e-9)).sum(1).mean())
            if loss < best_loss:
                best, best_loss = tried, loss
    chances = softmax(router(best).scores(nearness, topics).astype(np.float32))
    right = wanted[np.arange(len(reports)), chances.argmax(1)] > 0
    line = _auto_line(chances.max(1), right, AUTO_ERRORS["agency"])
    return best, min(AUTO_ENOUGH.auto_agency, line)


def past_cases(reports: Sequence[LabelledReport]) -> dict[str, dict[str, float]]:
    """How often each agency had a topic: a lead counts once, others 0.4 times."""
    cases: dict[str, dict[str, float]] = {}
    for report in reports:
        row = cases.setdefault(report.topic, {})
        for place, agency in enumerate(report.agencies):
            row[agency] = row.get(agency, 0.0) + (0.4 if place else 1.0)
    return {topic: dict(sorted(row.items())) for topic, row in sorted(cases.items())}


def lexical_weight(encoder: Nearness, lexical: Nearness, topic: npt.NDArray[np.int64]) -> float:
    """How much the lexical scores count beside the encoder's, by likelihood after temperature."""

    def loss(weight: float) -> float:
        joined = (encoder + weight * lexical).astype(np.float32)
        temperature = _temperature(lambda t: _log_loss(softmax(joined, t), topic))
        return _log_loss(softmax(joined, temperature), topic)

    return float(min((0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0), key=loss))


def known_cases(city: City, reports: Sequence[LabelledReport]) -> list[LabelledReport]:
    """Reports whose agencies the city still has."""
    return [r for r in reports if r.agencies and all(a in city.agencies for a in r.agencies)]


def _temperature(loss: Callable[[float], float]) -> float:
    """The temperature of least loss: a coarse grid, then a fine one around its best."""
    coarse = np.exp(np.linspace(np.log(0.2), np.log(5.0), 25))
    best = min(coarse, key=loss)
    fine = best * np.exp(np.linspace(-0.12, 0.12, 13))
    return round(float(min(fine, key=loss)), 4)


def _log_loss(chances: Floats, index: npt.NDArray[np.int64]) -> float:
    return float(-np.log(chances[np.arange(len(index)), index] + 1e-12).mean())


def _binary_loss(chances: Floats, truth: Bools) -> float:
    return float(-np.log(np.where(truth, chances, 1 - chances) + 1e-12).mean())


def _best_line(chances: Floats, truth: Bools, beta: float) -> float:
    """The threshold of the best F-measure; the middle of the best ones where several tie."""
    found = np.array([_f_measure(chances >= line, truth, beta) for line in _GRID])
    return round(float(np.median(_GRID[found >= found.max() - 1e-9])), 3)


def _f_measure(guessed: Bools, truth: Bools, beta: float) -> float:
    hit = (guessed & truth).sum()
    weight = beta * beta
    return float((1 + weight) * hit / max(weight * truth.sum() + guessed.sum(), 1))


def _ordinal_lines(
    at_least: Floats, level: npt.NDArray[np.int64], khan_cap: float
) -> tuple[float, float]:
    """Lines below khan-cap that give the best quadratic kappa."""
    best, best_kappa = (0.5, 0.5), -2.0
    ones = np.ones((1, len(level)))
    for cao in np.arange(0.3, 0.71, 0.05):
        for binh_thuong in np.arange(0.3, 0.71, 0.05):
            over = at_least >= (khan_cap, cao, binh_thuong)
            found = np.where(over.any(1), over.argmax(1) + 1, 4)
            kappa = float(quadratic_kappa(ones, level - 1, found - 1, 4)[0])
            if kappa > best_kappa:
                best, best_kappa = (round(float(cao), 3), round(float(binh_thuong), 3)), kappa
    return best


def _auto_line(confidence: Floats, right: Bools, most_errors: float) -> float:
    """The lowest threshold over which errors are rare enough; 1.0 where there is none."""
    order = np.argsort(-confidence)
    errors = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    fine = np.flatnonzero(errors <= most_errors)
    fine = fine[fine >= 19]  # fewer than twenty texts prove nothing
    return round(float(confidence[order[fine[-1]]]), 4) if len(fine) else 1.0
