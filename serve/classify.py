"""JSON lines in, JSON lines out, in the same order and in constant memory.

A line that can't be answered gets an error in its place and never touches the others. The only
thing that grows with the file is the set of ids seen, about 90 bytes a line, which finds an id that
occurs twice.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from nlp.domain import Answer, Report
from nlp.errors import InputInvalid, LineTooLong, PhanAnhError
from nlp.items import SeenIds, answer_to_json, item_id, parse_item, strict_json

#: Bytes of a line; the same as a request of the web service may have.
MAX_LINE_BYTES = 2_000_000
#: Reports per call of the model: long enough to sort by length into full batches.
CHUNK = 256
#: Bytes after which a chunk is closed early, so that 256 huge lines are never held together.
MAX_CHUNK_BYTES = 4_000_000

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

Predict = Callable[[Sequence[Report]], Sequence[Answer]]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the input that is not blank."""

    number: int  # counted from 1, blank lines included
    data: bytes | None  # without its end; None: longer than the limit


@dataclass(slots=True)
class Tally:
    """How far a run is."""

    bytes_read: int = 0
    answered: int = 0
    failed: Counter[str] = field(default_factory=Counter)  # by error code

    @property
    def done(self) -> int:
        """Lines with a result, of either sort."""
        return self.answered + self.failed.total()


# ----------------------------------------------------------------------------------------- reading


def read_lines(
    source: BinaryIO, tally: Tally, *, max_bytes: int = MAX_LINE_BYTES
) -> Iterator[Line]:
    """The lines of a file that are not blank. At most ``max_bytes`` of one are held in memory.

    Args:
        source: Bytes, read from where they are.
        tally: Its ``bytes_read`` follows.
        max_bytes: The longest line, without its end.

    Raises:
        InputInvalid: The input as a whole is no JSON lines: UTF-16, or one JSON array.
    """
    started = False
    number = 0
    while data := source.readline(max_bytes + 2):  # two for the line's end, \r\n
        number += 1
        tally.bytes_read += len(data)
        whole = data.endswith(b"\n") or len(data) < max_bytes + 2
        if not whole:
            tally.bytes_read += _skip_line(source)
        content = (_without_mark(data) if number == 1 else data).rstrip(b"\r\n")
        if whole and not content.strip():
            continue
        if not started:
            _refuse_array(content)
            started = True
        yield Line(number, content if whole and len(content) <= max_bytes else None)


def _without_mark(data: bytes) -> bytes:
    """The first line without the byte order mark that Windows editors put before UTF-8."""
    if data.startswith(_UTF16_MARKS):
        raise InputInvalid("expected UTF-8, got UTF-16: save the file as UTF-8 and try again")
    return data.removeprefix(_UTF8_MARK)


def _refuse_array(first: bytes) -> None:
    if first.lstrip().startswith(b"["):
        raise InputInvalid(
            "expected JSON lines (one object per line, no commas between them), got a JSON array; "
            "`jq -c '.[]' FILE` turns one into the other"
        )


def _skip_line(source: BinaryIO) -> int:
    """Read on to the end of the line, piece by piece; the number of bytes passed over."""
    skipped = 0
    while piece := source.readline(65_536):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


# --------------------------------------------------------------------------------------- answering


def classify_chunks(
    lines: Iterable[Line], predict: Predict, tally: Tally, *, chunk: int = CHUNK
) -> Iterator[list[dict[str, object]]]:
    """A result per line, in the order of the lines, some lines at a time.

    Args:
        lines: What ``read_lines`` gives.
        predict: Answers some reports, in their order.
        tally: Its ``answered`` and ``failed`` follow.
        chunk: At most so many lines are read before the first of them is answered.
    """
    seen = SeenIds()
    for some in _chunks(lines, chunk):
        slots = [_read_item(line, seen) for line in some]
        reports = [slot for slot in slots if isinstance(slot, Report)]
        answers = iter(predict(reports) if reports else ())
        results = [
            answer_to_json(next(answers)) if isinstance(slot, Report) else slot for slot in slots
        ]
        yield [
            _counted(result, line.number, tally) for line, result in zip(some, results, strict=True)
        ]


def _chunks(lines: Iterable[Line], chunk: int) -> Iterator[list[Line]]:
    """Lines in groups, bounded in number and in bytes."""
    group: list[Line] = []
    size = 0
    for line in lines:
        group.append(line)
        size += len(line.data or b"")
        if len(group) >= chunk or size >= MAX_CHUNK_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _read_item(line: Line, seen: SeenIds) -> Report | dict[str, object]:
    """The report of a line, or the error that stands in its place."""
    identifier = ""
    try:
        value = _parse_line(line)
        identifier = item_id(value)
        if identifier:
            seen.add(identifier)
        return parse_item(value)
    except PhanAnhError as error:
        return {"id": identifier, "error": {"code": error.code, "message": error.message}}


def _parse_line(line: Line) -> object:
    if line.data is None:
        raise LineTooLong(f"expected at most {MAX_LINE_BYTES} bytes in a line")
    return strict_json(line.data)


def _counted(result: dict[str, object], number: int, tally: Tally) -> dict[str, object]:
    """The result, counted; an error also says which line it is about."""
    error = result.get("error")
    if not isinstance(error, dict):
        tally.answered += 1
        return result
    tally.failed[str(error["code"])] += 1
    return {"id": result["id"], "line": number, "error": error}


# ----------------------------------------------------------------------------------------- writing


def encode_result(result: dict[str, object]) -> bytes:
    """One line of UTF-8 JSON with its end."""
    try:
        return json.dumps(result, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate of the input can only be written escaped
        return json.dumps(result, allow_nan=False).encode() + b"\n"


@contextmanager
def open_result(path: Path | None) -> Iterator[BinaryIO]:
    """Where results go: a file that appears whole at the end, or the standard output.

    The file is written under another name beside its place. A run that fails or is interrupted
    leaves no file and an older file as it was.

    Args:
        path: The file; None for the standard output. A device or a pipe is written to directly.

    Raises:
        OSError: The file can't be written.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif path.exists() and not path.is_file():
        with path.open("wb") as device:  # a folder raises here
            yield device
    else:
        with _whole_file(path.resolve()) as file:
            yield file


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with scratch.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


# ------------------------------------------------------------------------------------- all of it


def classify_stream(
    source: BinaryIO,
    target: BinaryIO,
    predict: Predict,
    *,
    chunk: int = CHUNK,
    on_chunk: Callable[[Tally], None] = lambda _tally: None,
) -> Tally:
    """Answer every line of a stream.

    Args:
        source: JSON lines in UTF-8.
        target: Gets the results, flushed after each chunk.
        predict: Answers some reports, in their order.
        chunk: Lines per call of ``predict``; 1 answers each line before the next is read.
        on_chunk: Called after each chunk, to show how far the run is.

    Returns:
        What was answered and what failed.

    Raises:
        InputInvalid: The input as a whole is no JSON lines; nothing was written.
    """
    tally = Tally()
    for results in classify_chunks(read_lines(source, tally), predict, tally, chunk=chunk):
        target.writelines(map(encode_result, results))
        target.flush()
        on_chunk(tally)
    return tally
