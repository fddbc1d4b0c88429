"""Which mandate clauses are read anew, and what an artifact remembers of the others."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from nlp.clauses import clause_key, clause_vectors, load_clauses, save_clauses
from nlp.errors import ArtifactInvalid


class Reader:
    """Reads a clause as a vector of its length; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, clauses):
        self.asked += clauses
        return np.array([[len(clause), 1] for clause in clauses], dtype=np.float32)


def test_only_clauses_that_are_not_remembered_are_read():
    read = Reader()
    known = {clause_key("thu gom rác"): np.array([0.6, 0.8], np.float32)}
    vectors = clause_vectors(["đèn", "thu gom rác", "cống"], known, read)
    assert read.asked == ["đèn", "cống"]
    assert vectors == pytest.approx(np.array([[3, 1], [0.6, 0.8], [4, 1]]))


def test_nothing_is_read_where_all_is_remembered():
    known = {clause_key("đèn"): np.array([1, 0], np.float32)}
    read = Reader()
    assert clause_vectors(["đèn", "đèn"], known, read).tolist() == [[1, 0], [1, 0]]
    assert read.asked == []


def test_a_clause_that_changed_by_one_letter_is_read_anew():
    read = Reader()
    clause_vectors(["Đèn"], {clause_key("đèn"): np.array([1, 0], np.float32)}, read)
    assert read.asked == ["Đèn"]


def test_what_is_not_remembered_is_not_added_to_the_memory():
    known: dict[str, np.ndarray] = {}
    clause_vectors(["đèn"], known, Reader())
    assert known == {}


def test_vectors_come_back_from_a_file_as_unit_vectors(tmp_path):
    path = tmp_path / "clauses.npz"
    save_clauses(path, ["đèn", "rác"], np.array([[0.6, 0.8], [1, 0]], np.float32))
    loaded = load_clauses(path)
    assert loaded[clause_key("đèn")] == pytest.approx([0.6, 0.8], abs=1e-3)
    assert np.linalg.norm(list(loaded.values()), axis=1) == pytest.approx([1, 1], abs=1e-6)


def test_an_artifact_without_vectors_remembers_none(tmp_path):
    assert load_clauses(tmp_path / "clauses.npz") == {}


def archive(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def one_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.eye(2))
    return file.getvalue()


KEYS = np.array(["a", "b"])
DAMAGED = {
    "empty": b"",
    "half an archive": archive(keys=KEYS, vectors=np.eye(2))[:90],
    "text": b"clauses",
    "one array": one_array(),
    "other names": archive(names=KEYS),
    "fewer vectors": archive(keys=KEYS, vectors=np.eye(1)),
    "no vectors": archive(keys=KEYS, vectors=np.ones(2)),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_file_that_holds_something_else_is_named(tmp_path, content):
    path = tmp_path / "clauses.npz"
    path.write_bytes(content)
    with pytest.raises(ArtifactInvalid, match=r"clauses\.npz"):
        load_clauses(path)
