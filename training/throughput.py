"""The clock of a stage and what it says of itself: loss, tokens per second, share of the device."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

Say = Callable[[str], None]

_SECONDS_BETWEEN_LINES = 10.0
# The first steps compile and fill caches; they are left out of the rate.
_WARMING_STEPS = 5


def print_now(line: str) -> None:
    """Print a line at once: the log of a long run is read while it runs."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass
class Clock:
    """How much of a stage is gone, by steps or by time, whichever is further."""

    steps: int  # of the whole stage
    seconds: float = math.inf  # of this run of it
    done: int = 0  # steps, those of an earlier run included
    started: float = field(default_factory=time.monotonic)

    def elapsed(self) -> float:
        """Seconds since the start of this run."""
        return time.monotonic() - self.started

    def share(self) -> float:
        """From 0, nothing is gone, to 1 and above, it is over."""
        return max(self.elapsed() / self.seconds, self.done / self.steps)


@dataclass(frozen=True)
class Throughput:
    """What a stage came to."""

    steps: int
    tokens: int
    seconds: float
    loss: float | None  # mean of the last seconds, in nats; None where no step was done
    tokens_per_second: float
    mfu: float  # share of the device's matrix rate that the training's own arithmetic reaches

    def __str__(self) -> str:
        """One line of the log."""
        loss = "-" if self.loss is None else f"{self.loss:.4f}"
        return (
            f"step {self.steps} loss {loss} tokens {self.tokens / 1e6:.1f}M "
            f"rate {self.tokens_per_second / 1e3:.1f}k/s mfu {self.mfu:.3f} "
            f"seconds {self.seconds:.0f}"
        )


class ThroughputLog:
    """Says about every ten seconds how a stage goes.

    Args:
        clock: Of the stage.
        tokens: Of one step.
        flops: Floating-point operations of one token.
        peak: Those that the device does in a second.
        say: Takes the lines.
    """

    def __init__(self, clock: Clock, *, tokens: int, flops: float, peak: float, say: Say) -> None:
        """Start the measurement."""
        self._clock, self._tokens, self._flops, self._peak = clock, tokens, flops, peak
        self._say = say
        self._losses: list[Tensor] = []
        self._loss: float | None = None
        self._first = self._warm_steps = clock.done
        self._shown = self._warm_at = time.monotonic()

    def step(self, loss: Tensor) -> None:
        """Count a step. The loss is read only when a line is due: reading waits for the device."""
        self._losses.append(loss.detach())
        self._clock.done += 1
        if self._clock.done - self._first == _WARMING_STEPS:
            self._losses[-1].item()  # waits until the device is done with what it was given
            self._warm_steps, self._warm_at = self._clock.done, time.monotonic()
        if time.monotonic() - self._shown >= _SECONDS_BETWEEN_LINES:
            self.line()

    def line(self) -> Throughput:
        """Say how it goes now."""
        import torch

        if self._losses:
            self._loss = torch.stack(self._losses).float().mean().item()
            self._losses.clear()
        self._shown = time.monotonic()
        steps = self._clock.done - self._warm_steps
        rate = steps * self._tokens / max(self._shown - self._warm_at, 1e-9)
        now = Throughput(
            steps=self._clock.done,
            tokens=self._clock.done * self._tokens,
            seconds=self._clock.elapsed(),
            loss=self._loss,
            tokens_per_second=rate,
            mfu=rate * self._flops / self._peak,
        )
        self._say(str(now))
        return now


def matrix_rate(device: str) -> float:
    """Floating-point operations a second of a device in plain matrix products, measured.

    In the number format that the stages use there: bfloat16 on a GPU, float32 elsewhere.
    """
    import torch

    on_gpu = device == "cuda"
    size, repeats = (8192, 20) if on_gpu else (512, 8)
    dtype = torch.bfloat16 if on_gpu else torch.float32
    left = torch.randn(size, size, device=device, dtype=dtype)
    product = left @ left
    product[0, 0].item()
    started = time.monotonic()
    for _ in range(repeats):
        product = left @ left
    product[0, 0].item()
    return repeats * 2.0 * size**3 / (time.monotonic() - started)
