"""Noise on token ids, in batches on the device: accents dropped, teencode, the speech of Huế.

The vocabulary is closed under accent stripping, so dropping the accents of a text is one table
look-up; short forms and dialect words are further tables of alternatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.spoken_forms import DIALECT, SHORT_FORMS, Forms
from training.vocabulary import plain_form

if TYPE_CHECKING:
    import torch
    from torch import Tensor

#: Alternatives kept per token.
WIDTH = 6

# Shares of sequences: wholly without accents, partly, teencode, dialect; the rest is clean.
_SHARES = (0.22, 0.10, 0.09, 0.05)
_SHORT_AND_PLAIN = 0.03  # of the sequences: those in teencode that have no accents either
_ACCENTS_LOST = 0.5  # of the tokens, in a partly accented sequence
_FORM_USED = 0.7  # of the tokens that have another form


@dataclass(frozen=True)
class NoiseTables:
    """Per token id, its other forms; the id itself where there are none."""

    plain: Tensor  # accent-stripped, shape (V,)
    short: Tensor  # teencode, shape (V, WIDTH)
    dialect: Tensor  # shape (V, WIDTH)

    @classmethod
    def load(cls, file: Path) -> NoiseTables:
        """Read the arrays that ``write_tables`` wrote."""
        import torch

        with np.load(file) as data:
            plain, short, dialect = (
                torch.from_numpy(data[name].astype(np.int64))
                for name in ("plain", "short", "dialect")
            )
        return cls(plain, short, dialect)

    def to(self, device: str) -> NoiseTables:
        """The same tables on a device."""
        return NoiseTables(self.plain.to(device), self.short.to(device), self.dialect.to(device))


def write_tables(vocabulary: Sequence[str], file: Path) -> None:
    """Write the tables of a vocabulary as an ``.npz`` file.

    Args:
        vocabulary: Tokens in the order of their ids, closed under ``plain_form``.
        file: Where they go.

    Raises:
        KeyError: The vocabulary is not closed.
    """
    ids = {token: number for number, token in enumerate(vocabulary)}
    np.savez(
        file,
        plain=np.array([ids[plain_form(token)] for token in vocabulary]),
        short=alternatives(ids, SHORT_FORMS),
        dialect=alternatives(ids, DIALECT),
    )


def alternatives(ids: dict[str, int], forms: Forms) -> NDArray[np.int64]:
    """Ids of other forms, shape (V, WIDTH); words and forms that are no tokens are left out."""
    table = np.repeat(np.arange(len(ids))[:, None], WIDTH, axis=1)
    for word, others in forms.items():
        known = [ids[other] for other in others if other in ids]
        if word in ids and known:
            table[ids[word]] = [known[i % len(known)] for i in range(WIDTH)]
    return table


class TokenNoise:
    """Gives each sequence of a batch one kind of noise, or none."""

    def __init__(self, tables: NoiseTables) -> None:
        """Take the tables; they must lie where the batches do."""
        self.tables = tables

    def __call__(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """Noised ids of the same shape (batch, length)."""
        import torch

        tables, device = self.tables, clean.device
        plain = tables.plain[clean]
        dice = torch.rand((len(clean), 1), device=device, generator=generator)
        each = torch.rand(clean.shape, device=device, generator=generator)
        pick = torch.randint(WIDTH, clean.shape, device=device, generator=generator)
        full, part, short, dialect = np.cumsum(_SHARES).tolist()
        shorter = tables.short[clean, pick]
        shorter = torch.where(dice > short - _SHORT_AND_PLAIN, tables.plain[shorter], shorter)
        some, forms = each < _ACCENTS_LOST, each < _FORM_USED
        noised = torch.where(dice < full, plain, clean)
        noised = torch.where((dice >= full) & (dice < part) & some, plain, noised)
        noised = torch.where((dice >= part) & (dice < short) & forms, shorter, noised)
        spoken = tables.dialect[clean, pick]
        return torch.where((dice >= short) & (dice < dialect) & forms, spoken, noised)
