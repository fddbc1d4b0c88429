"""The vocabulary and its tokenizer."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.errors import InputInvalid
from nlp.folding import strip_accents
from nlp.registry import default_artifact
from training.vocabulary import (
    CONTROL,
    MASKS,
    SPECIAL,
    VocabularyShape,
    build_tokenizer,
    build_vocabulary,
    count_words,
    plain_form,
    vocabulary_of,
)

TEXTS = [
    "Đường Nguyễn Huệ bị ngập nước sau mưa lớn, xe cộ không qua được!",
    "Đèn đường hẻm 12/3 hỏng từ 25/4/2026, gọi <phone> không ai nghe máy.",
    "Rác thải bốc mùi hôi thối suốt tuần nay; kính mong phường xử lý sớm.",
    "Ổ gà to đùng trước cổng trường, trẻ con đi học té hoài 😡",
]
SMALL = VocabularyShape(size=400, pieces=150, stems=20, rarest_character=1)


@pytest.fixture(scope="module")
def vocabulary() -> list[str]:
    return build_vocabulary(count_words(TEXTS), SMALL)


@pytest.fixture(scope="module")
def tokenizer(vocabulary):
    return build_tokenizer(vocabulary)


def test_words_are_counted_lower_cased_with_their_weight():
    counts = count_words(["Nước, nước 24", "nước"], weight=3)
    assert counts == Counter({"nước": 9, ",": 3, "24": 3})


def test_special_tokens_come_first_and_no_token_twice(vocabulary):
    assert tuple(vocabulary[: len(SPECIAL)]) == SPECIAL
    assert len(set(vocabulary)) == len(vocabulary) <= SMALL.size
    assert "" not in vocabulary


def test_commonest_syllables_are_whole_tokens(vocabulary):
    assert {"đường", "duong", "không", "khong"} <= set(vocabulary)


def test_building_twice_gives_the_same_ids(vocabulary):
    assert build_vocabulary(count_words(reversed(TEXTS)), SMALL) == vocabulary


words = st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạếờựỹ❤❶", min_size=1, max_size=7)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(words, st.integers(1, 5_000), min_size=1, max_size=40),
    st.integers(150, 260),
)
def test_every_vocabulary_is_closed_under_accent_stripping(counts, size):
    shape = VocabularyShape(size=size, pieces=40, stems=10, rarest_character=1)
    vocabulary = build_vocabulary(Counter(counts), shape)
    assert {plain_form(token) for token in vocabulary} <= set(vocabulary)
    assert len(vocabulary) <= size


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(" ".join(TEXTS).split()), min_size=1, max_size=12))
def test_text_without_accents_is_cut_where_a_known_text_is(vocabulary, tokenizer, some):
    text = " ".join(some)
    known = [word for word in count_words([text]) if word in vocabulary]
    for word in known:
        assert len(tokenizer.encode(strip_accents(word), add_special_tokens=False).ids) == 1


def test_vocabulary_smaller_than_the_alphabet_is_refused():
    with pytest.raises(InputInvalid, match="size 20: expected more"):
        build_vocabulary(count_words(TEXTS), VocabularyShape(20, 5, 1, 1))


def test_masks_are_one_token_each_and_case_does_not_matter(tokenizer):
    for mask in MASKS:
        assert tokenizer.encode(f"gọi {mask}.", add_special_tokens=False).tokens[-2] == mask
    assert tokenizer.encode("ĐƯỜNG").ids == tokenizer.encode("đường").ids


def test_text_stands_between_start_and_end_and_numbers_apart_from_letters(tokenizer):
    tokens = tokenizer.encode("đường12").tokens
    assert tokens == ["[CLS]", "đường", "12", "[SEP]"]


def test_decomposed_letters_read_like_composed_ones(tokenizer):
    assert tokenizer.encode("nu\u031bo\u031b\u0301c").ids == tokenizer.encode("nước").ids


def test_tokenizer_gives_its_vocabulary_back(vocabulary, tokenizer):
    assert vocabulary_of(tokenizer) == vocabulary


def test_vocabulary_without_the_special_tokens_is_refused(vocabulary):
    with pytest.raises(InputInvalid, match="expected the special tokens"):
        build_tokenizer(vocabulary[len(CONTROL) :])
    with pytest.raises(InputInvalid, match="then distinct"):
        build_tokenizer([*vocabulary, "đường"])


def test_tokenizer_of_the_shipped_vocabulary_is_the_shipped_one():
    from tokenizers import Tokenizer

    file = default_artifact() / "tokenizer.json"
    if not file.is_file():
        pytest.skip("no artifact is shipped with this tree")
    shipped = Tokenizer.from_file(str(file))
    shipped.no_truncation()
    shipped.no_padding()
    assert build_tokenizer(vocabulary_of(shipped)).to_str() == shipped.to_str()
