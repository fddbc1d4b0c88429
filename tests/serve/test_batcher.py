from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.domain import Refusal, Report
from serve.batcher import Batcher, QueueClosed, QueueFull, QueueLimits, QueueObserver, answer_each


def report(identifier: str, text: str = "a") -> Report:
    return Report(identifier, text)


class Model:
    """Refuses everything, saying what was read; waits while ``gate`` is cleared."""

    def __init__(self) -> None:
        self.passes: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    def __call__(self, reports, *, explain=False):
        self.passes.append([r.id for r in reports])
        self.entered.release()
        assert self.gate.wait(timeout=10)
        return [Refusal(r.id, "read", f"{r.text} {explain}") for r in reports]


class Seen(QueueObserver):
    def __init__(self) -> None:
        self.last = (0, 0)
        self.gone = 0

    def waiting(self, items, characters):
        assert items >= 0
        assert characters >= 0
        self.last = (items, characters)

    def dropped(self, items):
        self.gone += items


def run(scenario, model=None, **limits):
    """Run ``scenario(batcher, model, seen)`` in a loop of its own."""
    model = model or Model()
    seen = Seen()

    async def main():
        batcher = Batcher(model, QueueLimits(**limits), seen)
        try:
            return await asyncio.wait_for(scenario(batcher, model, seen), 10)
        finally:
            model.gate.set()
            await batcher.close()

    return asyncio.run(main())


async def busy(batcher, model):
    """A call that is in the model and stays there until the gate opens."""
    model.gate.clear()
    call = asyncio.create_task(batcher.answer([report("first")]))
    await asyncio.to_thread(model.entered.acquire)
    return call


def test_a_lone_call_is_not_delayed():
    async def scenario(batcher, model, seen):
        return await batcher.answer([report("1")])

    answers = run(scenario, window_seconds=60)  # a delay would run into the timeout
    assert [answer.id for answer in answers] == ["1"]


def test_calls_that_wait_together_share_a_pass():
    async def scenario(batcher, model, seen):
        first = await busy(batcher, model)
        others = [asyncio.create_task(batcher.answer([report(str(n))])) for n in range(5)]
        await asyncio.sleep(0)
        model.gate.set()
        await asyncio.gather(first, *others)
        return model.passes

    assert run(scenario) == [["first"], ["0", "1", "2", "3", "4"]]


def test_with_micro_batching_off_calls_do_not_share_a_pass():
    async def scenario(batcher, model, seen):
        first = await busy(batcher, model)
        others = [asyncio.create_task(batcher.answer([report(str(n))])) for n in range(3)]
        await asyncio.sleep(0)
        model.gate.set()
        await asyncio.gather(first, *others)
        return model.passes

    assert run(scenario, share=False) == [["first"], ["0"], ["1"], ["2"]]


def test_calls_with_and_without_evidence_do_not_share_a_pass():
    async def scenario(batcher, model, seen):
        first = await busy(batcher, model)
        others = [
            asyncio.create_task(batcher.answer([report(str(n))], explain=n == 1)) for n in range(2)
        ]
        await asyncio.sleep(0)
        model.gate.set()
        plain, explained = (await asyncio.gather(first, *others))[1:]
        return plain[0].message, explained[0].message

    assert run(scenario) == ("a False", "a True")


def test_a_single_report_does_not_wait_for_the_whole_of_a_large_call():
    async def scenario(batcher, model, seen):
        first = await busy(batcher, model)
        large = asyncio.create_task(batcher.answer([report(f"l{n}") for n in range(40)]))
        await asyncio.sleep(0)
        single = asyncio.create_task(batcher.answer([report("single")]))
        await asyncio.sleep(0)
        model.gate.set()
        await asyncio.gather(first, large, single)
        return next(n for n, ids in enumerate(model.passes) if "single" in ids), len(model.passes)

    place, passes = run(scenario, batch_items=16)
    assert place == 2
    assert passes == 4


def test_texts_of_like_length_go_together_and_answers_keep_their_order():
    async def scenario(batcher, model, seen):
        texts = ["a" * n for n in (9, 1, 8, 2)]
        answers = await batcher.answer([report(str(n), text) for n, text in enumerate(texts)])
        return model.passes, [answer.id for answer in answers]

    passes, ids = run(scenario, batch_items=2)
    assert passes == [["1", "3"], ["2", "0"]]
    assert ids == ["0", "1", "2", "3"]


@pytest.mark.parametrize("limits", [{"items": 2}, {"characters": 2}])
def test_a_full_queue_refuses_a_call_and_says_when_to_come_back(limits):
    async def scenario(batcher, model, seen):
        first = await busy(batcher, model)
        waiting = [asyncio.create_task(batcher.answer([report(str(n))])) for n in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull) as refusal:
            await batcher.answer([report("too much")])
        model.gate.set()
        await asyncio.gather(first, *waiting)
        assert (await batcher.answer([report("later")]))[0].id == "later"
        assert seen.last == (0, 0)
        return refusal.value.retry_after

    assert 1 <= run(scenario, **limits) <= 30


def test_what_a_gone_caller_had_waiting_never_reaches_the_model():
    async def scenario(batcher, model, seen):
        first = await busy(batcher, model)
        gone = asyncio.create_task(batcher.answer([report("gone 1"), report("gone 2")]))
        stays = asyncio.create_task(batcher.answer([report("stays")]))
        await asyncio.sleep(0)
        gone.cancel()
        model.gate.set()
        await asyncio.gather(first, stays)
        assert gone.cancelled() or (await asyncio.wait([gone]))
        return model.passes, seen.gone, seen.last

    assert run(scenario) == ([["first"], ["stays"]], 2, (0, 0))


def test_closing_lets_no_caller_hang():
    async def scenario(batcher, model, seen):
        first = await busy(batcher, model)
        waiting = asyncio.create_task(batcher.answer([report("waiting")]))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.01, model.gate.set)
        await batcher.close()
        return await asyncio.gather(first, waiting, return_exceptions=True)

    results = run(scenario)
    assert all(isinstance(result, QueueClosed) for result in results)


class Panic(BaseException):
    pass


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["good", "bad", "panic"]), min_size=1, max_size=12))
def test_every_good_report_is_answered_as_if_the_bad_ones_were_not_there(texts):
    def predict(reports, *, explain=False):
        for r in reports:
            if r.text == "bad":
                raise ValueError(r.text)
            if r.text == "panic":
                raise Panic(r.text)
        return [Refusal(r.id, "read", r.text) for r in reports]

    reports = [report(str(n), text) for n, text in enumerate(texts)]
    answers = answer_each(predict, reports, False)
    assert [answer.id for answer in answers] == [r.id for r in reports]
    assert [answer.code for answer in answers if isinstance(answer, Refusal)] == [
        "read" if text == "good" else "inference_failed" for text in texts
    ]


@pytest.mark.parametrize("leave", [KeyboardInterrupt, SystemExit])
def test_a_signal_to_leave_is_not_taken_for_a_bad_report(leave):
    def predict(reports, *, explain=False):
        raise leave

    with pytest.raises(leave):
        answer_each(predict, [report("1"), report("2")], False)


@pytest.mark.parametrize(
    "mixed_up",
    [lambda a: a[::-1], lambda a: a[:1], lambda a: [*a, a[0]]],
    ids=["reversed", "too few", "too many"],
)
def test_a_model_that_mixes_up_answers_is_asked_one_by_one(mixed_up):
    def predict(reports, *, explain=False):
        answers = [Refusal(r.id, "read", "") for r in reports]
        return mixed_up(answers) if len(reports) > 1 else answers

    answers = answer_each(predict, [report("1"), report("2")], False)
    assert [answer.id for answer in answers] == ["1", "2"]
