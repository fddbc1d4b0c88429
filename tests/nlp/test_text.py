from __future__ import annotations

import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlp.errors import TextEmpty, TextRefused, TextTooLong
from nlp.text import MAX_CHARACTERS, canonicalise, fold_for_matching, strip_accents

SYLLABLES = st.sampled_from(
    [
        "hoà",
        "hòa",
        "thuỷ",
        "quý",
        "giá",
        "hòan",
        "toàn",
        "Đặng",
        "ngập",
        "ướt",
        "Huế",
        "khoẻ",
        "nghiêng",
    ]
)
ODDITIES = st.sampled_from(
    [
        "\u200b",
        "\u202e",
        "\ufe0f",
        "\u0301",
        "\u0323",
        "\u0335",
        "\x00",
        "\r\n",
        "\t",
        "  ",
        "\ufeff",
        "😀",
    ]
)
# What people send, with what hides in it, and anything at all: the letter makes it readable.
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.lists(st.one_of(SYLLABLES, ODDITIES, st.just(" ")), max_size=40).map("".join),
    st.text(
        "aoeuyqdnAOEUYQDđ\u0301\u0300\u0323\u0302\u031b\u0335\u0338\u0344 \n\u200d\u0958\u1161\uac00",
        max_size=70,
    ),
).map(lambda text: "a" + text)


@given(TEXTS)
@example("a" + "o\u200b\u0301" + "\u0301" * 40)
@example("aà\u0302")
@example("hoà\u0302")
def test_canonical_text_stays_as_it_is(text: str) -> None:
    once = canonicalise(text).text
    assert canonicalise(once).text == once


@given(TEXTS)
@example("aâ\u0323" + "\u0316\u0301" * 30)
def test_composed_and_decomposed_text_become_the_same(text: str) -> None:
    composed = canonicalise(unicodedata.normalize("NFC", text)).text
    assert canonicalise(unicodedata.normalize("NFD", text)).text == composed


@given(TEXTS)
def test_canonical_text_is_composed_trimmed_and_free_of_runs_of_white_space(text: str) -> None:
    canonical = canonicalise(text).text
    assert unicodedata.is_normalized("NFC", canonical)
    assert canonical == canonical.strip()
    assert not any(a.isspace() and b.isspace() for a, b in pairwise(canonical))


@given(TEXTS)
def test_offsets_grow_and_stay_inside_the_original(text: str) -> None:
    canonical = canonicalise(text)
    length = len(canonical.text)
    spans = [canonical.original_span(i, i + 1) for i in range(length)]
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert all(a[1] == b[0] for a, b in pairwise(spans))


@given(TEXTS)
def test_every_piece_of_the_original_leads_back_to_its_canonical_form(text: str) -> None:
    canonical = canonicalise(text)
    for place, char in enumerate(canonical.text):
        start, end = canonical.original_span(place, place + 1)
        if char.isascii() and char.isdigit():
            assert char in text[start:end]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        canonicalise(text)
    except TextRefused:
        assert not any(c.isalnum() for c in text) or any("\ud800" <= c <= "\udfff" for c in text)


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("hoà", "hòa"), ("Hoà", "Hòa"), ("HOÀ", "HÒA"), ("hòa", "hòa"),
        ("hoè", "hòe"), ("khoẻ", "khỏe"), ("KHOẺ", "KHỎE"), ("xoá", "xóa"), ("toạ", "tọa"),
        ("thuỷ", "thủy"), ("Thuỷ", "Thủy"), ("THUỶ", "THỦY"), ("uỷ ban", "ủy ban"), ("luỹ", "lũy"),
        ("quý", "quý"), ("QUÝ", "QUÝ"), ("quỳ", "quỳ"), ("qúy", "quý"), ("qúa", "quá"),
        ("giá", "giá"), ("già", "già"), ("gìn", "gìn"),
        ("hoàn", "hoàn"), ("hòan", "hoàn"), ("tòan", "toàn"), ("xóay", "xoáy"), ("hoài", "hoài"),
        ("hùynh", "huỳnh"), ("huỳnh", "huỳnh"), ("khoét", "khoét"), ("thuở", "thuở"),
        ("Đống Đa", "Đống Đa"), ("Ðống Ða", "Đống Đa"), ("d\u0335i", "đi"), ("Ɖà Nẵng", "Đà Nẵng"),
    ],
)  # fmt: skip
def test_a_syllable_has_one_spelling(sent: str, canonical: str) -> None:
    assert canonicalise(sent).text == canonical
    assert canonicalise(unicodedata.normalize("NFD", sent)).text == canonical


@pytest.mark.parametrize(
    "hidden",
    [
        "\u200b",
        "\u200d",
        "\u2060",
        "\ufeff",
        "\u00ad",
        "\u202e",
        "\u2066",
        "\ufe0f",
        "\U000e0041",
        "\u034f",
    ],
)
def test_invisible_characters_do_not_split_a_word(hidden: str) -> None:
    assert canonicalise(hidden.join("ngập")).text == "ngập"
    assert canonicalise(f"nga{hidden}\u0323{hidden}\u0302p").text == canonicalise("ngậ\u200bp").text


def test_white_space_runs_become_one_space_and_lines_stay_lines() -> None:
    sent = " \ufeff Kính gửi \t UBND,\r\n\r\n  nhà\u00a0tôi\u2028ngập  \n"
    assert canonicalise(sent).text == "Kính gửi UBND,\nnhà tôi\nngập"


@pytest.mark.parametrize(
    "char", ["\x00", "\x07", "\x1b", "\x85", "\ufffe", "\uffff", "\ufdd0", "\U0010ffff"]
)
def test_what_no_text_holds_is_read_as_white_space(char: str) -> None:
    assert canonicalise(f"nhà{char}ngập").text.split() == ["nhà", "ngập"]


@pytest.mark.parametrize("text", ["\ud800", "nhà ngập \udfff", "\ud83d nhà"])
def test_lone_surrogate_is_refused_without_echo(text: str) -> None:
    with pytest.raises(TextRefused, match="surrogate") as refused:
        canonicalise(text)
    assert "nhà" not in refused.value.message


@pytest.mark.parametrize("text", ["", "  \n", "\u200b", "!!!", "\x00", "🔥🔥", "\u0301"])
def test_text_without_letter_or_digit_is_empty(text: str) -> None:
    with pytest.raises(TextEmpty):
        canonicalise(text)


def test_length_is_counted_on_the_original() -> None:
    assert canonicalise("a" * MAX_CHARACTERS).text
    with pytest.raises(TextTooLong, match="20001"):
        canonicalise("a" * (MAX_CHARACTERS + 1))
    with pytest.raises(TextTooLong):
        canonicalise("abc\u200b", max_characters=3)


def test_marks_are_capped_at_thirty() -> None:
    text = canonicalise("x" + "\u0316" * 100 + "y").text
    assert text == "x" + "\u0316" * 30 + "y"
    assert canonicalise("x" + "\u0316" * 30).text == "x" + "\u0316" * 30


@pytest.mark.parametrize("order", ["\u0301\u0323", "\u0323\u0301"])
def test_forty_thousand_marks_take_less_than_fifty_milliseconds(order: str) -> None:
    bomb = "a" + order * 20_000
    canonicalise("a" + order * 20, max_characters=100_000)
    took = min(_seconds(bomb) for _ in range(3))
    assert took < 0.05


def test_a_million_characters_take_linear_time() -> None:
    for unit in ("hoà ", "\x00", "a\u0301\u200b", "\u0301", " \n"):
        assert _seconds("a" + unit * (1_000_000 // len(unit))) < 5


def _seconds(text: str) -> float:
    start = time.process_time()
    canonicalise(text, max_characters=2_000_000)
    return time.process_time() - start


def test_span_leads_back_to_what_was_sent() -> None:
    sent = unicodedata.normalize("NFD", "  Cống  tắc ở\u200b Huế, gọi 09\u200b05 nhé ")
    canonical = canonicalise(sent)
    start = canonical.text.index("0905")
    first, last = canonical.original_span(start, start + 4)
    assert sent[first:last] == "09\u200b05"
    start = canonical.text.index("Huế")
    first, last = canonical.original_span(start, start + 3)
    assert unicodedata.normalize("NFC", sent[first:last]) == "Huế"


def test_marks_cut_away_belong_to_the_letter_before_them() -> None:
    sent = "x" + "\u0316" * 100 + "y"
    canonical = canonicalise(sent)
    assert canonical.original_span(0, len(canonical.text) - 1) == (0, 101)


@pytest.mark.parametrize("span", [(-1, 2), (2, 1), (0, 99)])
def test_span_outside_the_text_is_an_error(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="expected one inside"):
        canonicalise("ngập").original_span(*span)


def test_no_form_of_the_text_shows_in_repr() -> None:
    assert "ngập" not in repr(canonicalise("nhà ngập"))


@given(TEXTS)
def test_folding_keeps_the_length(text: str) -> None:
    canonical = canonicalise(text).text
    assert len(strip_accents(canonical)) == len(canonical) == len(fold_for_matching(canonical))


@given(TEXTS)
def test_folded_text_stays_as_it_is(text: str) -> None:
    folded = fold_for_matching(canonicalise(text).text)
    assert fold_for_matching(folded) == folded


def test_accents_go_and_case_stays() -> None:
    assert (
        strip_accents("Đường Nguyễn Huệ ngập, ướt cả xe đạp")
        == "Duong Nguyen Hue ngap, uot ca xe dap"
    )


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ĐƯỜNG Nguyễn Huệ", "duong nguyen hue"), ("０９０５", "0905"), ("Ｎgập", "ngap"),
        ("сầu", "cau"), ("Ηuế", "hue"), ("٠٩", "09"), ("𝟎𝟗", "09"), ("0905–123", "0905-123"),
        ("İstanbul", "istanbul"), ("①", "1"),
    ],
)  # fmt: skip
def test_lookalikes_are_folded_for_matching(text: str, folded: str) -> None:
    assert fold_for_matching(text) == folded
