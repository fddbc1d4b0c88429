"""Every number of a fine-tuning run."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.losses import Weights


@dataclass(frozen=True)
class Recipe:
    """How a reader is fine-tuned.

    Attributes:
        epochs: Passes over the training texts, each with fresh noisy twins.
        batch: Texts of a step; as many twins go with them.
        encoder_rate: Peak learning rate of the encoder. Small encoders bear a high one.
        head_rate: Peak learning rate of the heads.
        layer_decay: Factor of the rate from each layer to the one below.
        weight_decay: Of AdamW, on matrices.
        warm_up: Share of the steps.
        dropout: In the heads.
        average: Share of the steps over which the weights are averaged; the average is kept.
        twins: Read each text and its noisy twin in one step, and draw their answers together.
            Twice the time.
        clauses: Mandate clauses that are read anew in a step; the others come from memory.
        sharpness: Temperature of the nearness to mandates.
        validation: Share of the texts that only temperatures and thresholds see.
        seed: Of everything random.
        weights: How much each loss counts.
    """

    epochs: int = 10
    batch: int = 32
    encoder_rate: float = 3e-4
    head_rate: float = 1e-3
    layer_decay: float = 0.92
    weight_decay: float = 0.02
    warm_up: float = 0.06
    dropout: float = 0.15
    average: float = 0.06
    twins: bool = False
    clauses: int = 48
    sharpness: float = 0.07
    validation: float = 0.1
    seed: int = 0
    weights: Weights = field(default_factory=Weights)
