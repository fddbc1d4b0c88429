"""The tokens of an encoder that was trained by others: each has a row, each mask is a token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp.errors import InputInvalid
from training.phobert_tokenizer import UNKNOWN_ID, VOCABULARY_FILE, original_size
from training.vocabulary import MASKS

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor, nn

#: A new token starts as the mean of what these words mean to the encoder.
_MEANING = {
    "<phone>": "số điện thoại",
    "<email>": "địa chỉ thư điện tử",
    "<id>": "số căn cước công dân",
    "<plate>": "biển số xe",
    "<account>": "số tài khoản ngân hàng",
    "<name>": "họ và tên người",
    "<address>": "địa chỉ số nhà",
    "<link>": "đường dẫn trang web",
}


def read_tokenizer(path: Path) -> Tokenizer:
    """Read a ``tokenizer.json``.

    Raises:
        InputInvalid: It can't be read, or adds no special tokens to a text.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare exceptions
        raise InputInvalid(f"{path}: not a tokenizer that can be read") from error
    if tokenizer.num_special_tokens_to_add(is_pair=False) == 0:
        raise InputInvalid(f"{path}: expected a tokenizer that adds special tokens to a text")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _rows(tokenizer: Tokenizer) -> int:
    """Rows that a table of embeddings needs for all ids of a tokenizer."""
    return max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1


def _table(encoder: nn.Module) -> Tensor:
    weights: Tensor = encoder.get_input_embeddings().weight.data  # type: ignore[operator]
    return weights


def _resize(encoder: nn.Module, rows: int) -> None:
    encoder.resize_token_embeddings(rows, mean_resizing=False)  # type: ignore[operator]


def fit_table(encoder: nn.Module, tokenizer: Tokenizer, folder: Path) -> None:
    """See that every token has a row: there may be spare rows, but not too few.

    Raises:
        InputInvalid: The encoder and the tokenizer are not of one checkpoint.
    """
    if (rows := len(_table(encoder))) < (needed := _rows(tokenizer)):
        raise InputInvalid(
            f"{folder}: the tokenizer has ids up to {needed - 1}, "
            f"expected fewer than the {rows} rows of the encoder's table"
        )


def fit_phobert_table(encoder: nn.Module, tokenizer: Tokenizer, folder: Path) -> None:
    """Give the pieces that the original reads as ``<unk>`` rows that are copies of its row.

    Raises:
        InputInvalid: The encoder and the tokenizer are not of one checkpoint.
    """
    first, needed = original_size(tokenizer), _rows(tokenizer)
    if (rows := len(_table(encoder))) < first:
        raise InputInvalid(
            f"{folder}: {VOCABULARY_FILE} makes {first} ids, "
            f"expected at most the {rows} rows of the encoder's table"
        )
    if rows < needed:
        _resize(encoder, needed)
    table = _table(encoder)
    table[first:needed] = table[UNKNOWN_ID]


def add_masks(encoder: nn.Module, tokenizer: Tokenizer) -> None:
    """Make each of ``MASKS`` one token; a new one starts as the mean of words that tell it."""
    from tokenizers import AddedToken

    new = [mask for mask in MASKS if tokenizer.token_to_id(mask) is None]
    meanings = {mask: _table(encoder)[_ids_of(_MEANING[mask], tokenizer)].mean(0) for mask in new}
    tokenizer.add_tokens([AddedToken(mask, normalized=False, special=False) for mask in MASKS])
    if len(_table(encoder)) < _rows(tokenizer):
        _resize(encoder, _rows(tokenizer))
    for mask, meaning in meanings.items():
        _table(encoder)[tokenizer.token_to_id(mask)] = meaning


def _ids_of(words: str, tokenizer: Tokenizer) -> list[int]:
    ids: list[int] = tokenizer.encode(words, add_special_tokens=False).ids
    return ids or tokenizer.encode(words).ids


def pad_id(encoder: nn.Module, tokenizer: Tokenizer, folder: Path) -> int:
    """The id of padding, which the encoder and the service must agree on.

    RoBERTa counts positions by it, so that padding with another id would move every token.

    Raises:
        InputInvalid: They do not agree.
    """
    named = [tokenizer.token_to_id(name) for name in ("[PAD]", "<pad>")]
    served = next((number for number in named if number is not None), 0)
    config: Any = encoder.config
    if config.pad_token_id not in (None, served):
        raise InputInvalid(
            f"{folder}: config.json pads with token {config.pad_token_id}, expected {served}, "
            "the tokenizer's [PAD] or <pad>"
        )
    return served
