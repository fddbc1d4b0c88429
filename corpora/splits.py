"""A stable split into train and validation that keeps near-duplicates together."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from corpora.reports import LabelledReport
from nlp.errors import ExtraMissing
from nlp.folding import fold_for_matching

if TYPE_CHECKING:
    from datasketch import MinHash

# Near-duplicates share at least half of their word pairs: one text with a few words changed.
# In 6,357 reports written one by one the closest pair reaches 0.43.
NEAR_DUPLICATE = 0.5
# 32 bands of 4 find a pair at 0.5 with probability 0.87, at 0.6 with 0.99, at 0.7 with 0.9998;
# every candidate is then compared exactly.
_BANDS, _ROWS = 32, 4

Shingles = frozenset[str]


def split(
    reports: Sequence[LabelledReport], share: float, seed: int = 0
) -> tuple[list[LabelledReport], list[LabelledReport]]:
    """Two parts of the reports, each in the given order; near-duplicates are on one side.

    Each text draws its side by a hash of its words and the seed; a group of near-duplicates is
    validation only if all its members drew validation. Hence, whatever is added, removed or
    reordered:

    * what is train stays train as long as its near-duplicates stay: no later split validates on
      something that a model of an earlier one has learned from;
    * a validation item becomes train only when a near-duplicate (or a bridge to one) that drew
      train is added; ids, labels and all other texts play no part.

    What is not promised: a near-duplicate that says the same in other words is not seen, and
    an edit of a text is a new draw. The share holds on average, overall and in every topic or
    style (each is thinned by the same draw), not exactly: exact strata would move items
    whenever a stratum grows. Groups of near-duplicates lean to train.

    Args:
        reports: What to split.
        share: Expected share of validation, 0..1.
        seed: Another seed, another split.

    Returns:
        ``(train, validation)``.

    Raises:
        ValueError: ``share`` is outside 0..1.
        ExtraMissing: datasketch is not installed.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share is {share}; expected a number from 0 to 1")
    groups = near_duplicates([report.text for report in reports])
    learned = {
        group
        for group, report in zip(groups, reports, strict=True)
        if _draw(report.text, seed) >= share
    }
    train = [r for g, r in zip(groups, reports, strict=True) if g in learned]
    validation = [r for g, r in zip(groups, reports, strict=True) if g not in learned]
    return train, validation


def near_duplicates(texts: Sequence[str]) -> list[int]:
    """The group of each text: near-duplicates, and near-duplicates of those, share a number.

    Accents, case and punctuation do not count. MinHash LSH over pairs of words finds the
    candidates (6,357 texts take about a second), exact Jaccard similarity of at least
    ``NEAR_DUPLICATE`` decides.

    Returns:
        One number per text, that of the first text of its group.

    Raises:
        ExtraMissing: datasketch is not installed.
    """
    shingles = [_shingles(text) for text in texts]
    leaders = list(range(len(texts)))
    for one, other in _candidates(shingles):
        if _jaccard(shingles[one], shingles[other]) >= NEAR_DUPLICATE:
            first, second = sorted((_leader(leaders, one), _leader(leaders, other)))
            leaders[second] = first
    return [_leader(leaders, item) for item in range(len(texts))]


def _words(text: str) -> list[str]:
    # A text of signs alone ("???") has no words: it is its own single word.
    folded = fold_for_matching(unicodedata.normalize("NFC", text))
    return re.findall(r"\w+", folded) or [text.strip()]


def _shingles(text: str) -> Shingles:
    words = _words(text)
    if len(words) == 1:
        return frozenset(words)
    return frozenset(f"{one} {next_one}" for one, next_one in pairwise(words))


def _jaccard(one: Shingles, other: Shingles) -> float:
    return len(one & other) / len(one | other)


def _candidates(shingles: Sequence[Shingles]) -> list[tuple[int, int]]:
    """Pairs that share a band. Whether a pair does depends on its two texts alone."""
    lsh_class, sketches = _sketches(shingles)
    lsh = lsh_class(num_perm=_BANDS * _ROWS, params=(_BANDS, _ROWS))
    pairs = []
    for item, sketch in enumerate(sketches):
        pairs += [(int(earlier), item) for earlier in lsh.query(sketch)]
        lsh.insert(item, sketch)
    return pairs


def _sketches(shingles: Sequence[Shingles]) -> tuple[type, list[MinHash]]:
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError as error:
        raise ExtraMissing(
            "datasketch is not installed: expected the extra, pip install 'phananh[train]'"
        ) from error
    encoded = [[shingle.encode() for shingle in sorted(each)] for each in shingles]
    return MinHashLSH, MinHash.bulk(encoded, num_perm=_BANDS * _ROWS, seed=1)


def _leader(leaders: list[int], item: int) -> int:
    while leaders[item] != item:
        leaders[item] = leaders[leaders[item]]  # halve the path for those who come later
        item = leaders[item]
    return item


def _draw(text: str, seed: int) -> float:
    """A number in [0, 1) that depends on the words of the text and the seed alone."""
    words = f"{seed}\n{' '.join(_words(text))}".encode()
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest()) / 2**64
