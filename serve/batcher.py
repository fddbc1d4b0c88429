"""The queue before the model: bounded, fair, and one bad item never harms another.

Calls wait in the event loop; the model runs in one worker thread, so that handlers never block the
loop. Items of several waiting calls share a model pass of at most ``batch_items``. A large call is
cut into such passes and goes to the end of the queue after each, so that a single report never
waits for the whole of it. When a caller goes away, what it still had waiting is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from nlp.domain import Answer, Refusal, Report
from nlp.errors import InferenceFailed, PhanAnhError

log = logging.getLogger("phananh.batcher")

#: Longest wait that a 429 names: a caller that comes back too early is refused again, cheaply.
MAX_RETRY_SECONDS = 30


class QueueFull(PhanAnhError):
    """Too many reports are waiting for the model: try again after the time named."""

    code = "queue_full"

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class QueueClosed(PhanAnhError):
    """The service stopped before this was answered: try again."""

    code = "not_ready"
    retry_after = 1


class Predict(Protocol):
    """The model's one door."""

    def __call__(self, reports: Sequence[Report], *, explain: bool = False) -> list[Answer]:
        """One answer for each report, in the same order."""


@dataclass(frozen=True)
class QueueLimits:
    """How much may wait, and how a pass is filled."""

    items: int = 1_024
    characters: int = 4_000_000
    batch_items: int = 16
    window_seconds: float = 0.002
    share: bool = True  # whether calls share a pass


class QueueObserver:
    """Hears what happens in the queue; by default nobody listens."""

    def waiting(self, items: int, characters: int) -> None:
        """So much is waiting now."""

    def answered(self, items: int, seconds: float) -> None:
        """A pass of so many items took so long."""

    def dropped(self, items: int) -> None:
        """So many items were dropped because their caller went away."""


@dataclass(eq=False)
class _Call:
    """The reports of one caller. ``todo`` holds the places that no pass has taken yet."""

    reports: Sequence[Report]
    explain: bool
    done: asyncio.Future[list[Answer]]
    todo: deque[int] = field(init=False)
    answers: dict[int, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # By length: a pass is padded to its longest text, so equals go together.
        self.todo = deque(sorted(range(len(self.reports)), key=lambda i: _size(self.reports[i])))

    def finish(self, place: int, answer: Answer) -> None:
        self.answers[place] = answer
        if len(self.answers) == len(self.reports) and not self.done.done():
            self.done.set_result([self.answers[i] for i in range(len(self.reports))])


class Batcher:
    """Answers reports through one worker thread. Use from one event loop only."""

    def __init__(
        self, predict: Predict, limits: QueueLimits, observer: QueueObserver | None = None
    ) -> None:
        self._predict = predict
        self._limits = limits
        self._observer = observer or QueueObserver()
        self._calls: deque[_Call] = deque()  # with something that no pass has taken yet
        self._open: set[_Call] = set()  # not answered yet
        self._arrived = asyncio.Event()
        self._items = 0
        self._characters = 0
        self._seconds_per_item = 0.01  # a first guess; learned from the passes
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self._loop_task = asyncio.create_task(self._run())

    async def answer(self, reports: Sequence[Report], *, explain: bool = False) -> list[Answer]:
        """One answer for each report, in the same order.

        Raises:
            QueueFull: Nothing of the call was taken.
            QueueClosed: The queue was closed before all of it was answered.
        """
        if not reports:
            return []
        self._reserve(reports)
        call = _Call(reports, explain, asyncio.get_running_loop().create_future())
        self._calls.append(call)
        self._open.add(call)
        self._arrived.set()
        try:
            return await call.done
        except asyncio.CancelledError:
            self._drop(call)
            raise
        finally:
            self._open.discard(call)

    async def close(self) -> None:
        """Stop. Callers that still wait get ``QueueClosed``; the thread ends its pass first."""
        self._loop_task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._loop_task
        for call in self._open:
            if not call.done.done():
                call.done.set_exception(QueueClosed())
        await asyncio.to_thread(self._pool.shutdown)

    # ------------------------------------------------------------------------------ the queue

    def _reserve(self, reports: Sequence[Report]) -> None:
        characters = sum(map(_size, reports))
        if (
            self._items + len(reports) > self._limits.items
            or self._characters + characters > self._limits.characters
        ):
            seconds = math.ceil(self._items * self._seconds_per_item)
            raise QueueFull(min(max(seconds, 1), MAX_RETRY_SECONDS))
        self._count(len(reports), characters)

    def _count(self, items: int, characters: int) -> None:
        self._items += items
        self._characters += characters
        self._observer.waiting(self._items, self._characters)

    def _drop(self, call: _Call) -> None:
        if call in self._calls:
            self._calls.remove(call)
        if call.todo:
            self._observer.dropped(len(call.todo))
            self._count(-len(call.todo), -sum(_size(call.reports[i]) for i in call.todo))
            call.todo.clear()

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            if self._worth_a_wait():
                await asyncio.sleep(self._limits.window_seconds)
            batch = self._take()
            if batch:
                await self._answer_batch(batch)

    def _worth_a_wait(self) -> bool:
        """Whether more calls are likely to join the next pass: several came, and it is not full."""
        return (
            self._limits.share and len(self._calls) > 1 and self._items < self._limits.batch_items
        )

    def _take(self) -> list[tuple[_Call, int]]:
        """The next pass: whole calls from the front, what does not fit goes to the back."""
        batch: list[tuple[_Call, int]] = []
        while self._calls and len(batch) < self._limits.batch_items:
            call = self._calls[0]
            if batch and (not self._limits.share or call.explain != batch[0][0].explain):
                break
            self._calls.popleft()
            while call.todo and len(batch) < self._limits.batch_items:
                batch.append((call, call.todo.popleft()))
            if call.todo:
                self._calls.append(call)
                break
        if not self._calls:
            self._arrived.clear()
        self._count(-len(batch), -sum(_size(call.reports[i]) for call, i in batch))
        return batch

    # ------------------------------------------------------------------------------ the model

    async def _answer_batch(self, batch: list[tuple[_Call, int]]) -> None:
        reports = [call.reports[place] for call, place in batch]
        started = perf_counter()
        loop = asyncio.get_running_loop()
        answers = await loop.run_in_executor(
            self._pool, answer_each, self._predict, reports, batch[0][0].explain
        )
        seconds = perf_counter() - started
        self._seconds_per_item += 0.2 * (seconds / len(batch) - self._seconds_per_item)
        self._observer.answered(len(batch), seconds)
        for (call, place), answer in zip(batch, answers, strict=True):
            call.finish(place, answer)


def answer_each(predict: Predict, reports: Sequence[Report], explain: bool) -> list[Answer]:
    """One answer for each report, whatever the model does: together if possible, else one by one.

    A report that makes the model fail gets a ``Refusal``; the others are answered as if it had
    not been there.
    """
    answers = _attempt(predict, reports, explain) if len(reports) > 1 else None
    if answers is not None:
        return answers
    return [_single(predict, report, explain) for report in reports]


def _single(predict: Predict, report: Report, explain: bool) -> Answer:
    answers = _attempt(predict, [report], explain)
    if answers is not None:
        return answers[0]
    return Refusal(report.id, InferenceFailed.code, InferenceFailed().message)


def _attempt(
    predict: Callable[..., list[Answer]], reports: Sequence[Report], explain: bool
) -> list[Answer] | None:
    """The answers, or None if the model failed or answered something else than was asked."""
    try:
        answers = predict(reports, explain=explain)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic in a Rust library is no Exception
        # The class alone: the sentence of a foreign error may quote the text.
        log.warning("model_failed", extra={"fields": _failure(error, len(reports))})
        return None
    if [answer.id for answer in answers] != [report.id for report in reports]:
        log.error("answers_do_not_match", extra={"fields": {"items": len(reports)}})
        return None
    return answers


def _failure(error: BaseException, items: int) -> dict[str, object]:
    return {"error": type(error).__name__, "items": items}


def _size(report: Report) -> int:
    """Characters of a report, the unit of the queue's bound."""
    return len(report.text) + len(report.title)
