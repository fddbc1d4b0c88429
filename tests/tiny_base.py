"""A base small enough to be fine-tuned in a test: words and letters of some texts, two layers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training.vocabulary import SPECIAL, build_tokenizer, count_words, plain_form


def write_tiny_base(folder: Path, texts: Sequence[str], *, words: int = 1200) -> Path:
    import torch
    from transformers import ModernBertModel

    from training.encoder import EncoderShape, encoder_config, save_encoder

    counts = count_words(texts)
    letters = sorted({letter for word in counts for letter in word})
    whole = [word for word, _ in counts.most_common(words)]
    tokens = [*letters, *(f"##{letter}" for letter in letters), *whole]
    vocabulary = list(dict.fromkeys([*SPECIAL, *tokens, *map(plain_form, tokens)]))
    shape = EncoderShape(
        vocabulary=len(vocabulary), layers=2, width=32, heads=2, inner=48, positions=256
    )
    torch.manual_seed(4)
    encoder = ModernBertModel(encoder_config(shape))
    save_encoder(encoder.state_dict(), build_tokenizer(vocabulary), folder, shape)
    return folder
