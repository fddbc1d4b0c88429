"""Named parts of a labelled set that deserve figures of their own."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from corpora.reports import LabelledReport
from nlp.folding import strip_accents
from training.metrics import Bools

# The bounds of the labelling guide: very short texts, long letters.
SHORT_WORDS = 8
LONG_WORDS = 80


@dataclass(frozen=True, slots=True)
class Slice:
    """A part: its name, what it holds, and which reports belong."""

    name: str
    holds: str
    belongs: Callable[[LabelledReport], bool]


def _words(report: LabelledReport) -> int:
    return len(report.text.split())


def without_accents(report: LabelledReport) -> LabelledReport:
    """The same report as people type it who leave the accents out."""
    return replace(report, text=strip_accents(unicodedata.normalize("NFC", report.text)))


def _bare(report: LabelledReport) -> bool:
    return without_accents(report).text == unicodedata.normalize("NFC", report.text)


def _styled(style: str, holds: str) -> Slice:
    return Slice(f"style:{style}", holds, lambda report: report.style == style)


def _from(origin: str) -> Slice:
    return Slice(f"slice:{origin}", f"from {origin}", lambda report: report.slice == origin)


ALL = Slice("all", "every report", lambda report: True)

#: By the text itself: these exist for any set, labelled with a style or not.
BY_TEXT = (
    Slice("without-accents", "no accent at all", _bare),
    Slice("short", f"at most {SHORT_WORDS} words", lambda report: _words(report) <= SHORT_WORDS),
    Slice(
        "middle",
        f"{SHORT_WORDS + 1} to {LONG_WORDS - 1} words",
        lambda report: SHORT_WORDS < _words(report) < LONG_WORDS,
    ),
    Slice("long", f"at least {LONG_WORDS} words", lambda report: _words(report) >= LONG_WORDS),
)

_STYLES = {
    "formal": "formal letter",
    "casual": "everyday writing",
    "spoken": "spoken, transcribed",
    "teencode": "teencode, abbreviations",
    "dialect": "regional words",
}


def slices_of(reports: Sequence[LabelledReport]) -> list[tuple[Slice, Bools]]:
    """The slices that hold at least one of the reports, all first, each with its rows.

    Styles that only say the length or the accents ("short", "no-accents") are covered by the
    slices that look at the text.
    """
    known = [_styled(style, holds) for style, holds in _STYLES.items()]
    origins = [_from(origin) for origin in sorted({r.slice for r in reports if r.slice})]
    found = []
    for part in (ALL, *BY_TEXT, *known, *origins):
        rows = np.array([part.belongs(report) for report in reports], dtype=bool)
        if part is ALL or rows.any():
            found.append((part, rows))
    return found
