"""Labelled reports as tensors, through the same pipeline that serving uses."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from nlp.city import City
from nlp.domain import Kind, Report
from nlp.pipeline import TextPipeline
from nlp.routing import mandate_clauses
from training.character_noise import noisy_twin
from training.losses import Targets

if TYPE_CHECKING:
    from torch import Tensor

    from corpora.reports import LabelledReport


#: Share of texts that are read with noise where texts and twins do not go together.
NOISY_SHARE = 0.6


@dataclass(frozen=True)
class Labels:
    """Label orders of a model; they travel in its manifest."""

    kinds: tuple[Kind, ...]
    topics: tuple[str, ...]
    agencies: tuple[str, ...]

    @classmethod
    def of(cls, city: City) -> Labels:
        """The orders of a city's files."""
        return cls(tuple(Kind), tuple(city.taxonomy.topics), tuple(city.agencies))


@dataclass(frozen=True)
class Batch:
    """Padded texts with their labels.

    ``ids`` and ``mask`` have n rows, or 2n where each text goes with its noisy twin: n texts, then
    their twins.
    """

    ids: Tensor
    mask: Tensor
    targets: Targets


def padded(rows: Sequence[Sequence[int]], pad_id: int, device: str) -> tuple[Tensor, Tensor]:
    """Rows of ids as one tensor with its mask; lengths rounded up to a multiple of 8."""
    longest = -(-max(map(len, rows)) // 8) * 8
    ids = torch.full((len(rows), longest), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    return ids.to(device), mask.to(device)


class TrainingTexts:
    """Training texts in model form; hands out batches with fresh noise in every epoch."""

    def __init__(
        self,
        reports: Sequence[LabelledReport],
        labels: Labels,
        pipeline: TextPipeline,
        *,
        pad_id: int,
        device: str,
    ) -> None:
        """Read the texts once."""
        self._texts = [pipeline.read(Report(r.id, r.text)).model_text for r in reports]
        self._pipeline, self._pad_id, self._device = pipeline, pad_id, device
        self._targets = _targets(reports, labels)

    def __len__(self) -> int:
        """Number of texts."""
        return len(self._texts)

    @property
    def kind_counts(self) -> Tensor:
        """How often each kind occurs, at least once."""
        counts = torch.bincount(self._targets.kind, minlength=len(Kind)).float()
        return counts.clamp(min=1)

    def epoch(self, batch: int, rng: random.Random, *, twins: bool) -> Iterator[Batch]:
        """All texts once, in random order, texts of like length together.

        Args:
            batch: Texts of a batch.
            rng: Source of the order and of the noise.
            twins: Give each text beside its noisy twin; else one of the two, by chance.
        """
        order = list(range(len(self._texts)))
        rng.shuffle(order)
        pool = batch * 16
        batches: list[list[int]] = []
        for start in range(0, len(order), pool):
            near = sorted(order[start : start + pool], key=lambda i: len(self._texts[i]))
            batches += [near[i : i + batch] for i in range(0, len(near), batch)]
        rng.shuffle(batches)
        for rows in batches:
            yield self._batch(rows, rng, twins)

    def _batch(self, rows: list[int], rng: random.Random, twins: bool) -> Batch:
        texts = [self._texts[i] for i in rows]
        if twins:
            texts += [noisy_twin(text, rng) for text in texts]
        else:
            texts = [noisy_twin(t, rng) if rng.random() < NOISY_SHARE else t for t in texts]
        windows = self._pipeline.windows_of(texts)
        # A window of a long text chosen anew each time: its matter may come last.
        ids, mask = padded([rng.choice(w) for w in windows], self._pad_id, self._device)
        index = torch.tensor(rows)
        t = self._targets
        chosen = (t.kind, t.topic, t.urgency, t.present, t.agencies)
        return Batch(ids, mask, Targets(*(part[index].to(self._device) for part in chosen)))


@dataclass(frozen=True)
class Clauses:
    """All mandate clauses as token rows, and the agency of each."""

    rows: list[list[int]]
    owner: Tensor

    @classmethod
    def of(cls, city: City, pipeline: TextPipeline, device: str) -> Clauses:
        """The clauses of a city in the order of ``nlp.routing.mandate_clauses``."""
        texts = [pipeline.read(Report("", clause)).model_text for clause in mandate_clauses(city)]
        owner = [n for n, agency in enumerate(city.agencies.values()) for _ in agency.mandate]
        rows = [windows[0] for windows in pipeline.windows_of(texts)]
        return cls(rows, torch.tensor(owner, device=device))


def _targets(reports: Sequence[LabelledReport], labels: Labels) -> Targets:
    topic = {slug: n for n, slug in enumerate(labels.topics)}
    kind = {k: n for n, k in enumerate(labels.kinds)}
    agency = {a: n for n, a in enumerate(labels.agencies)}
    present = torch.zeros(len(reports), len(topic))
    agencies = torch.zeros(len(reports), len(agency))
    for row, report in enumerate(reports):
        for slug in (report.topic, *report.also):
            present[row, topic[slug]] = 1.0
        for place, name in enumerate(report.agencies):
            # The lead weighs twice as much as all the others that would also be right.
            agencies[row, agency[name]] = 1.0 if place == 0 else 0.5 / (len(report.agencies) - 1)
    agencies /= agencies.sum(1, keepdim=True).clamp(min=1e-6)
    return Targets(
        kind=torch.tensor([kind[r.kind] for r in reports]),
        topic=torch.tensor([topic[r.topic] for r in reports]),
        urgency=torch.tensor([int(r.urgency) for r in reports]),
        present=present,
        agencies=agencies,
    )
