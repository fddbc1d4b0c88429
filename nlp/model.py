"""The encoder with its heads as an ONNX graph: windows of token ids in, raw scores out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from nlp.errors import ArtifactInvalid

Floats = npt.NDArray[np.float32]

#: Tokens of one padded batch. More gives nothing on a CPU and holds up the next request.
BATCH_TOKENS = 4096

OUTPUTS = ("kind", "topic", "urgency", "also", "embedding")


@dataclass(frozen=True)
class Scores:
    """Raw scores of n texts (or windows).

    Attributes:
        kind: Logits, shape (n, kinds).
        topic: Logits, shape (n, topics).
        urgency: Logits of "at least this urgent", shape (n, levels - 1).
        also: Logits of "this topic is in the text too", shape (n, topics).
        embedding: Unit vectors, shape (n, width).
    """

    kind: Floats
    topic: Floats
    urgency: Floats
    also: Floats
    embedding: Floats

    def combined(self, sizes: Sequence[int]) -> Scores:
        """Scores of texts from those of their windows.

        The topic and the kind of a text are those of all its windows together; its urgency and its
        further topics are the highest of any window, since danger may stand in the last line.

        Args:
            sizes: Number of windows of each text, in order.
        """
        if all(size == 1 for size in sizes):
            return self
        starts = np.cumsum([0, *sizes[:-1]])
        counts = np.asarray(sizes, dtype=np.float32)[:, None]
        embedding = np.add.reduceat(self.embedding, starts)
        return Scores(
            (np.add.reduceat(self.kind, starts) / counts).astype(np.float32),
            (np.add.reduceat(self.topic, starts) / counts).astype(np.float32),
            np.maximum.reduceat(self.urgency, starts),
            np.maximum.reduceat(self.also, starts),
            embedding / np.linalg.norm(embedding, axis=1, keepdims=True),
        )


class Model:
    """An inference session. Safe to share between threads."""

    def __init__(self, path: Path, *, threads: int = 0, pad_id: int = 0) -> None:
        """Load a graph with its tensors inside.

        Args:
            path: ``model.onnx``.
            threads: Threads of one pass; 0 means all cores.
            pad_id: Token id that fills short rows.

        Raises:
            ArtifactInvalid: The file is no such graph.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that spin between passes take a core from the rest of the service.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors share no public base class
            raise ArtifactInvalid(f"{path}: not a graph that can be read ({error})") from error
        found = tuple(output.name for output in self._session.get_outputs())
        if found != OUTPUTS:
            raise ArtifactInvalid(f"{path}: expected the outputs {OUTPUTS}, found {found}")
        self._pad_id = pad_id

    def score(self, windows: Sequence[Sequence[int]]) -> Scores:
        """Scores of windows, in their order; windows of like length share a pass."""
        order = sorted(range(len(windows)), key=lambda i: len(windows[i]))
        parts = [self._pass([windows[i] for i in rows]) for rows in _batches(windows, order)]
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        return Scores(*(np.concatenate(head)[place] for head in zip(*parts, strict=True)))

    def _pass(self, rows: Sequence[Sequence[int]]) -> list[Floats]:
        longest = max(map(len, rows))
        ids = np.full((len(rows), longest), self._pad_id, dtype=np.int64)
        mask = np.zeros((len(rows), longest), dtype=np.int64)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
        heads: list[Floats] = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return heads


def _batches(windows: Sequence[Sequence[int]], order: Sequence[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for index in order:  # by length, so the last of a batch is its longest
        if batch and (len(batch) + 1) * len(windows[index]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    yield batch
