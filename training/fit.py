"""The fine-tuning loop: all heads at once, clean texts beside their noisy twins."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

from training import losses
from training.batches import Batch, Clauses, Labels, TrainingTexts, padded
from training.checkpoint import load_checkpoint, save_checkpoint
from training.network import Outputs, ReaderNetwork

if TYPE_CHECKING:
    from torch import Tensor

    from nlp.city import City
    from training.recipe import Recipe

Report = Callable[[dict[str, float]], None]


@dataclass
class Schedule:
    """How far a run is, by epochs or by the clock, whichever ends first."""

    steps: int
    warm_up: float
    minutes: float | None
    started: float
    step: int = 0

    @property
    def progress(self) -> float:
        """Share of the run that is done, 0..1."""
        done = self.step / self.steps
        if self.minutes is not None:
            gone = time.monotonic() - self.started
            done = max(done, gone / max(60 * self.minutes, 1e-9))
        return min(done, 1.0)

    @property
    def scale(self) -> float:
        """Share of the peak rate now: straight up, then a half cosine down to zero."""
        warm = (self.step + 1) / max(1, int(self.steps * self.warm_up))
        return min(1.0, warm) * 0.5 * (1.0 + math.cos(math.pi * self.progress))


class Fitting:
    """One run on one device."""

    def __init__(
        self,
        network: ReaderNetwork,
        texts: TrainingTexts,
        clauses: Clauses,
        city: City,
        labels: Labels,
        recipe: Recipe,
        *,
        pad_id: int,
        device: str,
    ) -> None:
        """Prepare optimiser, averages and the memory of clauses."""
        self.network, self.recipe = network.to(device), recipe
        self._texts, self._clauses = texts, clauses
        self._pad_id, self._device = pad_id, device
        groups = {slug: n for n, slug in enumerate(g.slug for g in city.taxonomy.groups)}
        group_of = [groups[city.taxonomy.topics[t].group] for t in labels.topics]
        self._group_of = torch.tensor(group_of, device=device)
        counts = texts.kind_counts.to(device)
        self._log_prior = (counts / counts.sum()).log()
        self._optimiser = torch.optim.AdamW(parameter_groups(network, recipe), betas=(0.9, 0.98))
        self._memory: Tensor | None = None
        self._pair_loss = MultipleNegativesRankingLoss(
            None,  # type: ignore[arg-type]  # it ranks vectors; the model is ours
            scale=1.0 / recipe.sharpness,
        )
        self._average_decay = 0.0
        self.average = {k: v.detach().clone() for k, v in network.state_dict().items()}

    def run(self, report: Report, *, minutes: float | None, checkpoint: Path | None) -> None:
        """Train to the end; afterwards the network has the averaged weights.

        Args:
            report: Gets figures about every epoch.
            minutes: Wall clock at which the run is over, however many epochs are done.
            checkpoint: Folder to resume from and to write to after each epoch.
        """
        per_epoch = math.ceil(len(self._texts) / self.recipe.batch)
        schedule = Schedule(
            per_epoch * self.recipe.epochs, self.recipe.warm_up, minutes, time.monotonic()
        )
        self._average_decay = 1.0 - 1.0 / max(1.0, self.recipe.average * schedule.steps)
        first = self._resume(checkpoint, schedule, per_epoch)
        for epoch in range(first, self.recipe.epochs):
            if schedule.progress >= 1.0:
                break
            # A seed of its own for every epoch: a resumed run sees what an unbroken one sees.
            rng = random.Random(f"{self.recipe.seed}-{epoch}")
            torch.manual_seed(self.recipe.seed * 1000 + epoch)
            total = self._epoch(rng, schedule)
            report({"epoch": epoch + 1, "loss": total, "progress": schedule.progress})
            if checkpoint is not None:
                save_checkpoint(checkpoint, self.network, self.average, self._optimiser, epoch + 1)
        self.network.load_state_dict(self.average)
        self.network.eval()

    def _resume(self, checkpoint: Path | None, schedule: Schedule, per_epoch: int) -> int:
        done = 0
        if checkpoint is not None:
            done = load_checkpoint(checkpoint, self.network, self.average, self._optimiser)
        schedule.step = done * per_epoch
        return done

    def _epoch(self, rng: random.Random, schedule: Schedule) -> float:
        self.network.train()
        self._memory = None  # read anew, as in a run that is resumed here
        total, steps = 0.0, 0
        for batch in self._texts.epoch(self.recipe.batch, rng, twins=self.recipe.twins):
            if schedule.progress >= 1.0:
                break
            for group in self._optimiser.param_groups:
                group["lr"] = group["peak"] * schedule.scale
            loss = self._loss(batch, rng)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self._optimiser.step()
            self._optimiser.zero_grad(set_to_none=True)
            schedule.step += 1
            self._update_average(schedule.step)
            total, steps = total + float(loss.detach()), steps + 1
        return total / max(steps, 1)

    @torch.no_grad()
    def _update_average(self, step: int) -> None:
        decay = min(self._average_decay, (1 + step) / (10 + step))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def _loss(self, batch: Batch, rng: random.Random) -> Tensor:
        with torch.autocast(self._device, torch.bfloat16):
            both = self.network(batch.ids, batch.mask)
        both = Outputs(*(getattr(both, n).float() for n in Outputs.__dataclass_fields__))
        n, t, w = len(batch.targets.topic), batch.targets, self.recipe.weights
        paired = len(batch.ids) == 2 * n
        if paired:
            parts = (t.kind, t.topic, t.urgency, t.present, t.agencies)
            t = losses.Targets(*(torch.cat((part, part)) for part in parts))
        near = self._agency_loss(both.embedding, t.agencies, rng)
        loss = (
            losses.topic_loss(both.topic, t.topic, self._group_of, w)
            + w.kind * losses.kind_loss(both.kind, t.kind, self._log_prior, w)
            + w.urgency * losses.urgency_loss(both.urgency, t.urgency, w)
            + w.also * losses.also_loss(both.also, t.present)
            + w.agency * near
        )
        if paired:
            halves = (_rows(both, slice(n)), _rows(both, slice(n, None)))
            loss = loss + w.twin * losses.twin_loss(*halves)
        return loss

    def _agency_loss(self, reports: Tensor, wanted: Tensor, rng: random.Random) -> Tensor:
        """Draw reports to their agencies' mandates: over all clauses, and pair by pair.

        The pairs are a report and the clause of its lead agency that it lies nearest to; a clause
        stands in one pair only, so that no pair's right answer is another one's wrong one.
        """
        rows = self._clauses.rows
        if self._memory is None:
            self._memory = self._read_all(rows)
        nearest = self._nearest_own(reports.detach(), wanted)
        pairs = {clause: row for row, clause in reversed(list(enumerate(nearest)))}
        others = [i for i in range(len(rows)) if i not in pairs]
        fill = max(0, min(self.recipe.clauses, len(rows)) - len(pairs))
        chosen = [*pairs, *rng.sample(others, min(fill, len(others)))]
        ids, mask = padded([rows[i] for i in chosen], self._pad_id, self._device)
        with torch.autocast(self._device, torch.bfloat16):
            fresh = self.network(ids, mask).embedding.float()
        vectors = self._memory.index_put((torch.tensor(chosen, device=self._device),), fresh)
        self._memory = vectors.detach()
        overall = losses.agency_loss(
            reports, vectors, self._clauses.owner, wanted, self.recipe.sharpness
        )
        in_pairs = reports[torch.tensor(list(pairs.values()), device=self._device)]
        return overall + 0.5 * self._ranking(in_pairs, fresh[: len(pairs)])

    def _nearest_own(self, reports: Tensor, wanted: Tensor) -> list[int]:
        """For each report the nearest clause of its lead agency."""
        assert self._memory is not None  # noqa: S101 - set by the only caller
        foreign = self._clauses.owner[None, :] != wanted.argmax(1)[:, None]
        near = (reports @ self._memory.T).masked_fill(foreign, -2.0)
        return [int(clause) for clause in near.argmax(1)]

    def _ranking(self, reports: Tensor, clauses: Tensor) -> Tensor:
        """The in-batch ranking loss of sentence-transformers on pairs of unit vectors."""
        nothing = torch.empty(0)  # its labels argument is not read
        return self._pair_loss.compute_loss_from_embeddings([reports, clauses], nothing)

    @torch.no_grad()
    def _read_all(self, rows: list[list[int]]) -> Tensor:
        parts = []
        for start in range(0, len(rows), 64):
            ids, mask = padded(rows[start : start + 64], self._pad_id, self._device)
            parts.append(self.network(ids, mask).embedding.float())
        return torch.cat(parts)


def _rows(outputs: Outputs, rows: slice) -> Outputs:
    return Outputs(*(getattr(outputs, n)[rows] for n in Outputs.__dataclass_fields__))


def parameter_groups(network: ReaderNetwork, recipe: Recipe) -> list[dict[str, Any]]:
    """Groups of AdamW: the lower a layer, the lower its rate; vectors without weight decay."""
    config: Any = network.encoder.config
    layers = int(config.num_hidden_layers)
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in network.named_parameters():
        rate = recipe.head_rate
        if name.startswith("encoder."):
            rate = recipe.encoder_rate * recipe.layer_decay ** (layers - _depth(name, layers))
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": params, "lr": rate, "peak": rate, "weight_decay": decay}
        for (rate, decay), params in groups.items()
    ]


def _depth(name: str, layers: int) -> int:
    """0 for the embeddings, 1.. for the layers, one more for what comes after them."""
    parts = name.split(".")
    for word, number in pairwise(parts):
        if word in {"layers", "layer"} and number.isdigit():
            return int(number) + 1
    return 0 if "embedding" in name else layers
