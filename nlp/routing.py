"""Who is responsible: the text's nearness to mandates, joined with topic, place and hard rules.

One score per agency: how near the text lies to the agency's best mandate clauses, and how often
the text's likely topics are the agency's, by past cases where there are any and by the owner lists
of the taxonomy where there are none. Rules that stand above every score come last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nlp.calibration import Floats, softmax
from nlp.city import Agency, City
from nlp.denunciation import AccusedOffices
from nlp.domain import AgencySuggestion, Kind, WardFinding

#: Cosines of texts to mandate clauses, in the precision of the model.
Nearness = npt.NDArray[np.floating[Any]]

#: What a ward-level agency is called while the ward is open.
OPEN_WARD = "phường/xã (chưa rõ nơi)"
#: Agencies in an answer: never fewer than three, more only where their scores say something.
FEWEST, MOST, WORTH_SHOWING = 3, 5, 0.05


@dataclass(frozen=True)
class RoutingTable:
    """The learnt part of routing.

    Attributes:
        similarity: Weight of the nearness to the mandate.
        prior: Weight of the logarithm of the agency's share in the topic.
        sharpness: Temperature under which an agency's clauses are joined; small means the best
            clause alone counts.
        trust: How many past cases weigh as much as the owner lists.
        cases: Past cases by topic and agency id.
    """

    similarity: float = 20.0
    prior: float = 1.0
    sharpness: float = 0.05
    trust: float = 5.0
    cases: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The table of a manifest."""
        cases = {t: {a: float(n) for a, n in row.items()} for t, row in value["cases"].items()}
        numbers = {k: float(value[k]) for k in ("similarity", "prior", "sharpness", "trust")}
        return cls(**numbers, cases=cases)

    def to_json(self) -> dict[str, Any]:
        """The table as JSON values."""
        return {**self.__dict__, "cases": {t: dict(row) for t, row in self.cases.items()}}


@dataclass(frozen=True)
class Asked:
    """What routing looks at for one text.

    Attributes:
        embedding: Unit vector of the text, shape (width,).
        topics: Probabilities in the order of the model's topics.
        topic: The decided topic.
        kind: The decided kind.
        text: Canonical text, read only for the names of accused offices.
        ward: What the text says of the ward.
        day: The day for which agencies must exist.
    """

    embedding: npt.NDArray[np.float32]
    topics: Floats
    topic: str
    kind: Kind
    text: str
    ward: WardFinding
    day: date


class Router:
    """Suggests agencies for one city by one model. Safe to share between threads."""

    def __init__(
        self,
        city: City,
        topics: Sequence[str],
        clauses: npt.NDArray[np.float32],
        table: RoutingTable,
    ) -> None:
        """Prepare the tables.

        Args:
            city: The agencies with their mandates, and the taxonomy with its owners.
            topics: Topics in the order of the model's probabilities.
            clauses: Unit vectors of all mandate clauses in the order of ``mandate_clauses``.
            table: The learnt part.
        """
        self._city = city
        self._agencies = list(city.agencies.values())
        self._clauses = clauses
        self._texts = mandate_clauses(city)
        sizes = [len(agency.mandate) for agency in self._agencies]
        self._starts = np.cumsum([0, *sizes[:-1]])
        self._table = table
        self._shares = topic_shares(city, topics, table)
        self._accused = AccusedOffices(self._agencies)
        self._clause_words = [_words(text) for text in self._texts]
        self._words = {t.slug: _words(t.label) for t in city.taxonomy.topics.values()}

    def suggest(self, asked: Asked) -> tuple[AgencySuggestion, ...]:
        """At least three agencies (if the city has them), best first, scores summing up to 1."""
        nearness = self._clauses @ asked.embedding
        allowed = self._allowed(asked)
        scores = softmax(
            np.where(allowed, self.scores(nearness[None], asked.topics[None])[0], -np.inf)
        )
        order = [int(i) for i in np.argsort(-scores, kind="stable") if allowed[i]]
        shown = [i for n, i in enumerate(order[:MOST]) if n < FEWEST or scores[i] >= WORTH_SHOWING]
        return tuple(
            AgencySuggestion(
                id=self._agencies[i].id,
                name=self._name(self._agencies[i], asked.ward),
                role="candidate" if n else "lead",
                score=round(float(scores[i]), 4),
                because=self._best_clause(i, nearness, asked.topic),
            )
            for n, i in enumerate(shown)
        )

    def scores(self, nearness: Nearness, topics: Floats) -> Floats:
        """Log-scores of every agency before the hard rules.

        Args:
            nearness: Cosine of each text to each clause, shape (n, clauses).
            topics: Probabilities, shape (n, topics).

        Returns:
            Shape (n, agencies).
        """
        near = joined_nearness(nearness, self._starts, self._table.sharpness)
        share = np.log(topics @ self._shares + 1e-4)
        return self._table.similarity * near + self._table.prior * share

    def _allowed(self, asked: Asked) -> npt.NDArray[np.bool_]:
        """The hard rules: agencies that exist, and no accused's own office."""
        allowed = np.array([agency.valid_on(asked.day) for agency in self._agencies])
        if asked.kind is not Kind.TO_CAO:
            return allowed
        barred = self._accused.named_in(asked.text)
        allowed &= np.array([agency.id not in barred for agency in self._agencies])
        if self._city.taxonomy.topics[asked.topic].restricted:
            receivers = np.array([agency.receives_denunciations for agency in self._agencies])
            if (allowed & receivers).any():
                allowed &= receivers
        return allowed

    def _name(self, agency: Agency, ward: WardFinding) -> str:
        if agency.ward_name is None:
            return agency.name
        if ward.ward_code is None:
            return agency.ward_name.format(ward=OPEN_WARD)
        name = self._city.gazetteer.by_code[ward.ward_code].name
        return agency.ward_name.format(ward=name[0].lower() + name[1:])

    def _best_clause(self, agency: int, nearness: Nearness, topic: str) -> str:
        """The clause to quote: near to the text, and in the words of the decided topic.

        An agency's clauses lie close together around its reports, so nearness alone often quotes
        a neighbouring duty: humps and mirrors for a hole in an alley.
        """
        start = int(self._starts[agency])
        own = range(start, start + len(self._agencies[agency].mandate))
        label = self._words[topic]
        best = max(own, key=lambda i: nearness[i] + len(label & self._clause_words[i]) / len(label))
        return self._texts[best]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+", text.lower()))


def mandate_clauses(city: City) -> list[str]:
    """All mandate clauses of a city, agency by agency."""
    return [clause for agency in city.agencies.values() for clause in agency.mandate]


def joined_nearness(nearness: Nearness, starts: npt.NDArray[np.int64], sharpness: float) -> Floats:
    """Nearness to agencies from that to their clauses: a soft maximum; (n, clauses) to (n, agencies).

    Normalised by nothing: an agency with two fitting clauses is a little nearer than with one.
    """
    powers = np.exp((nearness.astype(np.float64) - 1.0) / sharpness)
    return 1.0 + sharpness * np.log(np.add.reduceat(powers, starts, axis=1))


def topic_shares(city: City, topics: Sequence[str], table: RoutingTable) -> Floats:
    """Share of each agency in each topic, shape (topics, agencies).

    Past cases and the owner lists are mixed, so that an agency or an owner added to the data
    counts at once.
    """
    column = {agency: number for number, agency in enumerate(city.agencies)}
    shares = np.zeros((len(topics), len(column)))
    for row, slug in enumerate(topics):
        owners = _owner_weights(city, slug)
        cases = {a: n for a, n in table.cases.get(slug, {}).items() if a in column}
        for agency, weight in owners.items():
            shares[row, column[agency]] += table.trust * weight
        for agency, count in cases.items():
            shares[row, column[agency]] += count
        shares[row] /= max(shares[row].sum(), 1e-9)
    return shares


def _owner_weights(city: City, slug: str) -> dict[str, float]:
    """Owners of a topic, the first named twice as heavy as the second, and so on; sum 1."""
    topic = city.taxonomy.topics[slug]
    weights: dict[str, float] = {}
    for owners in (topic.city_owners, topic.ward_owners):
        for place, agency in enumerate(owners):
            if agency in city.agencies:
                weights[agency] = max(weights.get(agency, 0.0), 0.5**place)
    for each in city.agencies.values():
        if slug in each.topics:
            weights.setdefault(each.id, 0.25)
    total = sum(weights.values())
    return {agency: weight / total for agency, weight in weights.items()}
