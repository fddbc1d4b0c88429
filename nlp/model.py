"""The encoder with its heads as an ONNX graph: windows of token ids in, raw scores out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from nlp.errors import ArtifactInvalid

Floats = npt.NDArray[np.float32]

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

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        """Whether every score of a text is a number, shape (n,)."""
        heads = (self.kind, self.topic, self.urgency, self.also, self.embedding)
        finite = np.isfinite(np.concatenate(heads, axis=1))
        rows: npt.NDArray[np.bool_] = np.logical_and.reduce(finite, axis=1)
        return rows

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
        with np.errstate(invalid="ignore"):  # infinite scores become NaN, and are refused as such
            embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
        return Scores(
            (np.add.reduceat(self.kind, starts) / counts).astype(np.float32),
            (np.add.reduceat(self.topic, starts) / counts).astype(np.float32),
            np.maximum.reduceat(self.urgency, starts),
            np.maximum.reduceat(self.also, starts),
            embedding,
        )


class Model:
    """An inference session. Safe to share between threads."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """Load a graph with its tensors inside.

        Args:
            path: ``model.onnx``.
            threads: Threads of one pass; 0 means all cores.

        Raises:
            ArtifactInvalid: The file is no such graph.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # The arena keeps the largest batch for ever: 400 MB resident instead of 256 MB.
        options.enable_cpu_mem_arena = False
        # Threads may spin within a pass (2.9 ms a report on two cores, 3.8 without) but not after it,
        # where they would take a core from the rest of the service.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        try:
            self._session = onnxruntime.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors share no public base class
            raise ArtifactInvalid(f"{path}: not a graph that can be read ({error})") from error
        found = tuple(output.name for output in self._session.get_outputs())
        if found != OUTPUTS:
            raise ArtifactInvalid(f"{path}: expected the outputs {OUTPUTS}, found {found}")

    def score(self, windows: Sequence[Sequence[int]]) -> Scores:
        """Scores of windows, in their order, each in a pass of its own.

        An int8 graph scales its activations by all that a pass holds, so in a shared pass a text's
        probabilities moved by up to 0.02 with the texts beside it. Alone, the same text has the
        same answer always, and on a CPU a shared pass is hardly faster: 2.4 ms a report, not 2.5.
        """
        parts = [self._pass(window) for window in windows]
        return Scores(*(np.concatenate(head) for head in zip(*parts, strict=True)))

    def _pass(self, window: Sequence[int]) -> list[Floats]:
        ids = np.array([window], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        heads: list[Floats] = self._session.run(None, feed)
        return heads
