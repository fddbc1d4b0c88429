"""Words and word pairs beside the encoder: what a text literally says, whatever its accents.

A linear layer over hashed tokens and neighbouring tokens, accents dropped, inside the same graph.
Its weights are those of a linear support vector machine on the training texts; how much they count
beside the encoder's topic head is learnt on the validation texts. On rare local words it knows what
a small encoder has seen too seldom, and it reads text without accents as well as with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from nlp.folding import strip_accents

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

#: Rows of the hashed table. Twice as many brought nothing; half as many cost accuracy.
BUCKETS = 32_768
#: Primes that spread pairs of ids over the buckets.
_LEFT, _RIGHT, _SHIFT = 1_000_003, 7_919, 17
#: Words seen in fewer texts than this say nothing.
RAREST = 2
COST = 0.3  # of the support vector machine; best of 0.1, 0.3, 1.0 on the validation texts


class LexicalBranch(nn.Module):
    """Scores of the topics from hashed tokens; zero until it is fitted."""

    plain: Tensor
    rarity: Tensor

    def __init__(self, plain: Tensor, topics: int, buckets: int = BUCKETS) -> None:
        """Make an empty branch.

        Args:
            plain: For each token id the id of its accent-stripped twin, -1 for special tokens.
            topics: Number of scores.
            buckets: Rows of the table.
        """
        super().__init__()
        self.buckets = buckets
        self.register_buffer("plain", plain)
        self.register_buffer("rarity", torch.zeros(buckets))
        self.table = nn.Embedding(buckets, topics)
        nn.init.zeros_(self.table.weight)
        self.table.weight.requires_grad_(False)

    def features(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Buckets of tokens and of pairs, and whether each is real; shapes (n, 2 * length - 1)."""
        plain = self.plain[ids]
        real = (plain >= 0) & (mask > 0)
        single = plain.clamp(min=0) % self.buckets
        pairs = (single[:, :-1] * _LEFT + single[:, 1:] * _RIGHT + _SHIFT) % self.buckets
        both = real[:, :-1] & real[:, 1:]
        return torch.cat((single, pairs), dim=1), torch.cat((real, both), dim=1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Scores (n, topics) of padded rows of ids (n, length)."""
        buckets, real = self.features(ids, mask)
        weights = self.rarity[buckets] * real.to(self.rarity.dtype)
        weights = weights / (weights.square().sum(1, keepdim=True) + 1e-9).sqrt()
        scores: Tensor = (weights[:, None, :] @ self.table(buckets)).squeeze(1)
        return scores


def plain_ids(tokenizer: Tokenizer) -> Tensor:
    """For each token the id of its lower-case, accent-stripped twin, or its own where it has none.

    Special and added tokens get -1.
    """
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    added = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    table = torch.full((max(vocabulary.values()) + 1,), -1, dtype=torch.long)
    for token, number in vocabulary.items():
        if token not in added:
            table[number] = vocabulary.get(strip_accents(token.lower()), number)
    return table


def fit_lexical(
    branch: LexicalBranch, windows: Sequence[Sequence[int]], topics: Sequence[int]
) -> None:
    """Fill a branch with the weights of a linear support vector machine.

    Args:
        branch: The branch, changed in place.
        windows: Token ids of the training texts.
        topics: Topic index of each.
    """
    from scipy import sparse
    from sklearn.svm import LinearSVC

    rows, columns = [], []
    for row, window in enumerate(windows):
        ids = torch.tensor([list(window)])
        buckets, real = branch.features(ids, torch.ones_like(ids))
        found = buckets[real].numpy()
        columns.append(found)
        rows.append(np.full(len(found), row))
    index = (np.concatenate(rows), np.concatenate(columns))
    counts = sparse.csr_matrix(
        (np.ones(len(index[0])), index), shape=(len(windows), branch.buckets)
    )
    seen = np.asarray((counts > 0).sum(axis=0)).ravel()
    rarity = np.where(seen >= RAREST, np.log((1 + len(windows)) / (1 + seen)) + 1.0, 0.0)
    # Norms as in ``forward``: over occurrences, so that repeated words weigh the same there.
    norms = np.sqrt(np.bincount(index[0], rarity[index[1]] ** 2, minlength=len(windows))) + 1e-9
    features = sparse.diags(1.0 / norms) @ counts @ sparse.diags(rarity)
    machine = LinearSVC(C=COST, random_state=0).fit(features.tocsr(), list(topics))
    weights = np.zeros((branch.table.num_embeddings, branch.table.embedding_dim))
    one_a_topic = (
        machine.coef_ if len(machine.coef_) > 1 else np.vstack((-machine.coef_, machine.coef_))
    )
    weights[:, machine.classes_] = one_a_topic.T
    with torch.no_grad():
        branch.rarity.copy_(torch.tensor(rarity, dtype=torch.float32))
        branch.table.weight.copy_(torch.tensor(weights, dtype=torch.float32))
