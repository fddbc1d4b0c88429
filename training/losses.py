"""What the reader is trained for, one loss a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

if TYPE_CHECKING:
    from torch import Tensor

    from training.network import Outputs


@dataclass(frozen=True)
class Weights:
    """How much each loss counts."""

    kind: float = 0.5
    topic: float = 1.0
    group: float = 0.3
    urgency: float = 1.0
    also: float = 2.0
    agency: float = 0.5
    twin: float = 0.3
    missed_khan_cap: float = 4.0  # a missed call for help against a false one
    smoothing: float = 0.05
    prior: float = 1.0  # strength of logit adjustment for rare kinds


@dataclass(frozen=True)
class Targets:
    """Labels of a batch of n texts."""

    kind: Tensor  # (n,) index
    topic: Tensor  # (n,) index
    urgency: Tensor  # (n,) level 1..4
    present: Tensor  # (n, topics) 1.0 for the lead and further topics
    agencies: Tensor  # (n, agencies) weights of the accepted agencies, rows sum to 1


def topic_loss(logits: Tensor, topic: Tensor, group_of: Tensor, weights: Weights) -> Tensor:
    """Cross-entropy of the leaf plus that of its group, whose score is that of all its leaves."""
    leaf = cross_entropy(logits, topic, label_smoothing=weights.smoothing)
    groups = int(group_of.max()) + 1
    powers = logits.log_softmax(-1).exp()
    shares = torch.zeros(len(logits), groups, device=logits.device, dtype=powers.dtype)
    shares = shares.index_add(1, group_of, powers)
    group = -(shares.gather(1, group_of[topic][:, None]) + 1e-8).log().mean()
    return weights.topic * leaf + weights.group * group


def kind_loss(logits: Tensor, kind: Tensor, log_prior: Tensor, weights: Weights) -> Tensor:
    """Cross-entropy with the logits shifted by the classes' frequency, so that rare kinds count."""
    return cross_entropy(logits + weights.prior * log_prior, kind, label_smoothing=0.02)


def urgency_loss(logits: Tensor, level: Tensor, weights: Weights) -> Tensor:
    """Ordinal: one yes/no per line between levels; missing a khan-cap costs most."""
    lines = torch.arange(1, logits.shape[1] + 1, device=logits.device)
    target = (level[:, None] <= lines).to(logits.dtype)
    cost = torch.ones_like(target)
    cost[:, 0] = torch.where(level == 1, weights.missed_khan_cap, 1.0)
    return binary_cross_entropy_with_logits(logits, target, weight=cost)


def also_loss(logits: Tensor, present: Tensor) -> Tensor:
    """Each topic by itself: is it in the text?"""
    weight = torch.where(present > 0, 4.0, 1.0)
    return binary_cross_entropy_with_logits(logits, present, weight=weight)


def agency_loss(
    reports: Tensor, clauses: Tensor, owner: Tensor, wanted: Tensor, sharpness: float
) -> Tensor:
    """InfoNCE from reports to agencies: a report lies near some clause of its agencies.

    Every agency of the city is a candidate, and an agency is as near as its clauses are, joined by
    a soft maximum. Ranking losses over pairs would take the other clauses of the right agency, and
    the clauses of a second right agency, for negatives.

    Args:
        reports: Unit vectors (n, width).
        clauses: Unit vectors of all mandate clauses (m, width).
        owner: Agency index of each clause (m,), ascending.
        wanted: Weights of the accepted agencies (n, agencies).
        sharpness: Temperature.
    """
    scores = reports @ clauses.T / sharpness
    agencies = wanted.shape[1]
    peak = scores.max(dim=1, keepdim=True).values.detach()
    joined = torch.zeros(len(reports), agencies, device=scores.device, dtype=scores.dtype)
    joined = joined.index_add(1, owner, (scores - peak).exp())
    logits = (joined + 1e-9).log()
    return -(wanted * logits.log_softmax(-1)).sum(1).mean()


def twin_loss(one: Outputs, two: Outputs) -> Tensor:
    """A text and its noisy twin get the same answers: symmetric divergence of topic and urgency."""

    def gap(left: Tensor, right: Tensor) -> Tensor:
        left, right = left.log_softmax(-1), right.log_softmax(-1)
        return ((left.exp() - right.exp()) * (left - right)).sum(-1).mean() / 2

    urgency = (one.urgency.sigmoid() - two.urgency.sigmoid()).square().mean()
    return gap(one.topic, two.topic) + gap(one.kind, two.kind) + urgency
