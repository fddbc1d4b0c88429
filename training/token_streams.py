"""What the encoder reads: random windows of the packed corpus, with tokens hidden in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nlp.errors import InputInvalid
from training.vocabulary import CLS, CONTROL, MASK

if TYPE_CHECKING:
    import torch
    from torch import Tensor

#: First id that may be hidden, and may stand in for a hidden one.
FIRST_WORD = len(CONTROL)
#: The label of a position that counts for nothing.
IGNORED = -100

# Of the tokens to predict, 85 % are hidden behind [MASK], 8 % behind any other token; the rest
# stays. Where noise has changed the token, 40 % stay: restoring accents is learnt beside filling
# gaps.
_BEHIND_MASK = 0.85
_BEHIND_ANY = 0.93
_NOISED_KEPT = 0.4


@dataclass(frozen=True)
class TokenStream:
    """Packed token ids of one kind of text."""

    tokens: Tensor  # int16 that holds uint16, on the device, shape (n,)
    weight: float  # how often it is drawn, against the others


def load_streams(
    folder: Path, weights: Mapping[str, float], device: str, length: int
) -> list[TokenStream]:
    """The packed files ``<name>.npy`` (uint16) of a corpus folder, on the device.

    Args:
        folder: Of a packed corpus; a file that is missing or empty is left out.
        weights: Name to how often it is drawn.
        device: Where the tokens go, whole.
        length: Longest window; a shorter stream is repeated until it holds one.

    Raises:
        InputInvalid: None of the files holds a token.
    """
    import torch

    found = []
    for name, weight in weights.items():
        file = folder / f"{name}.npy"
        ids = np.load(file) if file.is_file() else np.zeros(0, np.uint16)
        if not len(ids):
            continue
        ids = np.tile(ids, -(-(length + 1) // len(ids)))
        found.append(TokenStream(torch.from_numpy(ids.view(np.int16)).to(device), weight))
    if not found:
        raise InputInvalid(f"{folder}: expected a packed corpus with one of {', '.join(weights)}")
    return found


def sequences(
    streams: Sequence[TokenStream], batch: int, length: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Endless batches of ids, shape (batch, length): each row ``[CLS]`` and a random window."""
    import torch

    device = streams[0].tokens.device
    weights = torch.tensor([stream.weight for stream in streams], device=device)
    offsets = torch.arange(length - 1, device=device)
    while True:
        source = torch.multinomial(weights, batch, replacement=True, generator=generator)
        rows = torch.full((batch, length), CLS, device=device, dtype=torch.long)
        for number, stream in enumerate(streams):
            mine = (source == number).nonzero().squeeze(1)
            span = stream.tokens.numel() - length
            start = (torch.rand(len(mine), device=device, generator=generator) * span).long()
            rows[mine, 1:] = stream.tokens[start[:, None] + offsets].long() & 0xFFFF
        yield rows


def hide(
    clean: Tensor, seen: Tensor, share: float, vocabulary: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose the positions to predict and hide them.

    Args:
        clean: Ids as they should be read, shape (batch, length).
        seen: The same texts with noise, same shape.
        share: Share of positions to predict.
        vocabulary: Number of ids.
        generator: Source of chance on the device.

    Returns:
        What is read, shape (batch, length); positions, shape (batch, k); the clean ids there,
        shape (batch, k). Control tokens are never hidden: where a row has too few others, the
        label is ``IGNORED``.
    """
    import torch

    device = clean.device
    k = int(clean.shape[1] * share)
    control = clean < FIRST_WORD
    score = torch.rand(clean.shape, device=device, generator=generator)
    positions = score.masked_fill(control, -1.0).topk(k, dim=1).indices
    labels = clean.gather(1, positions)
    visible = seen.gather(1, positions)
    dice = torch.rand(positions.shape, device=device, generator=generator)
    anything = torch.randint(
        FIRST_WORD, vocabulary, labels.shape, device=device, generator=generator
    )
    hidden = torch.where(dice < _BEHIND_MASK, torch.full_like(labels, MASK), anything)
    fixed = control.gather(1, positions)
    keep = (dice >= _BEHIND_ANY) | ((visible != labels) & (dice < _NOISED_KEPT)) | fixed
    read = seen.scatter(1, positions, torch.where(keep, visible, hidden))
    return read, positions, labels.masked_fill(fixed, IGNORED)
