"""The rebuilt tokenizer against the one that transformers has, in Python."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlp.errors import InputInvalid
from tests.checkpoints import SENTENCES, write_phobert_files
from training.phobert_tokenizer import UNKNOWN_ID, original_size, phobert_tokenizer

pytest.importorskip("transformers")

ALPHABET = sorted(set("".join(SENTENCES)) | set("Zzжﬁ😭@</>\u00a0\t"))
WORDS = sorted({word for text in SENTENCES for word in text.split()})


@pytest.fixture(scope="module", params=[1, 2, 4], ids=lambda n: f"pieces seen {n} times")
def pair(request, tmp_path_factory):
    """The rebuilt tokenizer and the original, of the same files."""
    from transformers import PhobertTokenizer

    folder = tmp_path_factory.mktemp("phobert")
    write_phobert_files(folder, rarest=request.param)
    original = PhobertTokenizer(str(folder / "vocab.txt"), str(folder / "bpe.codes"))
    return phobert_tokenizer(folder), original


def same_ids(pair, text: str) -> bool:
    """Whether both read a text alike, where pieces the original does not know count as <unk>."""
    rebuilt, original = pair
    size = original_size(rebuilt)
    ids = [number if number < size else UNKNOWN_ID for number in rebuilt.encode(text).ids]
    return ids == original.encode(text)


def test_ids_are_those_of_the_original_for_the_sentences_it_was_made_from(pair):
    assert all(same_ids(pair, text) for text in SENTENCES)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(ALPHABET, max_size=12) | st.sampled_from(WORDS)).map(" ".join))
@example("")
@example("   ")
@example("a")
@example("ệ")
@example("học_sinh@@ @@ @@@ @")
@example("</w> a</w> học</w>")
@example("<s> <mask> </s>x<unk>y")
@example("họcsinhđườngđiện")
def test_ids_are_those_of_the_original_for_any_line(pair, text):
    assert same_ids(pair, text)


def test_every_word_and_every_half_of_a_word_is_read_as_by_the_original(pair):
    halves = {
        part for word in WORDS for cut in range(len(word)) for part in (word[:cut], word[cut:])
    }
    assert [part for part in sorted(halves) if not same_ids(pair, part)] == []


def test_pieces_that_the_original_does_not_know_have_ids_behind_its_own(tmp_path):
    write_phobert_files(tmp_path, rarest=4)
    rebuilt = phobert_tokenizer(tmp_path)
    ids = [number for text in SENTENCES for number in rebuilt.encode(text).ids]
    assert original_size(rebuilt) <= max(ids) < rebuilt.get_vocab_size()
    assert sorted(rebuilt.get_vocab().values()) == list(range(rebuilt.get_vocab_size()))


def test_signs_that_look_like_the_mark_of_a_piece_are_read_as_by_the_original(tmp_path):
    from transformers import PhobertTokenizer

    write_phobert_files(tmp_path)
    with (tmp_path / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("@@ 3\n@@@ 2\n@ 1\n")
    with (tmp_path / "bpe.codes").open("a", encoding="utf-8") as file:
        file.write("@ @</w> 1\n")
    files = (str(tmp_path / name) for name in ("vocab.txt", "bpe.codes"))
    pair = phobert_tokenizer(tmp_path), PhobertTokenizer(*files)
    for text in ("@", "@@", "@@@", "@@@@", "a@@ @", "đường@@ @@đường"):
        assert same_ids(pair, text)


def test_ids_follow_the_order_of_the_vocabulary_with_the_mask_last(pair):
    rebuilt, original = pair
    named = ("<s>", "<pad>", "</s>", "<unk>")
    assert [rebuilt.token_to_id(token) for token in named] == [0, 1, 2, 3]
    assert rebuilt.token_to_id("<mask>") == original.mask_token_id == original_size(rebuilt) - 1


def test_a_text_of_several_lines_is_read_as_one_line(pair):
    rebuilt, _ = pair
    assert rebuilt.encode("đường\nđiện").ids == rebuilt.encode("đường điện").ids


def test_a_rebuilt_tokenizer_survives_its_file(pair, tmp_path):
    from tokenizers import Tokenizer

    rebuilt, _ = pair
    rebuilt.save(str(tmp_path / "tokenizer.json"))
    again = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert again.get_vocab() == rebuilt.get_vocab()
    assert [again.encode(t).ids for t in SENTENCES] == [rebuilt.encode(t).ids for t in SENTENCES]


@pytest.mark.parametrize("name", ["vocab.txt", "bpe.codes"])
def test_a_missing_file_is_named_with_its_folder(tmp_path, name):
    write_phobert_files(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputInvalid, match=rf"{re.escape(str(tmp_path))}: .* {name}"):
        phobert_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("vocab.txt", b"mot 3\nhai\n", "line 2: expected a piece and its count"),
        ("vocab.txt", b"mot 3\nhai 2\nmot 1\n", "expected every piece once"),
        ("vocab.txt", b"<s> 3\n", "expected every piece once"),
        ("vocab.txt", b"\xff\xfe\n", "UTF-8"),
        ("bpe.codes", b"a b\n", "expected lines of two symbols and their count"),
        ("bpe.codes", b"", "expected lines of two symbols and their count"),
    ],
)
def test_a_file_of_another_format_is_refused(tmp_path, name, content, said):
    write_phobert_files(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputInvalid, match=f"{name}.*{said}"):
        phobert_tokenizer(tmp_path)
