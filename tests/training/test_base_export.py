"""Every kind of encoder goes from its folder to the graph that is served, and answers alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.model import OUTPUTS, Model
from tests.checkpoints import SENTENCES, write_bert, write_modernbert, write_roberta
from training.bases import load_base

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

WRITERS = {
    "bert": write_bert,
    "roberta": write_roberta,
    "modernbert": write_modernbert,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Tiny passes on many threads wait for each other on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=WRITERS)
def exported(request, tmp_path_factory):
    """A base, a reader on it with random heads, and the model of its graph."""
    from training.export import export_onnx
    from training.network import build_reader

    folder: Path = tmp_path_factory.mktemp(request.param)
    base = load_base(WRITERS[request.param](folder / "base"))
    torch.manual_seed(2)
    network = build_reader(base.encoder, kinds=6, topics=5).eval()
    export_onnx(network, folder / "model.onnx", base.pad_id)
    return base, network, Model(folder / "model.onnx", threads=1)


def rows_of(base, count: int, longest: int) -> list[list[int]]:
    """Windows of a base: the first is the longest, the last the shortest that there is."""
    base.tokenizer.enable_truncation(longest)
    texts = [" ".join(SENTENCES[n % 6 :] * 20)[: 400 // (n + 1)] for n in range(count - 1)]
    return [base.tokenizer.encode(text).ids for text in (*texts, "")]


def scores_of_torch(network, row: list[int]) -> dict[str, np.ndarray]:
    ids = torch.tensor([row])
    with torch.no_grad():
        outputs = network(ids, torch.ones_like(ids))
    return {name: getattr(outputs, name).numpy() for name in OUTPUTS}


@pytest.mark.parametrize(
    ("count", "longest"), [(1, 2), (2, 16), (3, 33), (7, 64), (36, 128), (2, 128)]
)
def test_the_graph_scores_padded_rows_of_any_batch_as_the_network_does_each_alone(
    exported, count, longest
):
    base, network, model = exported
    rows = rows_of(base, count, longest)
    found = model.score(rows)
    for name in OUTPUTS:
        expected = np.concatenate([scores_of_torch(network, row)[name] for row in rows])
        np.testing.assert_allclose(getattr(found, name), expected, atol=1e-4, err_msg=name)


def test_texts_of_different_content_have_different_scores(exported):
    base, _, model = exported
    rows = [base.tokenizer.encode(text).ids for text in SENTENCES]
    found = model.score(rows)
    for name in OUTPUTS:
        assert len(np.unique(getattr(found, name).round(5), axis=0)) == len(SENTENCES)


def test_a_text_as_long_as_the_window_is_read(exported):
    base, network, model = exported
    (row,) = rows_of(base, 2, base.pipeline.window)[:1]
    row = (row[:-1] * 20)[: base.pipeline.window - 1] + row[-1:]
    assert len(row) == base.pipeline.window
    found, expected = model.score([row]), scores_of_torch(network, row)
    np.testing.assert_allclose(found.topic, expected["topic"], atol=1e-4)


def test_the_shipped_pad_id_is_found_again_by_name(exported):
    base, _, _ = exported
    named = [base.tokenizer.token_to_id(name) for name in ("[PAD]", "<pad>")]
    assert base.pad_id in named
