"""The corpus of pre-training: from files of texts to packed token ids.

A corpus folder holds ``tokenizer.json``, one ``<stream>.npy`` of token ids (uint16, documents end
with ``[SEP]``) per stream, ``pairs.npz`` (titles and bodies), ``noise.npz`` (tables of
``token_noise``) and ``report.json``, which is written last. The same files and seed give the same
folder. Texts go through in a stream; only the pairs are held in memory.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.character_noise import keyboard_noise
from training.text_sources import CAPS, STREAMS, Document, Tally, documents, text_files
from training.token_noise import write_tables
from training.vocabulary import (
    SEP,
    VocabularyShape,
    build_tokenizer,
    build_vocabulary,
    count_words,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Ids = NDArray[np.uint16]
Pair = tuple[str, str]

# Share of a stream's documents whose words are counted, and the weight of each: the vocabulary
# leans towards how citizens write, and a part of the news is enough to find its words.
_COUNTED = {"informal": (1.0, 4), "formal": (0.35, 1), "news": (0.16, 1), "reports": (1.0, 30)}

# Share of a stream's documents that are packed with slips of the keyboard. Other noise is applied
# to the ids while training; slips change where a text is cut, so they are made here.
_SLIPPED = {"informal": 0.08, "formal": 0.04, "news": 0.03, "reports": 0.0}
_LONGEST_SLIPPED = 3_000  # characters; no one types more than that on a phone

# Share of the documents of a source that become pairs: their first line is a title or a question,
# what follows is about it.
_PAIRED = {"ThanhChinhBK/vietnews": 0.35, "magizbox/scraper": 0.5, "telexyz/GPT4VN": 0.6}
_MOST_PAIRS = 90_000
_TITLE_CHARACTERS = range(16, 220)
_BODY_CHARACTERS = (80, 700)  # fewer is no body; what is further is not read
_TITLE_TOKENS, _BODY_TOKENS = 32, 64

_DOCUMENTS_AT_ONCE = 2_000


def build_corpus(
    paths: Iterable[Path], out: Path, *, seed: int = 0, shape: VocabularyShape | None = None
) -> dict[str, Any]:
    """Build a corpus folder, or leave it as it is if it was built from the same files and seed.

    Args:
        paths: Files of JSON lines (``.jsonl``, ``.jsonl.zst``) or folders of them: objects with
            ``text``, ``source``, ``kind`` and ``register``; labelled reports have none but the
            first.
        out: The corpus folder.
        seed: Of everything drawn by chance.
        shape: Of the vocabulary.

    Returns:
        The report: files, words by source and stream, share of documents without accents, what
        was capped, duplicates dropped.

    Raises:
        InputInvalid: A file is held out (``dev`` or ``test`` in its name) or not of this form.
        ExtraMissing: A file is compressed and zstandard is not installed.
    """
    files = text_files(paths)
    made_of = {"files": [[file.name, file.stat().st_size] for file in files], "seed": seed}
    report_file = out / "report.json"
    if report_file.is_file():
        report: dict[str, Any] = json.loads(report_file.read_text("utf-8"))
        if report["made_of"] == made_of:
            return report
        report_file.unlink()
    out.mkdir(parents=True, exist_ok=True)
    vocabulary = build_vocabulary(_counted(files, seed), shape)
    tokenizer = build_tokenizer(vocabulary)
    tokenizer.save(str(out / "tokenizer.json"))
    write_tables(vocabulary, out / "noise.npz")
    tally = Tally()
    with _Packing(tokenizer, out) as packing:
        pairs = _pack(documents(files, seed, tally), packing, seed)
    _write_pairs(pairs, tokenizer, out / "pairs.npz")
    report = {"made_of": made_of, "vocabulary": len(vocabulary), "pairs": len(pairs)}
    report |= _figures(tally, packing.tokens)
    report_file.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return report


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a corpus folder."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def _counted(files: Sequence[Path], seed: int) -> Counter[str]:
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    for document in documents(files, seed, Tally()):
        share, weight = _COUNTED[document.stream]
        if rng.random() < share:
            counts.update(count_words([document.text], weight))
    return counts


class _Packing:
    """Writes the token ids of each stream to its file as they come."""

    def __init__(self, tokenizer: Tokenizer, out: Path) -> None:
        self.tokens: Counter[str] = Counter()
        self._tokenizer, self._out = tokenizer, out

    def __enter__(self) -> _Packing:
        self._raw = {stream: self._part(stream).open("wb") for stream in STREAMS}
        return self

    def add(self, stream: str, texts: Sequence[str]) -> None:
        """Append texts to a stream, each followed by ``[SEP]``."""
        for encoded in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False):
            ids = np.array([*encoded.ids, SEP], dtype="<u2")
            self.tokens[stream] += len(ids)
            self._raw[stream].write(ids.tobytes())

    def __exit__(self, failed: object, *_: object) -> None:
        for stream, raw in self._raw.items():
            raw.close()
            if failed is None:
                self._finish(stream)
            self._part(stream).unlink()

    def _part(self, stream: str) -> Path:
        return self._out / f"{stream}.part"

    def _finish(self, stream: str) -> None:
        """Copy the ids behind a header, which can only be written once their number is known."""
        header = {"descr": "<u2", "fortran_order": False, "shape": (self.tokens[stream],)}
        with self._part(stream).open("rb") as raw, (self._out / f"{stream}.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            shutil.copyfileobj(raw, file)


def _pack(kept: Iterable[Document], packing: _Packing, seed: int) -> list[Pair]:
    rng = random.Random(seed)
    pairs: list[Pair] = []
    for chunk in _chunks(kept):
        texts: dict[str, list[str]] = {}
        for document in chunk:
            texts.setdefault(document.stream, []).append(_perhaps_slipped(document, rng))
            if rng.random() < _PAIRED.get(document.source, 0.0):
                pairs += _pair_of(document.text)
        for stream, of_stream in texts.items():
            packing.add(stream, of_stream)
    rng.shuffle(pairs)
    return pairs[:_MOST_PAIRS]


def _chunks(kept: Iterable[Document]) -> Iterator[list[Document]]:
    rest = iter(kept)
    while chunk := list(islice(rest, _DOCUMENTS_AT_ONCE)):
        yield chunk


def _perhaps_slipped(document: Document, rng: random.Random) -> str:
    if rng.random() < _SLIPPED[document.stream] and len(document.text) < _LONGEST_SLIPPED:
        return keyboard_noise(document.text, rng)
    return document.text


def _pair_of(text: str) -> list[Pair]:
    """Title and body, without the title in it; nothing where the text has no such parts."""
    title, _, body = text.partition("\n")
    shortest, longest = _BODY_CHARACTERS
    if len(title) not in _TITLE_CHARACTERS or len(body) <= shortest:
        return []
    return [(title, body.replace(title, " ")[:longest])]


def _write_pairs(pairs: Sequence[Pair], tokenizer: Tokenizer, file: Path) -> None:
    titles = _padded([title for title, _ in pairs], tokenizer, _TITLE_TOKENS)
    bodies = _padded([body for _, body in pairs], tokenizer, _BODY_TOKENS)
    np.savez(file, a=titles, b=bodies)


def _padded(texts: list[str], tokenizer: Tokenizer, length: int) -> Ids:
    """First ids of each text, shape (n, length), behind them 0."""
    table = np.zeros((len(texts), length), dtype=np.uint16)
    encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    for row, each in zip(table, encoded, strict=True):
        ids = each.ids[:length]
        row[: len(ids)] = ids
    return table


def _figures(tally: Tally, tokens: Counter[str]) -> dict[str, Any]:
    streams = {
        stream: {
            "documents": tally.stream_documents[stream],
            "words": tally.stream_words[stream],
            "tokens": tokens[stream],
            "share_unaccented": round(
                tally.unaccented[stream] / max(tally.stream_documents[stream], 1), 4
            ),
        }
        for stream in STREAMS
    }
    sources = {
        source: {
            "documents": tally.documents[source],
            "words": tally.words[source],
            "capped_documents": tally.capped[source],
        }
        for source in sorted({*tally.documents, *tally.capped})
    }
    return {
        "streams": streams,
        "sources": sources,
        "caps": [
            {"source": cap.source, "share": cap.share, "reason": cap.reason}
            for cap in CAPS
            if cap.source in sources
        ],
        "duplicates_dropped": tally.duplicates,
        "unreadable_dropped": tally.unreadable,
    }
