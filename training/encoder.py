"""The encoder as others load it: its size, and its folder of plain Hugging Face files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from training.vocabulary import CLS, CONTROL, MASK, PAD, SEP, UNK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tokenizers import Tokenizer
    from torch import Tensor
    from transformers import ModernBertConfig


@dataclass(frozen=True)
class EncoderShape:
    """The size of the encoder."""

    vocabulary: int = 16_384
    layers: int = 12
    width: int = 256
    heads: int = 4
    inner: int = 704  # GeGLU: 2.75 x width costs as much as an ordinary 4 x width block
    positions: int = 512

    def flops_per_token(self, length: int, predicted_share: float) -> float:
        """Floating-point operations of training per token, forward and backward.

        Args:
            length: Tokens of a sequence.
            predicted_share: Share of them for which the head runs.
        """
        body = self.layers * (4 * self.width**2 + 3 * self.width * self.inner)
        attention = 2 * self.layers * length * self.width
        head = predicted_share * (self.vocabulary * self.width + self.width**2)
        return 6.0 * (body + attention + head)


#: The size of the shipped encoder.
SHAPE = EncoderShape()


def encoder_config(shape: EncoderShape) -> ModernBertConfig:
    """The ModernBERT configuration of that shape: every layer sees the whole text."""
    from transformers import ModernBertConfig

    rope = {"rope_type": "default", "rope_theta": 10_000.0}
    return ModernBertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        max_position_embeddings=shape.positions,
        layer_types=["full_attention"] * shape.layers,
        rope_parameters={"full_attention": rope, "sliding_attention": rope},
        pad_token_id=PAD,
        cls_token_id=CLS,
        bos_token_id=CLS,
        sep_token_id=SEP,
        eos_token_id=SEP,
    )


def save_encoder(
    state: Mapping[str, Tensor], tokenizer: Tokenizer, folder: Path, shape: EncoderShape = SHAPE
) -> None:
    """Write a folder that ``AutoModel`` and ``AutoTokenizer`` load.

    Args:
        state: Weights of a ``ModernBertModel`` of that shape, by name.
        tokenizer: Its ids are rows of the embedding table.
        folder: Made if it is missing; gets config.json, model.safetensors, tokenizer.json and
            tokenizer_config.json.
        shape: The size of the encoder.

    Raises:
        RuntimeError: The weights are not those of an encoder of that shape.
    """
    import torch
    from safetensors.torch import save
    from transformers import ModernBertModel, PreTrainedTokenizerFast

    config = encoder_config(shape)
    with torch.device("meta"):
        ModernBertModel(config).load_state_dict(dict(state), strict=True, assign=True)
    config.architectures = ["ModernBertModel"]
    config.dtype = torch.float32
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(folder)
    weights = {name: value.detach().float().cpu().contiguous() for name, value in state.items()}
    (folder / "model.safetensors").write_bytes(save(weights, metadata={"format": "pt"}))
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=shape.positions,
        pad_token=CONTROL[PAD],
        unk_token=CONTROL[UNK],
        cls_token=CONTROL[CLS],
        sep_token=CONTROL[SEP],
        mask_token=CONTROL[MASK],
    )
    wrapped.save_pretrained(folder)
