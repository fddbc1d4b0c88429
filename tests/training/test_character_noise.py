"""Noise on characters and words."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.folding import strip_accents
from nlp.text import canonicalise
from training.character_noise import (
    keyboard_noise,
    noisy_twin,
    some_accents_dropped,
    telex_residue,
    with_forms,
)
from training.spoken_forms import DIALECT, SHORT_FORMS

TEXT = (
    "Người dân phường này không biết gọi ai, số điện thoại <phone> không được. "
    "Đường trước nhà <name> bị ngập nước rồi, kính mong xử lý sớm cho mọi người."
)
seeds = st.integers(0, 2**32)


@given(seeds)
def test_same_seed_gives_the_same_twin(seed):
    assert noisy_twin(TEXT, random.Random(seed)) == noisy_twin(TEXT, random.Random(seed))


@given(seeds)
def test_masks_of_personal_data_survive_every_noise(seed):
    rng = random.Random(seed)
    for twin in (noisy_twin(TEXT, rng), keyboard_noise(TEXT, rng)):
        assert twin.count("<phone>") == twin.count("<name>") == 1


@given(st.text(max_size=80), seeds)
def test_any_text_has_a_twin(text, seed):
    rng = random.Random(seed)
    assert isinstance(noisy_twin(text, rng), str)
    assert isinstance(keyboard_noise(text, rng), str)


def test_kinds_of_noise_come_in_their_shares():
    rng = random.Random(0)
    twins = Counter(noisy_twin(TEXT, rng) for _ in range(4_000))
    assert twins[strip_accents(TEXT)] / 4_000 == pytest.approx(0.45, abs=0.03)
    assert twins[TEXT] / 4_000 == pytest.approx(0.10, abs=0.02)


def test_half_of_the_accents_are_dropped_syllable_by_syllable():
    text = "đường " * 2_000
    twin = Counter(some_accents_dropped(text, random.Random(1)).split())
    assert set(twin) == {"đường", "duong"}
    assert twin["duong"] == pytest.approx(1_000, abs=100)


@pytest.mark.parametrize(
    ("word", "typed"), [("đường", "đươngf"), ("Huế", "Huês"), ("quá", "quas"), ("xe", "xe")]
)
def test_telex_residue_puts_the_tone_behind_the_word(word, typed):
    assert telex_residue(word) == typed


def test_longest_phrase_is_shortened_and_parts_of_words_are_not():
    rng = random.Random(0)
    short = {"điện": ("đ",), "số điện thoại": ("sđt",)}
    assert with_forms("Số điện thoại, điện, điệnx", rng, short, 1.0) == "sđt, đ, điệnx"


def test_forms_that_are_passed_in_are_used_by_the_twin():
    rng = random.Random(3)
    twins = {noisy_twin("phường", rng, {"phường": ("@@",)}) for _ in range(200)}
    assert "@@" in twins


@given(seeds)
def test_keyboard_noise_touches_a_few_words_only(seed):
    words = ["nước"] * 300
    noised = keyboard_noise(" ".join(words), random.Random(seed)).split(" ")
    assert 180 <= sum(word == "nước" for word in noised) <= 300


@pytest.mark.parametrize("forms", [SHORT_FORMS, DIALECT])
def test_keys_of_the_tables_are_canonical_lower_case(forms):
    for phrase, others in forms.items():
        assert canonicalise(phrase).text == phrase == phrase.lower()
        assert others
        assert len(set(others)) == len(others)
