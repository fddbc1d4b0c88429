"""What fine-tuning starts from: an artifact of ours, or any encoder in the Hugging Face format.

A folder or the name of a model on the Hugging Face hub will do, for example
``vinai/phobert-base-v2`` (PhoBERT: read after word segmentation, which is set for it), or
``FacebookAI/xlm-roberta-base``. Only safetensors and text files are ever fetched or read, and no
code that comes with a model is run: a model that is published only as ``pytorch_model.bin`` is
refused. Convert such a one once, where running a pickle does no harm (load it with
``transformers`` there and ``save_pretrained`` it), and name the folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from logging import ERROR
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp.artifact import Layout, load_manifest
from nlp.errors import ArtifactInvalid, ExtraMissing, InputInvalid
from nlp.pipeline import PipelineSpec
from nlp.segment import segmenter_version
from training.base_tokens import add_masks, fit_phobert_table, fit_table, pad_id, read_tokenizer
from training.phobert_tokenizer import CODES_FILE, VOCABULARY_FILE, phobert_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor, nn

HEADS_FILE = "heads.safetensors"

_FETCHED = ("*.safetensors", "*.json", "*.txt", "*.codes")
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_TOKENIZER_FILE = "tokenizer.json"


@dataclass(frozen=True)
class Base:
    """An encoder that is ready for fine-tuning.

    Attributes:
        encoder: A ``transformers`` model in float32, without a pooler; called with ``input_ids``
            and ``attention_mask`` of shape (n, length), its ``last_hidden_state`` has shape
            (n, length, width).
        tokenizer: Adds the special tokens of one text; each mask (``<phone>``) is one token.
        pipeline: How texts are read for it.
        heads: Weights that were saved beside an artifact's encoder, by name; empty for others.
        pad_id: Token id that fills short rows.
    """

    encoder: nn.Module
    tokenizer: Tokenizer
    pipeline: PipelineSpec
    heads: dict[str, Tensor] = field(repr=False)
    pad_id: int


def load_base(where: str | Path) -> Base:
    """Load what fine-tuning starts from.

    Args:
        where: An artifact folder; a folder with ``config.json``, safetensors and
            ``tokenizer.json`` (or PhoBERT's ``vocab.txt`` and ``bpe.codes``); or the name
            ``owner/model`` of such a model on the Hugging Face hub.

    Raises:
        ArtifactInvalid: The artifact is incomplete or damaged.
        InputInvalid: There is no such folder or model, something in it is missing or pickled, or
            it is no encoder this service can run; the message names the folder.
        ExtraMissing: torch, transformers or the segmenter is not installed.
    """
    _need_training_libraries()
    folder = Path(where)
    if not folder.is_dir():
        folder = _fetched(str(where))
    if Layout(folder).manifest.is_file():
        return _from_artifact(folder)
    return _from_checkpoint(folder)


def _need_training_libraries() -> None:
    for library in ("torch", "transformers", "safetensors", "huggingface_hub"):
        try:
            import_module(library)
        except ImportError as error:
            raise ExtraMissing(
                f"{library} is not installed: expected the extra, pip install 'phananh[train]'"
            ) from error


def _fetched(name: str) -> Path:
    """The folder of a model on the hub, downloaded unless it is in the cache."""
    from huggingface_hub import snapshot_download

    if not _HUB_ID.fullmatch(name):
        raise InputInvalid(f"{name}: expected a folder, or owner/model on the Hugging Face hub")
    try:
        return Path(snapshot_download(name, allow_patterns=list(_FETCHED), ignore_patterns=["*/*"]))
    except Exception as error:  # of its own, of HTTP, of the disk: no common base class
        raise InputInvalid(
            f"{name}: no such folder, and not to be had from the Hugging Face hub "
            f"({type(error).__name__})"
        ) from error


def _from_artifact(folder: Path) -> Base:
    from safetensors.torch import load_file

    manifest = load_manifest(folder)
    layout = Layout(folder)
    try:
        encoder = _load_encoder(layout.encoder)
        tokenizer = read_tokenizer(layout.tokenizer)
        fit_table(encoder, tokenizer, folder)
        heads_file = layout.encoder / HEADS_FILE
        heads = load_file(heads_file) if heads_file.is_file() else {}
        padding = pad_id(encoder, tokenizer, folder)
    except InputInvalid as error:
        raise ArtifactInvalid(error.message) from error
    heads = {name: weights.float() for name, weights in heads.items()}
    return Base(encoder, tokenizer, manifest.pipeline, heads, padding)


def _from_checkpoint(folder: Path) -> Base:
    is_phobert = _is_phobert(folder)
    if is_phobert and not segmenter_version():
        raise ExtraMissing(
            f"{folder}: reads segmented text, and underthesea is not installed: "
            "expected pip install underthesea"
        )
    encoder = _load_encoder(folder)
    if (folder / _TOKENIZER_FILE).is_file():
        tokenizer = read_tokenizer(folder / _TOKENIZER_FILE)
        fit_table(encoder, tokenizer, folder)
    elif is_phobert:
        tokenizer = phobert_tokenizer(folder)
        fit_phobert_table(encoder, tokenizer, folder)
    else:
        raise InputInvalid(
            f"{folder}: expected the file {_TOKENIZER_FILE}, "
            f"or both {VOCABULARY_FILE} and {CODES_FILE}"
        )
    add_masks(encoder, tokenizer)
    spec = PipelineSpec(
        segmenter=segmenter_version() if is_phobert else "",
        window=min(PipelineSpec.window, _positions(encoder)),
    )
    room = spec.window - tokenizer.num_special_tokens_to_add(is_pair=False)
    if room <= spec.overlap:
        raise InputInvalid(
            f"{folder}: reads {room} tokens of a text at once, expected more than {spec.overlap}, "
            "which neighbouring windows share"
        )
    return Base(encoder, tokenizer, spec, {}, pad_id(encoder, tokenizer, folder))


def _is_phobert(folder: Path) -> bool:
    """Whether the encoder was trained on segmented text."""
    if (folder / CODES_FILE).is_file():
        return True
    settings = folder / "tokenizer_config.json"
    name = _read_json(settings).get("tokenizer_class") if settings.is_file() else None
    return str(name).startswith("Phobert")


# --- weights -------------------------------------------------------------------------------------


def _load_encoder(folder: Path) -> nn.Module:
    _check_files(folder)
    encoder, missing = _from_pretrained(folder)
    if encoder.config.is_encoder_decoder:
        raise InputInvalid(
            f"{folder}: expected an encoder, found the encoder-decoder {encoder.config.model_type}"
        )
    if missing := sorted(name for name in missing if not name.startswith("pooler.")):
        raise InputInvalid(
            f"{folder}: the weights lack {len(missing)} tensors, the first is {missing[0]}"
        )
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None  # no head of ours reads it, so nothing would train it
    model: nn.Module = encoder
    return model


def _from_pretrained(folder: Path) -> tuple[Any, Iterable[str]]:
    """The model, and the names of the weights that its files do not hold."""
    import torch
    from transformers import AutoModel
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity(ERROR)  # what is missing is checked here, by rules that fit the use
    try:
        encoder, report = AutoModel.from_pretrained(
            str(folder),
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except Exception as error:  # safetensors' and transformers' errors share no base class
        raise InputInvalid(
            f"{folder}: not an encoder that transformers can load ({type(error).__name__})"
        ) from error
    finally:
        logging.set_verbosity(verbosity)
    return encoder, report["missing_keys"]


def _check_files(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise InputInvalid(f"{folder}: expected the file config.json")
    _read_json(folder / "config.json")
    whole, pieces = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if not whole.is_file() and not pieces.is_file():
        pickles = sorted(path.name for path in folder.glob("*.bin"))
        found = f", found only the pickle {pickles[0]}, which is never read" if pickles else ""
        raise InputInvalid(f"{folder}: expected the weights as {whole.name}{found}")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputInvalid(f"{path}: expected a readable file of JSON") from error
    if not isinstance(value, dict):
        raise InputInvalid(f"{path}: expected a JSON object")
    return value


def _positions(encoder: nn.Module) -> int:
    """Tokens that the encoder can read at once."""
    embeddings = getattr(encoder, "embeddings", None)
    table = getattr(embeddings, "position_embeddings", None)
    if table is None:
        config: Any = encoder.config
        return int(getattr(config, "max_position_embeddings", PipelineSpec.window))
    # RoBERTa counts from the id of padding on, and the rows up to it stand for no position.
    return int(table.num_embeddings) - (0 if table.padding_idx is None else table.padding_idx + 1)
