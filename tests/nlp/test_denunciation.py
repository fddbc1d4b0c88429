"""Whose office a denunciation accuses."""

from __future__ import annotations

import pytest

from corpora.city_files import load_city
from nlp.city import Agency
from nlp.denunciation import AccusedOffices
from nlp.folding import strip_accents

AGENCIES = list(load_city().agencies.values())
OFFICES = AccusedOffices(AGENCIES)
WARD_LEVEL = {agency.id for agency in AGENCIES if agency.level == "ward"}
CITY_LEVEL = [agency for agency in AGENCIES if agency.level == "city"]


def agency(identifier: str, name: str, abbr: str = "x", level: str = "city") -> Agency:
    return Agency(identifier, name, abbr, level, (), ("việc",))


@pytest.mark.parametrize("named", CITY_LEVEL, ids=lambda agency: agency.id)
def test_every_agency_is_found_by_its_name_in_every_way_of_typing(named):
    name = named.name.partition(" (")[0]
    for typed in (name, name.upper(), strip_accents(name)):
        assert named.id in OFFICES.named_in(f"Tôi tố cáo {typed}, nhận tiền của dân")


@pytest.mark.parametrize(
    ("text", "accused"),
    [
        ("Sở Xây dựng nhận phong bì", "so-xay-dung"),
        ("so xay dung tp hue nhan phong bi", "so-xay-dung"),
        ("SXD nhận phong bì", "so-xay-dung"),
        ("Sở GTVT nhận phong bì", "so-xay-dung"),  # an old name leads to who took over
        ("người của BHXH đòi tiền", "bhxh"),
        ("Thuế thành phố Huế đòi tiền", "thue"),
    ],
)
def test_short_old_and_everyday_names_are_found(text, accused):
    assert OFFICES.named_in(text) == {accused}


@pytest.mark.parametrize(
    "official",
    ["cán bộ địa chính", "chủ tịch phường", "ông trưởng thôn", "công an xã", "hiệu trưởng"],
)
def test_whoever_accuses_an_official_accuses_the_whole_ward_level(official):
    for typed in (official, official.upper(), strip_accents(official)):
        assert OFFICES.named_in(f"Tôi tố cáo {typed} nhận 20 triệu") >= WARD_LEVEL


@pytest.mark.parametrize(
    "text",
    [
        "Tôi tố cáo ông B bán hàng giả ở chợ",
        "Chủ quán karaoke đánh người",
        "thuê nhà rồi không trả tiền",  # not the tax office
    ],
)
def test_a_text_that_names_no_office_accuses_none(text):
    assert OFFICES.named_in(text) == frozenset()


def test_a_part_of_a_word_is_no_name():
    offices = AccusedOffices([agency("den", "Đội Đèn")])
    assert offices.named_in("bộ đội đèn") == {"den"}
    assert offices.named_in("đội đènx, xđội đèn") == frozenset()


def test_a_name_of_two_agencies_accuses_both():
    offices = AccusedOffices([agency("a", "Đội quản lý"), agency("b", "Đội quản lý (mới)")])
    assert offices.named_in("ĐỘI QUẢN LÝ") == {"a", "b"}


@pytest.mark.parametrize("agencies", [[], [agency("a", "Đội", "Đ")]])
def test_a_city_whose_agencies_have_no_name_to_look_for_accuses_none(agencies):
    assert AccusedOffices(agencies).named_in("đội nào cũng được") == frozenset()
