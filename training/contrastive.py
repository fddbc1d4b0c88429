"""The embedding stage: pairs that need no labels pull a text towards its partner.

Pairs are (title, body), (question, answer) and (a text, the same text noised and thinned out).
The loss is InfoNCE over the batch in both directions, at the full width and at shorter prefixes
(Matryoshka), so that a prefix of the vector is an embedding too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.throughput import Clock, Say
from training.token_streams import TokenStream, sequences
from training.vocabulary import CLS, PAD

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from training.masked_network import MaskedNetwork
    from training.token_noise import TokenNoise

_LARGEST_GRADIENT = 1.0
_STEPS_BETWEEN_LINES = 50

Sides = tuple["Tensor", "Tensor"]


@dataclass(frozen=True)
class ContrastiveRecipe:
    """Every number of the stage. The defaults are those of the shipped encoder."""

    steps: int = 180
    minutes: float = math.inf
    batch: int = 1536  # pairs, half of them title/body and half text/noisy twin
    twin_length: int = 48
    temperature: float = 0.05
    learning_rate: float = 4e-4
    weight_decay: float = 0.01
    dropped: float = 0.25  # share of tokens missing from each side of a twin
    prefixes: tuple[int, ...] = (64,)  # widths beside the full one
    seed: int = 1


def load_pairs(folder: Path, device: str) -> Sides:
    """``pairs.npz`` of a corpus folder, each row behind ``[CLS]``.

    Returns:
        Titles, shape (n, 33), and bodies, shape (n, 65); padded with 0.
    """
    import torch

    with np.load(folder / "pairs.npz") as data:
        titles, bodies = (
            np.insert(data[side].astype(np.int64), 0, CLS, axis=1) for side in ("a", "b")
        )
    return torch.from_numpy(titles).to(device), torch.from_numpy(bodies).to(device)


def pooled(network: MaskedNetwork, ids: Tensor) -> Tensor:
    """Mean of the last hidden states over real tokens, shape (n, width); ids (n, length)."""
    mask = ids != PAD
    states = network.states(ids, network.table(), mask.long())
    weights = mask[..., None].to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def thinned(ids: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """The texts with a share of their tokens replaced by padding, never the first."""
    import torch

    gone = torch.rand(ids.shape, device=ids.device, generator=generator) < share
    gone[:, 0] = False
    return ids.masked_fill(gone, PAD)


def contrast(left: Tensor, right: Tensor, recipe: ContrastiveRecipe) -> Tensor:
    """Symmetric InfoNCE over the batch, mean over the widths; inputs (n, width)."""
    import torch
    from torch.nn.functional import cross_entropy, normalize

    target = torch.arange(len(left), device=left.device)
    full = left.shape[1]
    losses = []
    for width in (full, *(prefix for prefix in recipe.prefixes if prefix < full)):
        one, two = (normalize(side[:, :width].float(), dim=1) for side in (left, right))
        scores = one @ two.T / recipe.temperature
        losses.append((cross_entropy(scores, target) + cross_entropy(scores.T, target)) / 2)
    return torch.stack(losses).mean()


def train_embedding(
    network: MaskedNetwork,
    pairs: Sides,
    streams: Sequence[TokenStream],
    noise: TokenNoise,
    recipe: ContrastiveRecipe,
    *,
    say: Say,
) -> int:
    """Run the stage in place.

    Args:
        network: On the device of the pairs and streams.
        pairs: Titles and bodies; without any row, the stage has twins alone.
        streams: Where the texts of the twins are drawn from.
        noise: Applied to all but one side of the twins.
        recipe: Every number.
        say: Takes the lines of the log.

    Returns:
        Steps done.
    """
    import torch

    device = streams[0].tokens.device.type
    generator = torch.Generator(device).manual_seed(recipe.seed)
    batches = _batches(pairs, streams, noise, recipe, generator)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=recipe.weight_decay)
    clock = Clock(recipe.steps, recipe.minutes * 60)
    while (share := clock.share()) < 1.0:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            sides = [(pooled(network, one), pooled(network, two)) for one, two in next(batches)]
        loss = torch.stack([contrast(one, two, recipe) for one, two in sides]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
        for group in optimiser.param_groups:
            group["lr"] = recipe.learning_rate * min(1.0, share * 20, (1.0 - share) / 0.7)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        clock.done += 1
        if clock.done % _STEPS_BETWEEN_LINES == 1:
            say(f"embedding step {clock.done} loss {loss.item():.4f} share {share:.2f}")
    return clock.done


def _batches(
    pairs: Sides,
    streams: Sequence[TokenStream],
    noise: TokenNoise,
    recipe: ContrastiveRecipe,
    generator: torch.Generator,
) -> Iterator[list[Sides]]:
    """Endless: titles with bodies where there are any, then texts with their twins."""
    import torch

    titles, bodies = pairs
    half = recipe.batch // 2
    for text in sequences(streams, half, recipe.twin_length, generator):
        sides: list[Sides] = []
        if len(titles):
            rows = torch.randint(len(titles), (half,), device=titles.device, generator=generator)
            sides.append((noise(titles[rows], generator), noise(bodies[rows], generator)))
        twin = thinned(noise(text, generator), recipe.dropped, generator)
        sides.append((twin, thinned(text, recipe.dropped, generator)))
        yield sides
