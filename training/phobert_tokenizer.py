"""The tokenizer of PhoBERT, rebuilt for the ``tokenizers`` library from its two text files.

PhoBERT's files are fastBPE's: ``bpe.codes`` lists the merges, best first, with ``</w>`` at the end
of a word; ``vocab.txt`` lists the pieces in the order of their ids, with ``@@`` behind every piece
that does not end its word. The library of its authors reads them in Python alone, which no service
can afford and no artifact holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nlp.errors import InputInvalid

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VOCABULARY_FILE = "vocab.txt"
CODES_FILE = "bpe.codes"
#: Ids 0 to 3, before those of ``vocab.txt``.
CONTROL = ("<s>", "<pad>", "</s>", "<unk>")
UNKNOWN_ID = CONTROL.index("<unk>")
_HIDDEN = "<mask>"
_CONTINUES = "@@"
_END = "</w>"


def phobert_tokenizer(folder: Path) -> Tokenizer:
    """Rebuild the tokenizer of a PhoBERT-like checkpoint.

    Pieces that only lie on the way of the merges are not in ``vocab.txt``: the original reads them
    as ``<unk>``. A tokenizer's ids must be distinct, so here they have ids of their own, from
    ``original_size`` on; a table of embeddings needs a copy of the row of ``<unk>`` for each.

    Args:
        folder: Holds ``vocab.txt`` and ``bpe.codes``.

    Returns:
        A tokenizer of segmented text that puts ``<s>`` before and ``</s>`` behind it. White space,
        line ends too, parts words; all ids below ``original_size`` are those of the original.

    Raises:
        InputInvalid: A file is missing or not of this format; the message names it.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    pieces = _read_pieces(folder / VOCABULARY_FILE)
    merges = _read_merges(folder / CODES_FILE)
    ids = _ids(pieces, merges)
    tokenizer = Tokenizer(
        models.BPE(
            vocab=ids,
            merges=merges,
            unk_token=CONTROL[UNKNOWN_ID],
            end_of_word_suffix=_END,
            fuse_unk=False,
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.BPEDecoder(suffix=_END)
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token in (*CONTROL, _HIDDEN)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", CONTROL.index("<s>")), ("</s>", CONTROL.index("</s>"))],
    )
    return tokenizer


def original_size(tokenizer: Tokenizer) -> int:
    """Number of ids that a rebuilt tokenizer shares with the original: up to ``<mask>``."""
    hidden = tokenizer.token_to_id(_HIDDEN)
    return 0 if hidden is None else hidden + 1


def _ids(pieces: list[str], merges: list[tuple[str, str]]) -> dict[str, int]:
    """Ids of the library's symbols: ``x`` inside a word, ``x</w>`` at its end."""
    ids = {token: number for number, token in enumerate(CONTROL)}
    for number, piece in enumerate(pieces, start=len(CONTROL)):
        ids[_symbol(piece)] = number
    ids[_HIDDEN] = len(CONTROL) + len(pieces)
    for symbol in _symbols_of(merges):
        ids.setdefault(symbol, len(ids))
    return ids


def _symbol(piece: str) -> str:
    inside = piece.removesuffix(_CONTINUES)
    return inside if inside and inside != piece else piece + _END


def _symbols_of(merges: list[tuple[str, str]]) -> Iterator[str]:
    for left, right in merges:
        yield from (left, right, left + right)


def _read_pieces(path: Path) -> list[str]:
    pieces: list[str] = []
    for number, line in enumerate(_lines(path), start=1):
        piece, found, _count = line.strip().rpartition(" ")
        if not found:
            raise InputInvalid(f"{path}, line {number}: expected a piece and its count")
        pieces.append(piece)
    if len(set(map(_symbol, pieces))) != len(pieces) or not set(pieces).isdisjoint(
        (*CONTROL, _HIDDEN)
    ):
        raise InputInvalid(f"{path}: expected every piece once, and none of {', '.join(CONTROL)}")
    return pieces


def _read_merges(path: Path) -> list[tuple[str, str]]:
    merges: dict[tuple[str, str], None] = {}
    for line in _lines(path):
        # A symbol with odd white space in it makes another number of parts. The original keeps
        # such a merge and never applies it.
        if len(parts := line.split()) == 3:
            pair = (parts[0], parts[1])
            merges.pop(pair, None)  # of two equal merges the original obeys the later
            merges[pair] = None
    if not merges:
        raise InputInvalid(f"{path}: expected lines of two symbols and their count")
    return list(merges)


def _lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8") as file:
            return list(file)
    except FileNotFoundError:
        raise InputInvalid(f"{path.parent}: expected the file {path.name}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputInvalid(f"{path}: expected a readable file of UTF-8 text") from error
