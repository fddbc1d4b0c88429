"""The network of pre-training: a ModernBERT encoder with a factored table and a head.

The vocabulary is closed under accent stripping, so a token's vector is trained as the sum of its
own row and of the row of its accent-stripped twin. Text typed without accents shares half of every
vector by construction. The sum is folded into one ordinary table when the encoder is saved.

Only the training stages import this module: it needs torch as soon as it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import ModernBertModel

from nlp.errors import InputInvalid
from training.encoder import EncoderShape, encoder_config

_TABLE = "embeddings.tok_embeddings.weight"
_SPREAD = 0.02  # of the first values of the plain rows, as of the encoder's own


class MaskedNetwork(nn.Module):
    """Predicts hidden tokens; its encoder is what is kept.

    Args:
        shape: The size of the encoder.
        plain: Per token id that of its accent-stripped twin, shape (vocabulary,).
    """

    plain_id: Tensor

    def __init__(self, shape: EncoderShape, plain: Tensor) -> None:
        """Make a network with fresh weights, by torch's global chance."""
        super().__init__()
        self.shape = shape
        self.encoder = ModernBertModel(encoder_config(shape))
        self.encoder.config._attn_implementation = "sdpa"
        self.plain = nn.Embedding(shape.vocabulary, shape.width)
        nn.init.normal_(self.plain.weight, std=_SPREAD)
        self.dense = nn.Linear(shape.width, shape.width, bias=False)
        self.norm = nn.LayerNorm(shape.width, bias=False)
        self.bias = nn.Parameter(torch.zeros(shape.vocabulary))
        self.register_buffer("plain_id", plain, persistent=False)

    def table(self) -> Tensor:
        """The vector of every token, shape (vocabulary, width)."""
        own = self.encoder.get_parameter(_TABLE)
        return own + self.plain.weight[self.plain_id]

    def states(self, ids: Tensor, table: Tensor, mask: Tensor | None = None) -> Tensor:
        """Last hidden states, shape (batch, length, width).

        Args:
            ids: Token ids, shape (batch, length).
            table: From ``table``.
            mask: 1 where a token counts, same shape as ``ids``; without it all do.
        """
        vectors = functional.embedding(ids, table)
        hidden: Tensor = self.encoder(inputs_embeds=vectors, attention_mask=mask).last_hidden_state
        return hidden

    def forward(self, ids: Tensor, positions: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of the hidden tokens.

        Args:
            ids: What is read, shape (batch, length).
            positions: Where something is to be predicted, shape (batch, k).
            labels: What stands there, shape (batch, k); -100 counts for nothing.

        Returns:
            The cross-entropy in nats, a scalar.
        """
        table = self.table()
        states = self.states(ids, table)
        wanted = states.gather(1, positions[..., None].expand(-1, -1, self.shape.width))
        wanted = self.norm(functional.gelu(self.dense(wanted)))
        logits = wanted.flatten(0, 1) @ table.T + self.bias
        return functional.cross_entropy(logits.float(), labels.flatten())


def folded_encoder(network: MaskedNetwork) -> dict[str, Tensor]:
    """The weights of a plain ``ModernBertModel``: both tables summed into the ordinary one."""
    state = {name: value.detach().cpu() for name, value in network.encoder.state_dict().items()}
    state[_TABLE] = network.table().detach().cpu()
    return state


def save_checkpoint(network: MaskedNetwork, file: Path, notes: Mapping[str, str]) -> None:
    """Write all weights, in one move: a stop halfway leaves the last checkpoint as it was.

    Args:
        network: Its parameters are written as they are.
        file: A safetensors file.
        notes: Written into the file beside the weights.
    """
    unfinished = file.with_name(file.name + ".part")
    state = {name: value.detach().cpu() for name, value in network.state_dict().items()}
    save_file(state, unfinished, metadata=dict(notes))
    unfinished.replace(file)


def read_notes(file: Path) -> dict[str, str]:
    """The notes of a checkpoint."""
    with safe_open(file, "pt") as opened:
        return dict(opened.metadata() or {})


def load_checkpoint(network: MaskedNetwork, file: Path) -> None:
    """Put the weights of ``save_checkpoint`` into a network.

    Raises:
        InputInvalid: The file holds the weights of another network.
    """
    try:
        network.load_state_dict(load_file(file))
    except RuntimeError:
        raise InputInvalid(f"{file}: expected the weights of {network.shape}") from None
