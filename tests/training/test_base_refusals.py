"""What is refused as a base of fine-tuning, and what is fetched from the hub."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from nlp.errors import ExtraMissing, InputInvalid
from tests.checkpoints import write_bert, write_phobert, write_roberta
from training.bases import load_base

pytest.importorskip("torch")
pytest.importorskip("transformers")

WRITERS = {"bert": write_bert, "roberta": write_roberta, "phobert": write_phobert}


@pytest.fixture
def copy(tmp_path):
    """A checkpoint that a test may spoil."""
    return lambda name: WRITERS[name](tmp_path / name)


@pytest.mark.parametrize(
    ("name", "missing", "said"),
    [
        ("bert", "config.json", "expected the file config.json"),
        ("bert", "model.safetensors", "expected the weights as model.safetensors$"),
        ("bert", "tokenizer.json", "expected the file tokenizer.json, or both vocab.txt and bpe.c"),
        ("phobert", "vocab.txt", "expected the file vocab.txt"),
    ],
)
def test_a_missing_file_is_named_with_its_folder(copy, name, missing, said):
    folder = copy(name)
    (folder / missing).unlink()
    with pytest.raises(InputInvalid, match=f"^{re.escape(str(folder))}: {said}"):
        load_base(folder)


def test_pickled_weights_are_refused_and_never_read(copy):
    folder = copy("bert")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputInvalid, match=r"only the pickle pytorch_model\.bin, which is never"):
        load_base(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff\x00"])
def test_a_damaged_file_is_refused(copy, name, content):
    folder = copy("bert")
    (folder / name).write_bytes(content)
    with pytest.raises(InputInvalid, match=re.escape(str(folder))):
        load_base(folder)


def test_weights_of_another_encoder_are_refused_instead_of_starting_at_random(copy):
    from safetensors.torch import load_file, save_file

    path = copy("bert") / "model.safetensors"
    weights = {f"other.{name}": value for name, value in load_file(path).items()}
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(InputInvalid, match=r"the weights lack \d+ tensors"):
        load_base(path.parent)


def test_a_tokenizer_of_another_checkpoint_is_refused(copy):
    folder = copy("bert")
    shutil.copy(copy("roberta") / "tokenizer.json", folder)
    with pytest.raises(InputInvalid, match="expected fewer than the 200 rows"):
        load_base(folder)


def test_an_encoder_that_pads_with_another_token_is_refused(copy):
    folder = copy("roberta")
    change(folder / "config.json", pad_token_id=2)
    with pytest.raises(InputInvalid, match="pads with token 2, expected 1"):
        load_base(folder)


def test_an_encoder_of_few_positions_is_refused(tmp_path):
    with pytest.raises(InputInvalid, match="reads 48 tokens of a text at once, expected more"):
        load_base(write_bert(tmp_path / "short", positions=50))


def test_code_that_comes_with_a_model_is_never_run(copy):
    folder = copy("bert")
    change(
        folder / "config.json",
        model_type="made-up",
        auto_map={"AutoConfig": "code.C", "AutoModel": "code.M"},
    )
    (folder / "code.py").write_text("raise SystemExit('run')")
    with pytest.raises(InputInvalid, match="not an encoder that transformers can load"):
        load_base(folder)


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_a_missing_library_is_named(copy, monkeypatch, library):
    folder = copy("bert")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ExtraMissing, match=f"{library} is not installed"):
        load_base(folder)


def change(path: Path, **members) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | members))


# --- the hub -------------------------------------------------------------------------------------


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub of one model; fetches only what it is asked for."""

    def serve(published: Path, name: str = "some-one/tiny-bert") -> list[Path]:
        from huggingface_hub.errors import LocalEntryNotFoundError
        from huggingface_hub.utils._paths import filter_repo_objects

        fetched = tmp_path / "cache"

        def snapshot_download(repo_id, **patterns):
            if repo_id != name:
                raise LocalEntryNotFoundError("offline")
            files = [str(path.relative_to(published)) for path in published.rglob("*.*")]
            for file in filter_repo_objects(files, **patterns):
                (fetched / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(published / file, fetched / file)
            return str(fetched)

        monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
        return fetched

    return serve


def test_a_model_of_the_hub_is_fetched_without_pickles_and_code(hub, copy):
    published = copy("bert")
    for name in ("pytorch_model.bin", "modeling.py", "onnx/model.safetensors", "README.md"):
        (published / name).parent.mkdir(exist_ok=True)
        (published / name).write_bytes(b"-")
    fetched = hub(published)
    assert load_base("some-one/tiny-bert").pipeline.window == 128
    assert {path.name for path in fetched.rglob("*")} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    }


def test_a_model_of_the_hub_that_is_only_pickled_is_refused(hub, copy):
    published = copy("bert")
    (published / "model.safetensors").rename(published / "pytorch_model.bin")
    hub(published)
    with pytest.raises(InputInvalid, match=r"expected the weights as model\.safetensors"):
        load_base("some-one/tiny-bert")


@pytest.mark.parametrize("where", ["some-one/else", "models/missing"])
def test_a_name_that_is_neither_here_nor_on_the_hub_is_said(hub, copy, where):
    hub(copy("bert"))
    with pytest.raises(InputInvalid, match=f"^{where}: no such folder, and not to be had"):
        load_base(where)


@pytest.mark.parametrize("where", ["missing", "./missing", "/missing/one", "a/b/c", "../x"])
def test_a_folder_that_is_missing_is_not_looked_for_on_the_hub(hub, copy, where):
    hub(copy("bert"), name=where)
    with pytest.raises(InputInvalid, match="expected a folder, or owner/model"):
        load_base(where)
