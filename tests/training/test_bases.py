from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nlp.artifact import Golden, Layout, Manifest, write_manifest
from nlp.calibration import Calibration
from nlp.domain import Kind, Report, Urgency
from nlp.errors import ArtifactInvalid, ExtraMissing
from nlp.pipeline import PipelineSpec, TextPipeline
from nlp.routing import RoutingTable
from nlp.segment import segmenter_version
from tests.checkpoints import write_bert, write_modernbert, write_phobert, write_roberta
from training.bases import HEADS_FILE, load_base
from training.phobert_tokenizer import original_size
from training.vocabulary import MASKS

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

WRITERS = {
    "bert": write_bert,
    "roberta": write_roberta,
    "modernbert": write_modernbert,
    "phobert": write_phobert,
}
TEXT = "Gọi <phone> cho anh <name>, đèn đường tắt mấy bữa ni"


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Tiny passes on many threads wait for each other on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    return {name: write(root / name) for name, write in WRITERS.items()}


@pytest.fixture(scope="module", params=WRITERS)
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def base(folders, kind):
    return load_base(folders[kind])


def states(base, text: str = TEXT):
    ids = torch.tensor([base.tokenizer.encode(text).ids])
    with torch.no_grad():
        return base.encoder.eval()(input_ids=ids, attention_mask=torch.ones_like(ids))


# --- what every base is --------------------------------------------------------------------------


def test_a_base_reads_a_text_through_its_own_pipeline(base):
    pipeline = TextPipeline(base.pipeline, base.tokenizer)
    read = pipeline.read(Report("r", "Đèn đường tắt, sđt em 0905 123 456"))
    (ids,) = pipeline.windows(read.model_text)
    assert base.tokenizer.token_to_id("<phone>") in ids
    hidden = states(base, read.model_text).last_hidden_state
    assert hidden.shape == (1, len(ids), 32)
    assert bool(hidden.isfinite().all())


def test_every_mask_is_one_token_with_a_row_of_its_own(base):
    ids = {mask: base.tokenizer.token_to_id(mask) for mask in MASKS}
    found = {mask: base.tokenizer.encode(f"a{mask}b").ids.count(ids[mask]) for mask in MASKS}
    assert found == dict.fromkeys(MASKS, 1)
    rows = base.encoder.get_input_embeddings().num_embeddings
    assert max(base.tokenizer.get_vocab().values()) < rows == base.encoder.config.vocab_size


def test_new_masks_start_with_the_meaning_of_words_and_not_at_random(folders):
    for name in ("bert", "roberta", "phobert"):
        one, other = load_base(folders[name]), load_base(folders[name])
        rows = [
            base.encoder.get_input_embeddings().weight[base.tokenizer.token_to_id("<phone>")]  # type: ignore[operator]
            for base in (one, other)
        ]
        words = one.tokenizer.encode("số điện thoại", add_special_tokens=False).ids
        meaning = one.encoder.get_input_embeddings().weight[words].mean(0)  # type: ignore[operator]
        assert torch.equal(*rows)
        assert torch.allclose(rows[0], meaning)


def test_tokens_of_the_checkpoint_keep_their_weights(folders, kind, base):
    from safetensors.torch import load_file

    saved = load_file(folders[kind] / "model.safetensors")
    name = next(name for name in saved if "word_embeddings" in name or "tok_embeddings" in name)
    rows = base.encoder.get_input_embeddings().weight[: len(saved[name])]
    assert torch.equal(rows, saved[name])


def test_a_base_is_all_float32_and_has_no_pooler_and_no_heads(base):
    assert {weights.dtype for weights in base.encoder.parameters()} == {torch.float32}
    assert getattr(base.encoder, "pooler", None) is None
    assert base.heads == {}


def test_padding_changes_no_state_of_a_text(base):
    ids = base.tokenizer.encode(TEXT).ids
    row = torch.tensor([[*ids, *[base.pad_id] * 7]])
    mask = torch.tensor([[1] * len(ids) + [0] * 7])
    with torch.no_grad():
        padded = base.encoder.eval()(input_ids=row, attention_mask=mask).last_hidden_state
    assert torch.allclose(padded[:, : len(ids)], states(base).last_hidden_state, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "window", "pad_id", "segmenter"),
    [
        ("bert", 128, 0, ""),
        ("roberta", 128, 1, ""),  # of 130 rows the first two stand for no position
        ("modernbert", 256, 0, ""),
        ("phobert", 256, 1, segmenter_version()),
    ],
)
def test_the_pipeline_fits_the_encoder(folders, name, window, pad_id, segmenter):
    base = load_base(str(folders[name]))
    assert base.pipeline == PipelineSpec(window=window, segmenter=segmenter)
    assert base.pad_id == pad_id


def test_a_window_as_long_as_the_spec_says_can_be_read(base):
    pipeline = TextPipeline(base.pipeline, base.tokenizer)
    windows = pipeline.windows("đường ngập nước " * 200)
    assert len(windows[0]) == base.pipeline.window
    ids = torch.tensor(windows[:1])
    base.encoder.eval()(input_ids=ids, attention_mask=torch.ones_like(ids))


# --- PhoBERT -------------------------------------------------------------------------------------


def test_pieces_unknown_to_phobert_are_read_as_its_unknown_token(folders):
    base = load_base(folders["phobert"])
    table = base.encoder.get_input_embeddings().weight  # type: ignore[operator]
    first, last = original_size(base.tokenizer), base.tokenizer.token_to_id("<phone>")
    assert last is not None
    assert last > first
    assert torch.equal(table[first:last], table[3].expand(last - first, -1))


def test_phobert_with_a_rebuilt_tokenizer_is_segmented_all_the_same(tmp_path):
    folder = write_phobert(tmp_path)
    base = load_base(folder)
    base.tokenizer.save(str(folder / "tokenizer.json"))
    base.encoder.save_pretrained(folder)  # type: ignore[operator]
    (folder / "bpe.codes").unlink()
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PhobertTokenizer"}')
    again = load_base(folder)
    assert again.pipeline == base.pipeline
    assert torch.equal(states(again).last_hidden_state, states(base).last_hidden_state)


def test_phobert_without_the_segmenter_says_what_to_install(folders, monkeypatch):
    monkeypatch.setattr("training.bases.segmenter_version", lambda: "")
    with pytest.raises(ExtraMissing, match=r"phobert: .*underthesea"):
        load_base(folders["phobert"])


# --- artifacts -----------------------------------------------------------------------------------


@pytest.fixture
def artifact(folders, tmp_path) -> Path:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "artifact"
    encoder = Layout(folder).encoder
    shutil.copytree(folders["modernbert"], encoder)
    (encoder / "tokenizer.json").rename(Layout(folder).tokenizer)
    weights = load_file(encoder / "model.safetensors")
    half = {name: value.to(torch.bfloat16) for name, value in weights.items()}
    save_file(half, encoder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((encoder / "config.json").read_text())
    (encoder / "config.json").write_text(json.dumps(config | {"dtype": "bfloat16"}))
    heads = {"topic.out.bias": torch.ones(3, dtype=torch.bfloat16)}
    save_file(heads, encoder / HEADS_FILE)
    Layout(folder).model.write_bytes(b"a graph; not read for training")
    return sealed(folder)


def sealed(folder: Path) -> Path:
    """The folder with a manifest of the files in it."""
    golden = (Golden("Đèn tắt", Kind.PHAN_ANH, "den", Urgency.THAP),)
    spec = PipelineSpec(window=200, overlap=20)
    labels = (tuple(Kind), ("den",))
    manifest = Manifest(*labels, Calibration(), RoutingTable(), spec, "fingerprint", golden)
    write_manifest(folder, manifest)
    return folder


def test_an_artifact_comes_with_its_heads_and_its_pipeline(artifact, folders):
    base, bare = load_base(artifact), load_base(folders["modernbert"])
    assert base.pipeline == PipelineSpec(window=200, overlap=20)
    assert base.heads["topic.out.bias"].tolist() == [1, 1, 1]
    assert {w.dtype for w in (*base.encoder.parameters(), *base.heads.values())} == {torch.float32}
    assert torch.allclose(states(base).last_hidden_state, states(bare).last_hidden_state, atol=0.1)


def test_an_artifact_with_a_changed_encoder_is_refused(artifact):
    heads = artifact / "encoder" / "heads.safetensors"
    heads.write_bytes(heads.read_bytes() + b" ")
    with pytest.raises(ArtifactInvalid, match=r"heads\.safetensors: sha256"):
        load_base(artifact)


def test_an_artifact_without_encoder_serves_but_is_no_base(artifact):
    shutil.rmtree(artifact / "encoder")
    with pytest.raises(ArtifactInvalid, match=r"artifact/encoder: expected the file config\.json"):
        load_base(sealed(artifact))


def test_an_artifact_of_an_encoder_alone_has_no_heads(artifact):
    (artifact / "encoder" / HEADS_FILE).unlink()
    assert load_base(sealed(artifact)).heads == {}
