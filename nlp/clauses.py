"""Vectors of mandate clauses: those that the artifact remembers, and the others read anew.

Reading all clauses of a city takes the model a second or two, so an artifact carries the vectors of
the clauses it was trained with, by the hash of their words. A clause that was added or changed
since is read when the city is loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from nlp.errors import ArtifactInvalid

Vectors = npt.NDArray[np.float32]


def clause_vectors(
    clauses: Sequence[str],
    remembered: Mapping[str, Vectors],
    embed: Callable[[Sequence[str]], Vectors],
) -> Vectors:
    """Unit vectors of all clauses, shape (n, width).

    Args:
        clauses: The clauses in the order of the answer.
        remembered: Known vectors by ``clause_key``.
        embed: Reads the clauses that are not known.
    """
    new = [clause for clause in clauses if clause_key(clause) not in remembered]
    vectors = dict(remembered)
    if new:
        vectors |= dict(zip(map(clause_key, new), embed(new), strict=True))
    return np.stack([vectors[clause_key(clause)] for clause in clauses])


def clause_key(clause: str) -> str:
    """What a clause is known by."""
    return hashlib.sha256(clause.encode()).hexdigest()[:16]


def save_clauses(path: Path, clauses: Sequence[str], vectors: Vectors) -> None:
    """Write the vectors in half precision."""
    keys = np.array([clause_key(clause) for clause in clauses], dtype="U16")
    np.savez(path, keys=keys, vectors=vectors.astype(np.float16))


def load_clauses(path: Path) -> dict[str, Vectors]:
    """Vectors by key; empty where the artifact has none.

    Raises:
        ArtifactInvalid: The file holds something else.
    """
    if not path.exists():
        return {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            keys, vectors = data["keys"], data["vectors"].astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return dict(zip(map(str, keys), vectors, strict=True))
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise ArtifactInvalid(f"{path}: not clause vectors that can be read ({error})") from error
