"""Who is timed in the benchmark, and how one of them is timed in a process of its own.

The rival has the shape of PhoBERT-base, with random weights: what a pass costs does not hang on
what the weights are, and nothing has to be fetched.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import nn

OURS, RIVAL, WORDS = "ours", "phobert-shaped", "word-segmentation"
SINGLE, EXPLAINED, BATCHED = "single", "explained", "batched"

#: Tokens of a padded batch of the rival: as many as ``nlp.model`` puts into one of ours.
_BATCH_TOKENS = 4096
_MIB = 1 << 20


@dataclass(frozen=True)
class Task:
    """What is to be timed.

    Attributes:
        texts: What everybody reads.
        few: Indices of the texts that are read one by one where that takes long.
        some: Indices of those that the rival reads in batches.
        model: The artifact; its tokenizer serves the rival, too.
        threads: Threads of a pass; 0 means all cores.
        repeats: How often each figure is taken.
    """

    texts: tuple[str, ...]
    few: tuple[int, ...]
    some: tuple[int, ...]
    model: Path
    threads: int = 0
    repeats: int = 3

    @property
    def cores(self) -> int:
        """Threads of a pass, counted."""
        return self.threads or cpu_count() or 1


@dataclass(frozen=True)
class Timing:
    """Some texts read in one way, some times over.

    Attributes:
        way: ``single``, ``explained`` or ``batched``.
        texts: Indices of the texts.
        rounds: Milliseconds of each call, for each repeat; all texts are one call in batches.
    """

    way: str
    texts: tuple[int, ...]
    rounds: tuple[tuple[float, ...], ...]

    @property
    def per_second(self) -> float:
        """Texts a second, median over the repeats."""
        return 1000 * len(self.texts) / float(median(map(sum, self.rounds)))

    def percentile(self, share: float) -> float | None:
        """Milliseconds of a call that a share of the calls keep to; None for batches."""
        if self.way == BATCHED:
            return None
        return float(median(_percentile(calls, share) for calls in self.rounds))

    def total(self, texts: Sequence[int]) -> float:
        """Milliseconds of some of the texts, one by one, each the median over the repeats."""
        place = {text: number for number, text in enumerate(self.texts)}
        each = [median(calls) for calls in zip(*self.rounds, strict=True)]
        return float(sum(each[place[text]] for text in texts))


@dataclass(frozen=True)
class Result:
    """What one contestant came to.

    Attributes:
        name: Who.
        timings: In each way.
        start: Seconds until it could read its first text, imports included.
        peak: Largest resident memory in MiB.
        threads: Threads that a pass may use.
        lengths: What it reads of each text: tokens, or words for the segmentation.
    """

    name: str
    timings: tuple[Timing, ...]
    start: float
    peak: float
    threads: int
    lengths: tuple[int, ...]

    def timing(self, way: str) -> Timing:
        """The timing in one way."""
        return next(timing for timing in self.timings if timing.way == way)


@dataclass(frozen=True)
class Reader:
    """A contestant that is ready to read."""

    many: Callable[[Sequence[str]], object]
    lengths: Callable[[Sequence[str]], list[int]]
    explain: Callable[[str], object] | None = None
    threads: int = 1
    slow: bool = False  # reads few texts singly, and some in batches


def measure(name: str, task: Task) -> Result:
    """Time one contestant in this process, which should do nothing else: peak memory is its own."""
    started = time.perf_counter()
    reader = CONTESTANTS[name](task)
    reader.many(task.texts[:1])
    start = time.perf_counter() - started
    everything = tuple(range(len(task.texts)))
    singly, batched = (task.few, task.some) if reader.slow else (everything, everything)
    timings = [
        _one_by_one(SINGLE, lambda text: reader.many([text]), task, singly),
        _together(reader, task, batched),
    ]
    if reader.explain is not None:
        timings.append(_one_by_one(EXPLAINED, reader.explain, task, task.few))
    peak = _peak()
    return Result(
        name, tuple(timings), start, peak, reader.threads, tuple(reader.lengths(task.texts))
    )


def _one_by_one(
    way: str, read: Callable[[str], object], task: Task, texts: Sequence[int]
) -> Timing:
    for text in texts[:3]:  # the first passes fill caches
        read(task.texts[text])
    rounds = tuple(
        tuple(_milliseconds(read, task.texts[text]) for text in texts) for _ in range(task.repeats)
    )
    return Timing(way, tuple(texts), rounds)


def _together(reader: Reader, task: Task, texts: Sequence[int]) -> Timing:
    chosen = [task.texts[text] for text in texts]
    reader.many(chosen[:8])
    rounds = tuple((_milliseconds(reader.many, chosen),) for _ in range(task.repeats))
    return Timing(BATCHED, tuple(texts), rounds)


def _milliseconds(read: Callable[[Any], object], what: object) -> float:
    started = time.perf_counter()
    read(what)
    return 1000 * (time.perf_counter() - started)


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _peak() -> float:
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found / (_MIB if sys.platform == "darwin" else 1024)  # bytes there, KiB elsewhere


# --- who reads -----------------------------------------------------------------------------------


def _ours(task: Task) -> Reader:
    """The whole path of the service: canonical text, masking, tokens, model, place, agencies."""
    from corpora.city_files import load_city
    from nlp.domain import Report
    from nlp.predictor import Predictor

    predictor = Predictor.from_artifact(task.model, load_city(), threads=task.threads)

    def lengths(texts: Sequence[str]) -> list[int]:
        return [len(encoding.ids) for encoding in _tokenizer(task).encode_batch(list(texts))]

    return Reader(
        lambda texts: predictor.predict([Report(str(n), text) for n, text in enumerate(texts)]),
        lengths,
        lambda text: predictor.predict([Report("1", text)], explain=True),
        threads=task.cores,
    )


def _rival(task: Task) -> Reader:
    """Words are joined as PhoBERT needs it, then read as tokens, as many as ours."""
    from nlp.segment import segmenter

    segment, tokenizer, encoder = segmenter(), _tokenizer(task), phobert_shaped(task.cores)

    def rows(texts: Sequence[str]) -> list[list[int]]:
        # Our vocabulary has no joined words: parted again, a text has as many tokens as ours.
        return [tokenizer.encode(segment(text).replace("_", " ")).ids for text in texts]

    return Reader(
        lambda texts: encode(encoder, rows(texts)),
        lambda texts: list(map(len, rows(texts))),
        threads=task.cores,
        slow=True,
    )


def _words(_: Task) -> Reader:
    """The word segmentation of underthesea and nothing else."""
    from nlp.segment import segmenter

    segment = segmenter()
    return Reader(
        lambda texts: [segment(text) for text in texts],
        lambda texts: [len(segment(text).split()) for text in texts],
    )


def _tokenizer(task: Task) -> Tokenizer:
    from nlp.artifact import Layout
    from nlp.pipeline import PipelineSpec
    from training.base_tokens import read_tokenizer

    tokenizer = read_tokenizer(Layout(task.model).tokenizer)
    tokenizer.enable_truncation(max_length=PipelineSpec.window)
    return tokenizer


def phobert_shaped(threads: int) -> nn.Module:
    """An encoder of 135 million random weights, in float32, as PhoBERT-base has them."""
    import torch
    from transformers import RobertaConfig, RobertaModel

    torch.set_num_threads(threads)
    config = RobertaConfig(
        vocab_size=64_001,
        hidden_size=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=3072,
        max_position_embeddings=258,
        type_vocab_size=1,
        pad_token_id=0,  # that of our tokenizer
    )
    model: nn.Module = RobertaModel(  # type: ignore[no-untyped-call]
        config, add_pooling_layer=False
    ).eval()
    return model


def encode(encoder: Callable[..., object], rows: Sequence[Sequence[int]]) -> None:
    """Read rows of token ids; rows of like length share a padded batch."""
    import torch

    ordered = sorted(rows, key=len, reverse=True)
    while ordered:
        size = max(1, _BATCH_TOKENS // len(ordered[0]))
        batch, ordered = ordered[:size], ordered[size:]
        ids = torch.zeros(len(batch), len(batch[0]), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for number, row in enumerate(batch):
            ids[number, : len(row)] = torch.tensor(row)
            mask[number, : len(row)] = 1
        with torch.inference_mode():
            encoder(input_ids=ids, attention_mask=mask)


#: By name, what makes each contestant ready.
CONTESTANTS: dict[str, Callable[[Task], Reader]] = {OURS: _ours, RIVAL: _rival, WORDS: _words}
