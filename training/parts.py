"""What a training run works with, from its rows to its network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlp.city import City
from nlp.pipeline import TextPipeline

if TYPE_CHECKING:
    from corpora.reports import LabelledReport
    from training.bases import Base
    from training.batches import Labels
    from training.network import ReaderNetwork


@dataclass(frozen=True)
class Parts:
    """Everything that the steps of a run hand on.

    Attributes:
        city: Whose labels and agencies are learnt.
        labels: Label orders, which travel in the manifest.
        base: What the run started from.
        pipeline: How texts are read.
        network: The reader that is trained, changed in place.
        train: Rows that weights learn from.
        validation: Rows that only temperatures, thresholds and routing weights learn from.
    """

    city: City
    labels: Labels
    base: Base
    pipeline: TextPipeline
    network: ReaderNetwork
    train: list[LabelledReport]
    validation: list[LabelledReport]
