"""The graph gives each window its scores, whatever stands beside it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.errors import ArtifactInvalid
from nlp.model import Model, Scores

HEADS = [field.name for field in fields(Scores)]


def scores(n: int, seed: int = 0) -> Scores:
    draw = np.random.default_rng(seed)
    shapes = {"kind": 6, "topic": 4, "urgency": 3, "also": 4, "embedding": 5}
    found = {
        head: draw.normal(size=(n, width)).astype(np.float32) for head, width in shapes.items()
    }
    found["embedding"] /= np.linalg.norm(found["embedding"], axis=1, keepdims=True)
    return Scores(**found)


def windows(*lengths: int) -> list[list[int]]:
    return [
        [2, *(13 + (n * 7 + i) % 60 for i in range(length)), 3] for n, length in enumerate(lengths)
    ]


# --- windows of one text


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_a_text_has_the_mean_topic_and_the_highest_urgency_of_its_windows(sizes):
    parts = scores(sum(sizes))
    whole = parts.combined(sizes)
    begin = 0
    for row, size in enumerate(sizes):
        own = slice(begin, begin + size)
        begin += size
        assert whole.topic[row] == pytest.approx(parts.topic[own].mean(axis=0), abs=1e-5)
        assert whole.kind[row] == pytest.approx(parts.kind[own].mean(axis=0), abs=1e-5)
        assert whole.urgency[row] == pytest.approx(parts.urgency[own].max(axis=0))
        assert whole.also[row] == pytest.approx(parts.also[own].max(axis=0))
        assert np.linalg.norm(whole.embedding[row]) == pytest.approx(1, abs=1e-5)


def test_danger_in_the_last_window_is_the_danger_of_the_text():
    parts = scores(3)
    parts = replace(parts, urgency=np.array([[-9] * 3, [-9] * 3, [5] * 3], np.float32))
    assert parts.combined([3]).urgency.tolist() == [[5, 5, 5]]


def test_texts_of_one_window_keep_their_scores():
    parts = scores(3)
    assert parts.combined([1, 1, 1]) is parts


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_told_of_its_text_alone(head, bad):
    parts = scores(3)
    spoilt = getattr(parts, head).copy()
    spoilt[1, 2] = bad
    assert replace(parts, **{head: spoilt}).finite.tolist() == [True, False, True]


# --- the graph


def test_windows_come_back_in_their_order_whatever_their_lengths(model):
    mixed = windows(30, 3, 12, 1, 50)
    together = model.score(mixed)
    for row, window in enumerate(mixed):
        alone = model.score([window])
        for head in HEADS:
            found, expected = getattr(together, head)[row], getattr(alone, head)[0]
            assert found == pytest.approx(expected, abs=2e-4)


def test_embeddings_are_unit_vectors(model):
    lengths = np.linalg.norm(model.score(windows(5, 20)).embedding, axis=1)
    assert lengths == pytest.approx([1, 1], abs=1e-5)


def test_a_window_has_the_same_scores_whatever_stands_beside_it(model):
    some = windows(*[62] * 10, 2)
    together = model.score(some)
    for row, window in enumerate(some):
        alone = model.score([window])
        assert np.array_equal(together.topic[row], alone.topic[0])
        assert np.array_equal(together.embedding[row], alone.embedding[0])


@pytest.mark.parametrize("content", [b"", b"{}", b"\x08\x07"])
def test_a_file_that_is_no_graph_is_named(tmp_path, content):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ArtifactInvalid, match=r"model\.onnx"):
        Model(path)


def test_a_missing_graph_is_named(tmp_path):
    with pytest.raises(ArtifactInvalid, match=r"model\.onnx"):
        Model(tmp_path / "model.onnx")


def test_a_graph_with_other_outputs_is_refused_with_what_was_expected(tmp_path):
    onnx = pytest.importorskip("onnx")
    shape = onnx.helper.make_tensor_value_info
    value = shape("x", onnx.TensorProto.FLOAT, [1]), shape("y", onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "other", [value[0]], [value[1]])
    opset = onnx.helper.make_opsetid("", 18)
    path = tmp_path / "model.onnx"
    onnx.save_model(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), str(path))
    with pytest.raises(ArtifactInvalid, match=r"expected the outputs .*'kind'.* found .*'y'"):
        Model(path)
