"""What a report costs on this machine, beside a PhoBERT-sized encoder and word segmentation alone.

``python -m training.bench`` times all three in one run, on the same texts, each in a process of
its own.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import corpora
from nlp.errors import InputInvalid, PhanAnhError
from training.contestants import (
    BATCHED,
    EXPLAINED,
    OURS,
    RIVAL,
    SINGLE,
    WORDS,
    Result,
    Task,
    Timing,
    measure,
)

if TYPE_CHECKING:
    from rich.table import Table

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
RESULTS = Path(__file__).parent / "results" / "bench.json"
TEXTS = Path(corpora.__file__).parent / "reports" / "dev.jsonl"

#: Texts that are read one by one with explanations or by the rival, and in batches by the rival:
#: all of them would take it many minutes.
FEW, SOME = 60, 120

_MARKED = re.compile(r"(<!-- bench -->\n).*?(<!-- /bench -->)", re.DOTALL)
_TITLES = {
    (OURS, SINGLE): "Phản Ánh, one report a call",
    (OURS, EXPLAINED): "Phản Ánh, with explanation",
    (OURS, BATCHED): "Phản Ánh, all in one call",
    (RIVAL, SINGLE): "PhoBERT-base-shaped encoder, one text a call",
    (RIVAL, BATCHED): "PhoBERT-base-shaped encoder, in batches",
    (WORDS, SINGLE): "underthesea word segmentation alone",
}
_HEADER = ("", "texts", "p50 ms", "p99 ms", "per second", "peak MiB", "threads")
_NOTE = """\
{texts} reports of `{data}`, in the mean {characters:.0f} characters and {tokens:.0f} tokens, on \
{cores} cores ({processor}). Medians over {repeats} repeats after a warm-up, each contestant in a \
process of its own. Ours is the whole path: canonical text, masking, tokens, model, place, \
agencies. The encoder has the shape of PhoBERT-base (12 layers of width 768, 64,001 rows) with \
random weights, in torch and float32; each text goes through underthesea's word segmentation, which \
PhoBERT needs, then through our tokenizer, so that it reads {rival_tokens:.0f} tokens in the mean. \
PhoBERT's own vocabulary makes fewer of a text, but at least one of each of its {words:.0f} words. \
Where fewer texts are named, they are of all lengths alike.

On the same texts, a report takes {single:.2g} times the time of the encoder one by one, \
{batched:.2g} times in batches, and {words_ratio:.2g} times that of word segmentation alone."""

Measure = Callable[[str, Task], Result]


@dataclass(frozen=True)
class Bench:
    """All contestants on one task."""

    task: Task
    data: str
    results: dict[str, Result]

    def ratios(self) -> dict[str, float]:
        """Our time divided by that of others, on the texts that both have read."""
        ours, rival, words = (self.results[name] for name in (OURS, RIVAL, WORDS))
        few, all_texts = rival.timing(SINGLE).texts, words.timing(SINGLE).texts
        single = ours.timing(SINGLE)
        together = rival.timing(BATCHED).per_second / ours.timing(BATCHED).per_second
        return {
            "to_phobert_shaped_single": single.total(few) / rival.timing(SINGLE).total(few),
            "to_phobert_shaped_batched": together,
            "to_word_segmentation": single.total(all_texts) / words.timing(SINGLE).total(all_texts),
        }

    def rows(self) -> list[tuple[str, ...]]:
        """The table, without its header."""
        return [
            _row(title, self.results[name], self.results[name].timing(way))
            for (name, way), title in _TITLES.items()
        ]

    def note(self) -> str:
        """How it was measured, and what it comes to."""
        ratios, lengths = self.ratios(), {n: mean(r.lengths) for n, r in self.results.items()}
        return _NOTE.format(
            texts=len(self.task.texts),
            data=self.data,
            characters=mean(map(len, self.task.texts)),
            tokens=lengths[OURS],
            rival_tokens=lengths[RIVAL],
            words=lengths[WORDS],
            cores=cpu_count(),
            processor=processor(),
            repeats=self.task.repeats,
            single=ratios["to_phobert_shaped_single"],
            batched=ratios["to_phobert_shaped_batched"],
            words_ratio=ratios["to_word_segmentation"],
        )

    def to_markdown(self) -> str:
        """The table and how it was measured."""
        marks = (":--", *("--:" for _ in _HEADER[1:]))
        table = "\n".join(f"| {' | '.join(line)} |" for line in (_HEADER, marks, *self.rows()))
        return f"{table}\n\n{self.note()}\n"

    def to_json(self) -> dict[str, Any]:
        """Every figure, as JSON values."""
        return {
            "data": self.data,
            "texts": len(self.task.texts),
            "mean_characters": round(mean(map(len, self.task.texts)), 1),
            "machine": {"processor": processor(), "cores": cpu_count()},
            "python": platform.python_version(),
            "repeats": self.task.repeats,
            "contestants": {name: _figures(result) for name, result in self.results.items()},
            "ratios": {name: round(ratio, 4) for name, ratio in self.ratios().items()},
        }


def compare(task: Task, data: str, measured: Measure) -> Bench:
    """Time every contestant, one after the other."""
    return Bench(task, data, {name: measured(name, task) for name in (OURS, WORDS, RIVAL)})


def measure_apart(name: str, task: Task) -> Result:
    """Time a contestant in a new process, whose memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, name, task).result()


def evenly(texts: Sequence[str], count: int) -> tuple[int, ...]:
    """Indices of so many texts, evenly over their lengths."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    count = min(count, len(order))
    return tuple(order[(2 * n + 1) * len(order) // (2 * count)] for n in range(count))


def with_bench(page: str, markdown: str) -> str:
    """A page with the Markdown between its marks.

    Raises:
        InputInvalid: It has no marks.
    """
    if not _MARKED.search(page):
        raise InputInvalid("expected the marks <!-- bench --> and <!-- /bench --> on the page")
    return _MARKED.sub(lambda found: f"{found[1]}{markdown}{found[2]}", page, count=1)


def processor() -> str:
    """What the processor calls itself, where it says so."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _row(title: str, result: Result, timing: Timing) -> tuple[str, ...]:
    p50, p99 = timing.percentile(0.5), timing.percentile(0.99)
    times = ("–" if value is None else f"{value:.1f}" for value in (p50, p99))
    speed = f"{timing.per_second:.1f}"
    texts, peak = str(len(timing.texts)), f"{result.peak:.0f}"
    return (title, texts, *times, speed, peak, str(result.threads))


def _figures(result: Result) -> dict[str, Any]:
    return {
        "start_seconds": round(result.start, 2),
        "peak_mib": round(result.peak, 1),
        "threads": result.threads,
        "mean_length": round(mean(result.lengths), 1),
        **{
            timing.way: {
                "texts": len(timing.texts),
                "p50_ms": _rounded(timing.percentile(0.5)),
                "p99_ms": _rounded(timing.percentile(0.99)),
                "per_second": round(timing.per_second, 2),
            }
            for timing in result.timings
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _table(bench: Bench) -> Table:
    from rich.table import Table

    table = Table(title="What a report costs")
    for name in _HEADER:
        table.add_column(name, justify="right" if name else "left")
    for row in bench.rows():
        table.add_row(*row)
    return table


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    from nlp.registry import default_artifact

    parser = argparse.ArgumentParser(prog="python -m training.bench", description=__doc__)
    parser.add_argument("--model", type=Path, default=default_artifact(), help="an artifact")
    parser.add_argument("--data", type=Path, default=TEXTS, help="labelled reports")
    parser.add_argument("--texts", type=int, default=0, help="read so many only; 0: all")
    parser.add_argument("--threads", type=int, default=0, help="of a pass; 0: all cores")
    parser.add_argument("--repeats", type=int, default=3, help="of each figure")
    parser.add_argument("--write", action="store_true", help=f"into {README.name} and results/")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None, *, measured: Measure = measure_apart) -> int:
    """Measure, print, and write where asked to; the exit status."""
    from rich.console import Console

    from corpora.city_files import load_city
    from corpora.reports import read_reports

    asked = _arguments(arguments)
    try:
        texts = [report.text for report in read_reports(asked.data, load_city().taxonomy)]
        if asked.texts:
            texts = [texts[index] for index in sorted(evenly(texts, asked.texts))]
        few, some = evenly(texts, FEW), evenly(texts, SOME)
        task = Task(tuple(texts), few, some, asked.model, asked.threads, max(1, asked.repeats))
        bench = compare(task, asked.data.name, measured)
        if asked.write:
            content = json.dumps(bench.to_json(), ensure_ascii=False, indent=1)
            RESULTS.write_text(content + "\n", encoding="utf-8")
            page = with_bench(README.read_text(encoding="utf-8"), bench.to_markdown())
            README.write_text(page, encoding="utf-8")
    except PhanAnhError as error:
        Console(stderr=True).print(error.message, markup=False, highlight=False, soft_wrap=True)
        return 2
    console = Console()
    console.print(_table(bench))
    console.print(bench.note(), markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
