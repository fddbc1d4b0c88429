"""Several wards in one text, the place field, and what holds for any text."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.city_files import load_city
from nlp.domain import Place
from nlp.errors import WardUnknown
from nlp.place import WardResolver

HUE = load_city().gazetteer
RESOLVER = WardResolver(HUE)
NAMES = {ward.code: ward.name for ward in HUE.wards}


def ward_of(text: str) -> str | None:
    code = RESOLVER.resolve(text, Place()).ward_code
    return NAMES[code] if code else None


def candidates_of(text: str) -> set[str]:
    return {NAMES[code] for code in RESOLVER.resolve(text, Place()).candidates}


# Several wards in one text.


def test_a_former_and_its_present_ward_agree():
    assert ward_of("xã Hương Toàn cũ (nay là phường Kim Trà)") == "Phường Kim Trà"


def test_the_second_part_of_an_address_is_a_district():
    assert ward_of("thôn An Lưu, Phú Mỹ, Phú Vang") == "Phường Mỹ Thượng"
    assert ward_of("Thủy Dương, Hương Thủy") == "Phường Thanh Thủy"


def test_a_name_with_its_type_outweighs_bare_names():
    assert ward_of("Từ Gia Hội chạy qua phường Vỹ Dạ thì đèn tắt") == "Phường Vỹ Dạ"


def test_of_two_wards_the_one_where_the_matter_is_wins():
    text = "Kính gửi phường An Cựu, hố ga tại phường Vỹ Dạ bị mất nắp"
    assert ward_of(text) == "Phường Vỹ Dạ"


@pytest.mark.parametrize(
    "text", ["tại phường Vỹ Dạ và phường An Cựu", "ở Vỹ Dạ, Thuận Hóa và An Cựu"]
)
def test_a_list_of_wards_stays_open(text):
    assert ward_of(text) is None
    assert {"Phường Vỹ Dạ", "Phường An Cựu"} <= candidates_of(text)


# The place field.


def test_a_ward_code_in_the_place_field_wins():
    finding = RESOLVER.resolve("tại phường Vỹ Dạ", Place(ward_code="19815", ward="Kim Long"))
    assert finding.ward_code == "19815"


@pytest.mark.parametrize(
    ("ward", "expected"),
    [
        ("Phường Thuận Hóa", "Phường Thuận Hóa"),
        ("Thuận Hóa", "Phường Thuận Hóa"),
        ("Phú Xuân", "Phường Phú Xuân"),
        ("Phú Vinh", "Xã Phú Vinh"),
        ("phú hội", "Phường Thuận Hóa"),
        ("vi da", "Phường Vỹ Dạ"),
        ("  p. vy da ", "Phường Vỹ Dạ"),
    ],
)
def test_a_ward_name_in_the_place_field_wins(ward, expected):
    finding = RESOLVER.resolve("tại phường An Cựu", Place(ward=ward))
    assert finding.ward_code is not None
    assert NAMES[finding.ward_code] == expected


def test_an_ambiguous_ward_name_in_the_place_field_stays_open():
    finding = RESOLVER.resolve("", Place(ward="Hương Phong"))
    assert {NAMES[code] for code in finding.candidates} == {"Phường Hóa Châu", "Xã A Lưới 4"}


@pytest.mark.parametrize(
    "place", [Place(ward_code="00001"), Place(ward="Hòn Tre"), Place(ward="quận Thuận Hóa")]
)
def test_an_unknown_ward_in_the_place_field_is_refused_by_name(place):
    with pytest.raises(WardUnknown, match=re.escape(place.ward_code or place.ward or "")):
        RESOLVER.resolve("tại phường Vỹ Dạ", place)


def test_an_empty_ward_in_the_place_field_is_none():
    assert ward_of("phường Vỹ Dạ") == "Phường Vỹ Dạ"
    finding = RESOLVER.resolve("phường Vỹ Dạ", Place(ward="  ", ward_code=""))
    assert finding.ward_code == "19777"


def test_the_address_wins_over_the_text():
    finding = RESOLVER.resolve("phường Vỹ Dạ", Place(address="12 Kim Long, phường An Cựu"))
    assert finding.ward_code == "19815"


def test_the_text_settles_an_ambiguous_address():
    finding = RESOLVER.resolve("xã A Lưới 4 mất điện", Place(address="Hương Phong"))
    assert finding.ward_code == "20101"


def test_an_ambiguous_address_stays_open_against_another_ward_in_the_text():
    finding = RESOLVER.resolve("phường Vỹ Dạ", Place(address="Hương Phong"))
    assert finding.ward_code is None
    assert len(finding.candidates) == 2


# General rules.

WORDS = [
    "phường", "xã", "P.", "tt", "quận", "huyện", "ở", "tại", "đường", "cầu", "cũ", ",", "(", "và",
    "Phú", "Xuân", "Thuận", "Hóa", "Hòa", "Vinh", "A", "Lưới", "2", "-", "Chân", "Mây", "TP.HCM",
]  # fmt: skip


@given(st.text() | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_text_is_read_and_the_answer_is_of_the_city(text):
    finding = RESOLVER.resolve(text, Place())
    assert finding.ward_code is None or finding.ward_code in NAMES
    assert set(finding.candidates) <= NAMES.keys()
    assert not (finding.ward_code and finding.candidates)
    assert finding.evidence in unicodedata.normalize("NFC", text)


@given(st.sampled_from(sorted(NAMES.values())), st.sampled_from(["ở", "tại", "thuộc", "khu vực"]))
def test_case_does_not_matter_after_a_word_for_a_place(ward, word):
    sentence = f"{word} {ward} ngập rồi"
    assert ward_of(sentence) == ward_of(sentence.lower()) == ward_of(sentence.upper()) == ward


def test_a_text_of_nothing_but_names_is_read():
    assert candidates_of("phường Phú Xuân, xã Hương Phong quận " * 500) >= {"Phường Phú Xuân"}
