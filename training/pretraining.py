"""The masked-token stage: the encoder learns to fill gaps and to restore accents."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from training.throughput import Clock, Say, Throughput, ThroughputLog, matrix_rate
from training.token_streams import TokenStream, hide, sequences

if TYPE_CHECKING:
    import torch

    from training.masked_network import MaskedNetwork
    from training.token_noise import TokenNoise

_LARGEST_GRADIENT = 0.5
_SECONDS_BETWEEN_CHECKPOINTS = 180.0


@dataclass(frozen=True)
class PretrainingRecipe:
    """Every number of the stage. The defaults are those of the shipped encoder."""

    steps: int = 5_338  # 700 M tokens
    minutes: float = math.inf
    batch: int = 512  # sequences
    length: int = 256  # tokens; p99 of real reports is under it
    predicted_share: float = 0.3
    learning_rate: float = 1.8e-3
    weight_decay: float = 0.01  # of matrices and tables
    warm_up: int = 150  # steps, but never more than a tenth of the stage
    cool_down: float = 0.35  # share of the stage
    seed: int = 0


def rate_scale(step: int, share: float, recipe: PretrainingRecipe) -> float:
    """Share of the peak learning rate: warm-up, plateau, straight cool-down.

    Args:
        step: Steps of this run that are done; after a resumption the warm-up comes again, as the
            optimiser begins anew.
        share: How much of the stage is gone.
        recipe: Lengths of the phases.
    """
    warm = max((step + 1) / recipe.warm_up, share / 0.1)
    return min(1.0, warm, max(1.0 - share, 0.0) / recipe.cool_down)


def train_masked(
    network: MaskedNetwork,
    streams: Sequence[TokenStream],
    noise: TokenNoise,
    recipe: PretrainingRecipe,
    *,
    done: int = 0,
    save: Callable[[int], None],
    say: Say,
) -> Throughput:
    """Run the stage, or the rest of it, in place.

    Args:
        network: On the device of the streams.
        streams: What is read.
        noise: Applied to every batch before tokens are hidden.
        recipe: Every number.
        done: Steps of an earlier run.
        save: Called with the steps done, every three minutes and at the end.
        say: Takes the lines of the log.

    Returns:
        What the stage came to.
    """
    import torch

    device = streams[0].tokens.device.type
    generator = torch.Generator(device).manual_seed(recipe.seed + done)
    optimiser = _adamw(network, recipe)
    batches = sequences(streams, recipe.batch, recipe.length, generator)
    on_gpu = device == "cuda"
    stepped = cast("MaskedNetwork", torch.compile(network)) if on_gpu else network
    clock = Clock(recipe.steps, recipe.minutes * 60, done)
    log = _log(network, recipe, device, clock, say)
    saved = time.monotonic()
    while (share := clock.share()) < 1.0:
        clean = next(batches)
        noisy, vocabulary = noise(clean, generator), network.shape.vocabulary
        hidden = hide(clean, noisy, recipe.predicted_share, vocabulary, generator)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=on_gpu):
            loss = stepped(*hidden)
        loss.backward()
        scale = rate_scale(clock.done - done, share, recipe)
        _update(optimiser, network, recipe.learning_rate * scale)
        log.step(loss)
        if time.monotonic() - saved >= _SECONDS_BETWEEN_CHECKPOINTS:
            save(clock.done)
            saved = time.monotonic()
    save(clock.done)
    return log.line()


def _log(
    network: MaskedNetwork, recipe: PretrainingRecipe, device: str, clock: Clock, say: Say
) -> ThroughputLog:
    return ThroughputLog(
        clock,
        tokens=recipe.batch * recipe.length,
        flops=network.shape.flops_per_token(recipe.length, recipe.predicted_share),
        peak=matrix_rate(device),
        say=say,
    )


def _adamw(network: MaskedNetwork, recipe: PretrainingRecipe) -> torch.optim.Optimizer:
    import torch

    parameters = list(network.parameters())
    matrices = [each for each in parameters if each.ndim == 2]
    vectors = [each for each in parameters if each.ndim < 2]
    return torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": recipe.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
        betas=(0.9, 0.98),
        fused=parameters[0].is_cuda,
    )


def _update(optimiser: torch.optim.Optimizer, network: MaskedNetwork, rate: float) -> None:
    import torch

    torch.nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
