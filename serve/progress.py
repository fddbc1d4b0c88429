"""How far a long command is: a bar for a person at a terminal, JSON lines for anything else."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from serve.classify import Tally

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: Seconds between two JSON lines: a log of an hour's run stays readable.
SECONDS_BETWEEN_LINES = 10.0


class Reporter:
    """Says on the error stream how far a run is. Call it with the tally as often as you like."""

    def __init__(self, total_bytes: int | None, stream: TextIO) -> None:
        """Start the clock.

        Args:
            total_bytes: Size of the input; None where it is not known, then no time left is given.
            stream: Where to.
        """
        self._total = total_bytes
        self._stream = stream
        self._started = time.monotonic()
        self._next_line = self._started + SECONDS_BETWEEN_LINES

    def __call__(self, tally: Tally) -> None:
        """Say how far the run is, unless that was said a moment ago."""
        now = time.monotonic()
        if now >= self._next_line:
            self._next_line = now + SECONDS_BETWEEN_LINES
            self._write({"event": "progress", **self._figures(tally)})

    def finish(self, tally: Tally) -> None:
        """Say what came of the run: how many were answered, how many failed and why."""
        self._write({"event": "done", **self._figures(tally), "errors": dict(tally.failed)})

    def _figures(self, tally: Tally) -> dict[str, object]:
        seconds = max(time.monotonic() - self._started, 1e-9)
        figures: dict[str, object] = {
            "answered": tally.answered,
            "failed": tally.failed.total(),
            "seconds": round(seconds, 1),
            "per_second": round(tally.done / seconds, 1),
        }
        if self._total and tally.bytes_read:
            left = max(self._total - tally.bytes_read, 0)
            figures["seconds_left"] = round(seconds * left / tally.bytes_read, 1)
        return figures

    def _write(self, event: dict[str, object]) -> None:
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()


class Bar(Reporter):
    """The same on a terminal."""

    def __init__(self, total_bytes: int | None, stream: TextIO, progress: Progress | None) -> None:
        """Start the clock; without ``progress`` only the end is said."""
        super().__init__(total_bytes, stream)
        self._progress = progress
        self._task: TaskID | None = None
        if progress is not None:
            self._task = progress.add_task("", total=total_bytes or None, rate="", done=0)

    def __call__(self, tally: Tally) -> None:
        """Move the bar."""
        if self._progress is not None and self._task is not None:
            rate = f"{self._figures(tally)['per_second']}/s"
            self._progress.update(
                self._task, completed=tally.bytes_read, done=tally.done, rate=rate
            )

    def finish(self, tally: Tally) -> None:
        """Say in words what came of the run."""
        figures = self._figures(tally)
        sentence = f"{tally.answered} answered in {figures['seconds']} s"
        if tally.failed:
            reasons = ", ".join(f"{code}: {n}" for code, n in tally.failed.most_common())
            sentence += f", {tally.failed.total()} failed ({reasons})"
        self._stream.write(sentence + "\n")


@contextmanager
def reporting(total_bytes: int | None, *, shares_terminal: bool) -> Iterator[Reporter]:
    """The reporter for the error stream as it is.

    Args:
        total_bytes: Size of the input, if known.
        shares_terminal: Results or typed lines scroll by there, and a bar would be in their way.
    """
    if not sys.stderr.isatty():
        yield Reporter(total_bytes, sys.stderr)
    elif shares_terminal:
        yield Bar(total_bytes, sys.stderr, None)
    else:
        with _rich_progress() as progress:
            bar = Bar(total_bytes, sys.stderr, progress)
            yield bar


def _rich_progress() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]} reports"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
