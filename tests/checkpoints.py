"""Tiny checkpoints of each kind of encoder, written as their real ones are."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

SENTENCES = [
    "Đường Nguyễn_Huệ đoạn trước chợ bị sụt_lún , ổ_gà sâu , kính_mong cơ_quan chức_năng xử_lý .",
    "Dây điện đứt rớt xuống đường , rất nguy_hiểm cho học_sinh đi học .",
    "Rác_thải sinh_hoạt chất đống ở đầu ngõ hai tuần nay không ai thu_gom .",
    "Cho hỏi giờ nộp hồ_sơ ở phường nào cũng được hay phải đúng nơi mình ở ?",
    "duong nguyen hue bi ngap nuoc roi , ai xu ly giup voi",
    "Đèn đường tắt mấy bữa ni mà không ai sửa hết , số điện_thoại phường là mấy ?",
]
_CONTROL = ["<s>", "<pad>", "</s>", "<unk>"]
_SIZE: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
}


def write_bert(folder: Path, *, positions: int = 128) -> Path:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        SENTENCES, trainers.WordPieceTrainer(vocab_size=200, special_tokens=special)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=positions, **_SIZE
    )
    return _save(BertModel, config, folder, tokenizer)


def write_roberta(folder: Path, *, positions: int = 130) -> Path:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import RobertaConfig, RobertaModel

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = [*_CONTROL, "<mask>"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=positions,
        type_vocab_size=1,
        pad_token_id=1,
        **_SIZE,
    )
    return _save(RobertaModel, config, folder, tokenizer)


def write_modernbert(folder: Path) -> Path:
    """One with local attention in every other layer, and with the masks in its vocabulary."""
    from transformers import ModernBertConfig, ModernBertModel

    from training.vocabulary import SPECIAL, build_tokenizer

    letters = sorted({letter for text in SENTENCES for letter in text.lower() if letter != " "})
    vocabulary = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
    config = ModernBertConfig(
        vocab_size=len(vocabulary),
        max_position_embeddings=512,
        layer_types=["full_attention", "sliding_attention"],
        local_attention=16,
        pad_token_id=0,
        bos_token_id=2,
        cls_token_id=2,
        eos_token_id=3,
        sep_token_id=3,
        **_SIZE,
    )
    return _save(ModernBertModel, config, folder, build_tokenizer(vocabulary))


def write_phobert(folder: Path) -> Path:
    """RoBERTa's weights with PhoBERT's two text files."""
    from transformers import RobertaConfig, RobertaModel

    pieces = write_phobert_files(folder)
    config = RobertaConfig(
        vocab_size=len(_CONTROL) + pieces + 1,
        max_position_embeddings=258,
        type_vocab_size=1,
        tokenizer_class="PhobertTokenizer",  # type: ignore[call-arg]
        **_SIZE,
    )
    return _save(RobertaModel, config, folder)


def write_phobert_files(folder: Path, *, rarest: int = 1) -> int:
    """A toy BPE in fastBPE's format: pieces that occur at least so often; returns how many."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    trained.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=600, end_of_word_suffix="</w>", show_progress=False, min_frequency=1
    )
    trained.train_from_iterator(SENTENCES, trainer)
    merges = json.loads(trained.to_str())["model"]["merges"]
    folder.mkdir(parents=True, exist_ok=True)
    codes = "".join(f"{left} {right} {900 - n}\n" for n, (left, right) in enumerate(merges))
    (folder / "bpe.codes").write_text(codes, encoding="utf-8")
    # Whole letters too, as a real corpus has them; merged away on these few sentences.
    counts = Counter(token for text in SENTENCES for token in trained.encode(text).tokens)
    counts.update(letter for text in SENTENCES[:3] for letter in text if letter != " ")
    kept = [token for token, times in counts.most_common() if times >= rarest]
    lines = [f"{_piece(token)} {counts[token]}\n" for token in kept]
    (folder / "vocab.txt").write_text("".join(lines), encoding="utf-8")
    return len(lines)


def _piece(token: str) -> str:
    return token.removesuffix("</w>") if token.endswith("</w>") else f"{token}@@"


def _save(model_class, config, folder: Path, tokenizer=None) -> Path:
    import torch

    torch.manual_seed(1)
    model_class(config).save_pretrained(folder)
    if tokenizer is not None:
        tokenizer.save(str(folder / "tokenizer.json"))
    return folder
