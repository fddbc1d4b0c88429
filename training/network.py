"""The trainable reader: an encoder and its heads, all fed by one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import normalize

if TYPE_CHECKING:
    from torch import Tensor

    from training.lexical import LexicalBranch


@dataclass(frozen=True)
class Outputs:
    """Raw scores of a batch; shapes as in ``nlp.model.Scores``."""

    kind: Tensor
    topic: Tensor
    urgency: Tensor
    also: Tensor
    embedding: Tensor


class Head(nn.Module):
    """Reads a text for one question: its own attention over the tokens, beside their mean."""

    def __init__(self, width: int, outputs: int, dropout: float) -> None:
        """Make a head of ``outputs`` logits on states of ``width``."""
        super().__init__()
        self.question = nn.Linear(width, 1, bias=False)
        self.norm = nn.LayerNorm(2 * width)
        self.hidden = nn.Linear(2 * width, width)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(width, outputs)

    def forward(self, states: Tensor, mask: Tensor, mean: Tensor) -> Tensor:
        """Logits (n, outputs) from states (n, length, width), mask (n, length), mean (n, width)."""
        weights = self.question(states).squeeze(-1).masked_fill(mask == 0, -1e4).softmax(-1)
        asked = (weights[:, None, :] @ states).squeeze(1)
        joined = self.drop(self.norm(torch.cat((asked, mean), dim=-1)))
        logits: Tensor = self.out(self.drop(nn.functional.gelu(self.hidden(joined))))
        return logits


class ReaderNetwork(nn.Module):
    """Encoder, heads for kind, topic, urgency and further topics, and a unit embedding."""

    def __init__(
        self, encoder: nn.Module, width: int, kinds: int, topics: int, levels: int, dropout: float
    ) -> None:
        """Join an encoder with fresh heads."""
        super().__init__()
        self.encoder = encoder
        self.kind = Head(width, kinds, dropout)
        self.topic = Head(width, topics, dropout)
        self.urgency = Head(width, levels - 1, dropout)
        self.also = Head(width, topics, dropout)
        self.project = nn.Linear(width, width, bias=False)
        nn.init.eye_(self.project.weight)
        self.lexical: LexicalBranch | None = None  # joined after fine-tuning

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Outputs:
        """Read a batch of padded rows, both of shape (n, length)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask[..., None].to(states.dtype)
        mean = (states * weights).sum(1) / weights.sum(1)
        heads = (self.kind, self.topic, self.urgency, self.also)
        kind, topic, urgency, also = (head(states, attention_mask, mean) for head in heads)
        if self.lexical is not None:
            topic = topic + self.lexical(input_ids, attention_mask)
        return Outputs(kind, topic, urgency, also, normalize(self.project(mean), dim=-1))


def build_reader(
    encoder: nn.Module, *, kinds: int, topics: int, levels: int = 4, dropout: float = 0.1
) -> ReaderNetwork:
    """A reader on an encoder of ``transformers``."""
    config: Any = encoder.config
    return ReaderNetwork(encoder, int(config.hidden_size), kinds, topics, levels, dropout)


def heads_state(network: ReaderNetwork) -> dict[str, Tensor]:
    """Weights of the heads: all but the encoder and the lexical branch, which is fitted anew."""
    apart = ("encoder.", "lexical.")
    return {k: v for k, v in network.state_dict().items() if not k.startswith(apart)}


def load_heads(network: ReaderNetwork, state: dict[str, Tensor]) -> bool:
    """Take over heads of the same shapes; False (and nothing changed) if they do not fit."""
    own = heads_state(network)
    if set(own) != set(state) or any(own[k].shape != state[k].shape for k in own):
        return False
    network.load_state_dict({k: v.float() for k, v in state.items()}, strict=False)
    return True
