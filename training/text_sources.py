"""Plain texts as files: read, brought into their one spelling, capped, without duplicates."""

from __future__ import annotations

import hashlib
import io
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from nlp.errors import ExtraMissing, InputInvalid, JsonInvalid, TextRefused
from nlp.folding import strip_accents
from nlp.strict_json import strict_json
from nlp.text import canonicalise

#: The streams of a corpus. ``reports`` holds the texts of labelled reports.
STREAMS = ("informal", "formal", "news", "reports")

_SUFFIXES = (".jsonl", ".jsonl.zst")
_HELD_OUT = ("dev", "test")


@dataclass(frozen=True)
class Cap:
    """How much of a source is kept, and why not all."""

    source: str
    share: float  # of its documents
    reason: str


CAPS = (
    Cap(
        "cuongpiger/SCL_KHVW_Sentiment_Analysis_Project",
        0.8,
        "shop reviews, mostly praise: two fifths of all informal tokens",
    ),
    Cap("thangnth/sentiment_analysis-clusteringNLP", 0.8, "shop reviews, mostly praise"),
    Cap("truonghoangnguyen/nikaya2", 0.15, "scripture: long, archaic and repetitive"),
    Cap("minhofgod/hoi-dap-cong-giao", 0.5, "religious questions, one author's voice"),
    Cap("telexyz/GPT4VN", 0.7, "machine-translated instructions"),
    Cap(
        "isabella232/OfficeDocs-AlchemyInsights-pr.vi-VN",
        0.5,
        "machine-translated office documentation",
    ),
    Cap("VNOI-Admin/vnoi_wiki", 0.5, "programming contests: formulas and code"),
)


@dataclass(frozen=True)
class Document:
    """A text to pre-train on."""

    text: str  # canonical
    source: str
    stream: str  # one of STREAMS


@dataclass
class Tally:
    """What a reading of the sources came to. Words are what stands between spaces."""

    documents: Counter[str] = field(default_factory=Counter)  # by source
    words: Counter[str] = field(default_factory=Counter)  # by source
    stream_documents: Counter[str] = field(default_factory=Counter)
    stream_words: Counter[str] = field(default_factory=Counter)
    unaccented: Counter[str] = field(default_factory=Counter)  # documents by stream
    capped: Counter[str] = field(default_factory=Counter)  # documents left out, by source
    duplicates: int = 0
    unreadable: int = 0

    def add(self, document: Document) -> None:
        """Count a document that is kept."""
        words = len(document.text.split())
        self.documents[document.source] += 1
        self.words[document.source] += words
        self.stream_documents[document.stream] += 1
        self.stream_words[document.stream] += words
        self.unaccented[document.stream] += strip_accents(document.text) == document.text


def text_files(paths: Iterable[Path]) -> list[Path]:
    """The files of texts that are meant by files and folders, in a fixed order.

    Raises:
        InputInvalid: A path is missing, holds no texts, or is held out: a name with ``dev`` or
            ``test`` in it is never trained on.
    """
    found: list[Path] = []
    paths = list(paths)
    for path in paths:
        inside = sorted(each for each in path.iterdir()) if path.is_dir() else [path]
        files = [file for file in inside if file.name.endswith(_SUFFIXES) and file.is_file()]
        if not files:
            raise InputInvalid(f"{path}: expected {' or '.join(_SUFFIXES)} files")
        found += files
    for name in {*(file.name for file in found), *(path.name for path in paths)}:
        if any(word in name.lower() for word in _HELD_OUT):
            raise InputInvalid(f"{name}: expected texts to train on, got a name with dev or test")
    return found


def documents(files: Iterable[Path], seed: int, tally: Tally) -> Iterator[Document]:
    """Every document that is kept, in file order; the same ones for the same seed.

    Args:
        files: From ``text_files``.
        seed: Decides which documents of a capped source are kept.
        tally: Counts what was kept and what was not.

    Raises:
        InputInvalid: A line is not an object with a text.
        ExtraMissing: A file is compressed and zstandard is not installed.
    """
    rng = random.Random(seed)
    shares = {cap.source: cap.share for cap in CAPS}
    seen: set[bytes] = set()
    for document in _readable(files, tally):
        share = shares.get(document.source, 1.0)
        if share < 1.0 and rng.random() >= share:
            tally.capped[document.source] += 1
            continue
        digest = hashlib.blake2b(document.text.encode(), digest_size=8).digest()
        if digest in seen:
            tally.duplicates += 1
            continue
        seen.add(digest)
        tally.add(document)
        yield document


def _readable(files: Iterable[Path], tally: Tally) -> Iterator[Document]:
    for file in files:
        with _opened(file) as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield _document(line, file)
                except TextRefused:
                    tally.unreadable += 1
                except (JsonInvalid, InputInvalid) as error:
                    raise InputInvalid(f"{file}, line {number}: {error.message}") from None


def _document(line: str, file: Path) -> Document:
    value = strict_json(line)
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise InputInvalid("expected an object with a text")
    text = value["text"]
    stream = "news" if value.get("kind") == "news" else value.get("register", "reports")
    if stream not in STREAMS:
        raise InputInvalid(f"register: expected one of {', '.join(STREAMS)}")
    source = value.get("source", file.name)
    return Document(canonicalise(text, max_characters=len(text)).text, str(source), stream)


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    with file.open("rb") as raw:
        if not file.name.endswith(".zst"):
            yield io.TextIOWrapper(raw, encoding="utf-8")
            return
        try:
            import zstandard
        except ModuleNotFoundError:
            raise ExtraMissing(
                f"{file.name} is compressed: expected zstandard, which comes with "
                "`pip install 'phananh[train]'`"
            ) from None
        with zstandard.ZstdDecompressor().stream_reader(raw) as plain:
            yield io.TextIOWrapper(plain, encoding="utf-8")
