"""Which words moved the decision: parts of the text are hidden in turn and the text is read again.

What is shown is thereby true to the model: the weight of a span is the fall of the decided label's
probability when the span is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nlp.domain import Evidence
from nlp.pipeline import ReadText

#: Most parts that are hidden in turn: each is one more pass of the model.
PARTS = 16
#: Fall of the probability below which a span explains nothing.
LEAST_FALL = 0.02
#: Most spans shown for one decision.
SPANS = 3

_WORD = re.compile(r"\S+")
_CLAUSE_END = re.compile(r"[,.;:!?…)\n]$")


@dataclass(frozen=True)
class Part:
    """A run of words of the model text."""

    start: int
    end: int


#: For each of some model texts: probability of the decided topic, and of the decided urgency.
Probe = Callable[[Sequence[str]], Sequence[tuple[float, float]]]


def parts(text: str) -> list[Part]:
    """The text in at most ``PARTS`` runs of words that end at clauses where they can."""
    words = list(_WORD.finditer(text))
    size = max(1, -(-len(words) // PARTS))
    runs: list[Part] = []
    begin = 0
    for number, word in enumerate(words):
        full = number - begin + 1
        last = number == len(words) - 1
        if (
            last
            or full >= 2 * size
            or (full >= size and (size == 1 or _CLAUSE_END.search(word[0])))
        ):
            runs.append(Part(words[begin].start(), word.end()))
            begin = number + 1
    return runs


def explain(read: ReadText, probe: Probe) -> tuple[Evidence, ...]:
    """Spans of the original text that moved topic and urgency, heaviest first.

    Args:
        read: The text as the pipeline read it; its model text must not be segmented.
        probe: Reads model texts and gives the probabilities of the decided labels.
    """
    runs = parts(read.model_text)
    if len(runs) < 2:
        return ()
    hidden = [
        f"{read.model_text[: run.start]}{read.model_text[run.end :].lstrip()}" for run in runs
    ]
    whole, *rest = probe([read.model_text, *hidden])
    found: list[Evidence] = []
    for head, moves in enumerate(("topic", "urgency")):
        falls = [whole[head] - without[head] for without in rest]
        found += _spans(read, runs, falls, moves)
    return tuple(found)


def _spans(
    read: ReadText, runs: Sequence[Part], falls: Sequence[float], moves: str
) -> list[Evidence]:
    heaviest = sorted(range(len(runs)), key=lambda i: -falls[i])[:SPANS]
    spans = []
    for number in heaviest:
        if falls[number] < LEAST_FALL:
            break
        span = read.original_span(runs[number].start, runs[number].end)
        if span:
            start, end = span
            text = read.canonical.raw[read.title_length + start : read.title_length + end]
            spans.append(Evidence(start, end, text, moves, round(float(falls[number]), 4)))
    return spans
