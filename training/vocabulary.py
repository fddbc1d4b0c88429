"""The vocabulary of the encoder: whole syllables first, closed under accent stripping.

Vietnamese is written syllable by syllable, and a few thousand of them make nearly every text, so
the commonest are tokens of their own. Whatever is in the vocabulary is there without its accents
too: a text typed without accents is cut at the same places, and dropping the accents of a
tokenised text is a look-up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlp.errors import InputInvalid
from nlp.folding import strip_accents

if TYPE_CHECKING:
    from tokenizers import Tokenizer

#: Ids 0 to 4: padding, unknown, start, end, hidden.
CONTROL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNK, CLS, SEP, MASK = range(5)
#: What stands in a text where personal data stood.
MASKS = (
    "<phone>",
    "<email>",
    "<id>",
    "<plate>",
    "<account>",
    "<name>",
    "<address>",
    "<link>",
)
#: The first tokens of every vocabulary; they have no form without accents.
SPECIAL = CONTROL + MASKS

_CONTINUES = "##"
_WORD = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_LONGEST_WORD = 24  # letters; what is longer is a link or a slip of the space bar
_LONGEST_NUMBER = 4  # digits of a number that is one token: a year
_LONGEST_ENCODED = 48  # letters of a word that is cut into pieces at all
# A piece of a rare word counts by the word's frequency to this power, so that the pieces are not
# those of a few frequent foreign words.
_DAMPING = 0.6
_MOST_REPEATS = 200


@dataclass(frozen=True)
class VocabularyShape:
    """How many tokens of each sort."""

    size: int = 16_384
    pieces: int = 5_200  # of these, at the end, for parts of words
    stems: int = 2_200  # commonest words that may also continue a word, for joined-up typing
    rarest_character: int = 200  # occurrences; a rarer character is unknown


def count_words(texts: Iterable[str], weight: int = 1) -> Counter[str]:
    """How often each lower-cased word, number and sign occurs.

    Args:
        texts: Canonical texts.
        weight: How much one occurrence counts.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        for word, times in Counter(_WORD.findall(text.lower())).items():
            counts[word] += times * weight
    return counts


def plain_form(token: str) -> str:
    """The token without accents; the mark of a continuation stays, special tokens do too."""
    if token in SPECIAL:
        return token
    if token.startswith(_CONTINUES):
        return _CONTINUES + strip_accents(token[len(_CONTINUES) :])
    return strip_accents(token)


def build_vocabulary(counts: Counter[str], shape: VocabularyShape | None = None) -> list[str]:
    """Choose the tokens.

    Args:
        counts: Words of the corpus, from ``count_words``.
        shape: How many of each sort.

    Returns:
        At most ``shape.size`` tokens, the special ones first; ``plain_form`` of each is in it.

    Raises:
        InputInvalid: The characters alone are more than ``shape.size``.
    """
    shape = shape or VocabularyShape()
    counts = _typed_without_accents_too(counts)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    characters = _characters(counts, shape.rarest_character)
    chosen = _Chosen(shape.size)
    chosen.add_all(SPECIAL)
    chosen.add_all(characters)
    chosen.add_all(_CONTINUES + char for char in characters if char.isalnum())
    if chosen.is_full():
        message = f"size {shape.size}: expected more than the corpus has characters"
        raise InputInvalid(message)
    chosen.add_all(filter(_is_whole_token, ranked), up_to=shape.size - shape.pieces)
    stems = [word for word in ranked if word.isalpha() and len(word) > 1][: shape.stems]
    chosen.add_all(_CONTINUES + word for word in stems)
    rest = {word: counts[word] for word in ranked if word not in chosen and word.isalnum()}
    chosen.add_all(_pieces(rest, characters, shape.size))
    return chosen.tokens


class _Chosen:
    """Tokens in the order of their ids; each comes with its plain form or not at all."""

    def __init__(self, size: int) -> None:
        self.tokens: list[str] = []
        self._size = size
        self._seen: set[str] = set()

    def __contains__(self, token: str) -> bool:
        return token in self._seen

    def is_full(self) -> bool:
        """Whether there is no room for another token."""
        return len(self.tokens) >= self._size

    def add_all(self, tokens: Iterable[str], up_to: int | None = None) -> None:
        """Add tokens until there are ``up_to``, or no room."""
        for token in tokens:
            if self.is_full() or (up_to is not None and len(self.tokens) >= up_to):
                return
            new = [t for t in dict.fromkeys((token, plain_form(token))) if t not in self._seen]
            if len(self.tokens) + len(new) <= self._size:
                self.tokens += new
                self._seen.update(new)


def _typed_without_accents_too(counts: Counter[str]) -> Counter[str]:
    """A third of every word's occurrences once more without its accents."""
    mixed = Counter(counts)
    for word, times in counts.items():
        plain = strip_accents(word)
        if plain != word:
            mixed[plain] += times // 3
    return mixed


def _characters(counts: Counter[str], rarest: int) -> list[str]:
    occurrences: Counter[str] = Counter()
    for word, times in counts.items():
        for char in word:
            occurrences[char] += times
    kept = {char for char, times in occurrences.items() if times >= rarest}
    return sorted(kept | {strip_accents(char) for char in kept})


def _is_whole_token(word: str) -> bool:
    limit = _LONGEST_NUMBER if word.isdigit() else _LONGEST_WORD
    return 1 < len(word) <= limit


def _pieces(rest: dict[str, int], characters: Sequence[str], size: int) -> list[str]:
    """Parts of the words that are no tokens, by WordPiece training, in its order."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    def damped() -> Iterator[str]:
        for word, times in rest.items():
            for _ in range(min(_MOST_REPEATS, max(1, int(times**_DAMPING)))):
                yield word

    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        # Ties are broken by id, and the ids of continuing characters depend on chance unless given.
        special_tokens=[_CONTINUES + char for char in characters if char.isalnum()],
        initial_alphabet=list(characters),
        limit_alphabet=len(characters),
        show_progress=False,
    )
    tokenizer = Tokenizer(models.WordPiece(unk_token=CONTROL[UNK]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.train_from_iterator(damped(), trainer)
    known = set(characters)
    return [
        token for token in vocabulary_of(tokenizer) if set(token.removeprefix(_CONTINUES)) <= known
    ]


def build_tokenizer(vocabulary: Sequence[str]) -> Tokenizer:
    """The tokenizer of a vocabulary: lower-cases, cuts at spaces, signs and numbers.

    Args:
        vocabulary: Tokens in the order of their ids, ``SPECIAL`` first.

    Returns:
        A tokenizer that puts ``[CLS]`` before and ``[SEP]`` behind a text.

    Raises:
        InputInvalid: The vocabulary does not begin with ``SPECIAL``, or has a token twice.
    """
    from tokenizers import (
        AddedToken,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    ids = {token: number for number, token in enumerate(vocabulary)}
    if tuple(vocabulary[: len(SPECIAL)]) != SPECIAL or len(ids) != len(vocabulary):
        message = f"a vocabulary of {len(vocabulary)}: expected the special tokens, then distinct"
        raise InputInvalid(message)
    tokenizer = Tokenizer(
        models.WordPiece(ids, unk_token=CONTROL[UNK], max_input_chars_per_word=_LONGEST_ENCODED)
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Digits(individual_digits=False)]
    )
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(list(CONTROL))
    tokenizer.add_tokens([AddedToken(mask, normalized=False, special=False) for mask in MASKS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    return tokenizer


def vocabulary_of(tokenizer: Tokenizer) -> list[str]:
    """The tokens of a tokenizer in the order of their ids."""
    ids = tokenizer.get_vocab()
    return sorted(ids, key=ids.__getitem__)
