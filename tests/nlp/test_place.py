"""The words of a text name a present ward, or leave it open; nothing is guessed."""

from __future__ import annotations

import unicodedata

import pytest

from corpora.city_files import load_city
from nlp.domain import Place, WardFinding
from nlp.folding import fold_for_matching
from nlp.place import WardResolver
from nlp.placenames import bare_name

HUE = load_city().gazetteer
RESOLVER = WardResolver(HUE)
NAMES = {ward.code: ward.name for ward in HUE.wards}
#: Names that lead to more than one present ward, with accents or without.
AMBIGUOUS = {"thuan hoa", "huong phong", "phu xuan", "huong xuan", "phu vinh"}

UNITS = sorted(
    {(ward.name, ward.name) for ward in HUE.wards}
    | {(former.name, ward.name) for ward in HUE.wards for former in ward.former}
)
PLAIN_UNITS = [unit for unit in UNITS if fold_for_matching(bare_name(unit[0])) not in AMBIGUOUS]
# Of one name and type there were a commune of the city and one of A Lưới.
TYPED_UNITS = [unit for unit in UNITS if unit[0] not in {"Xã Hương Phong", "Xã Phú Vinh"}]
TYPED_ONLY = {f.name for ward in HUE.wards for f in ward.former if f.typed_only}


def read(text: str) -> WardFinding:
    return RESOLVER.resolve(text, Place())


def ward_of(text: str) -> str | None:
    code = read(text).ward_code
    return NAMES[code] if code else None


def candidates_of(text: str) -> set[str]:
    return {NAMES[code] for code in read(text).candidates}


def without_accents(text: str) -> str:
    marked = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(char for char in marked if not unicodedata.combining(char))


# Every unit, in every form.


@pytest.mark.parametrize(("name", "ward"), TYPED_UNITS)
def test_every_unit_is_found_by_its_full_name(name, ward):
    assert ward_of(f"Kính gửi UBND {name}, cống trước nhà tôi bị tắc.") == ward


@pytest.mark.parametrize(("name", "ward"), TYPED_UNITS)
def test_every_unit_is_found_in_capitals(name, ward):
    assert ward_of(f"ĐƯỜNG HƯ QUÁ, {name.upper()}") == ward


@pytest.mark.parametrize(("name", "ward"), PLAIN_UNITS)
def test_every_unambiguous_unit_is_found_without_accents(name, ward):
    assert ward_of(f"cong bi tac o {without_accents(name).lower()} may bua ni") == ward


@pytest.mark.parametrize(("name", "ward"), PLAIN_UNITS)
def test_every_unambiguous_unit_is_found_by_its_bare_name(name, ward):
    if name in TYPED_ONLY:  # its bare name means something else: a province, another commune
        assert ward_of(f"Dân ở {bare_name(name)} mất nước ba ngày rồi.") != ward
    else:
        assert ward_of(f"Dân ở {bare_name(name)} mất nước ba ngày rồi.") == ward


@pytest.mark.parametrize(("name", "ward"), TYPED_UNITS)
def test_every_unit_is_found_with_decomposed_letters(name, ward):
    assert ward_of(unicodedata.normalize("NFD", f"Tại {name}, cây đổ.")) == ward


@pytest.mark.parametrize("district", HUE.districts)
def test_a_district_with_its_type_names_no_ward(district):
    assert read(f"Tôi ở {district}, đường hư.") == WardFinding()


# Written forms.


@pytest.mark.parametrize(
    ("text", "ward"),
    [
        ("P.Phú Hội", "Phường Thuận Hóa"),
        ("P. Phú Hội", "Phường Thuận Hóa"),
        ("p phu hoi", "Phường Thuận Hóa"),
        ("F. Phú Hội", "Phường Thuận Hóa"),
        ("ph. Phú Hội", "Phường Thuận Hóa"),
        ("phuong phu hoi", "Phường Thuận Hóa"),
        ("phườngPhú Hội", "Phường Thuận Hóa"),
        ("phường Đúc", "Phường Thuận Hóa"),
        ("phường Phường Đúc", "Phường Thuận Hóa"),
        ("P. Đúc", "Phường Thuận Hóa"),
        ("phuong duc bi ngap", "Phường Thuận Hóa"),
        ("Vĩ Dạ", "Phường Vỹ Dạ"),
        ("VỸ DẠ", "Phường Vỹ Dạ"),
        ("phường Vỷ Dạ", "Phường Vỹ Dạ"),
        ("Mĩ Thượng", "Phường Mỹ Thượng"),
        ("phường Thuỷ Biều", "Phường Thủy Xuân"),
        ("P.THUẬN HOÁ", "Phường Thuận Hóa"),
        ("phường Thuận Hoà", "Phường Phú Xuân"),
        ("TT Sịa", "Xã Quảng Điền"),
        ("Sịa mất điện", "Xã Quảng Điền"),
        ("tt. A Lưới", "Xã A Lưới 2"),
        ("thị trấn a lưới", "Xã A Lưới 2"),
        ("A Lưới2", "Xã A Lưới 2"),
        ("a luoi 2 mat song", "Xã A Lưới 2"),
        ("xã A Lưới năm", "Xã A Lưới 5"),
        ("X. A Lưới 3", "Xã A Lưới 3"),
        ("Chân Mây - Lăng Cô", "Xã Chân Mây - Lăng Cô"),
        ("xã Chân Mây Lăng Cô", "Xã Chân Mây - Lăng Cô"),
        ("chan may-lang co", "Xã Chân Mây - Lăng Cô"),
        ("Lăng Cô", "Xã Chân Mây - Lăng Cô"),
        ("xã Dương Nổ", "Phường Dương Nỗ"),
        ("Thuận Thành cũ", "Phường Phú Xuân"),
        ("Hương Hồ", "Phường Kim Long"),
        ("xã Hải Dương cũ", "Phường Thuận An"),
    ],
)
def test_the_spellings_of_citizens_are_read(text, ward):
    assert ward_of(text) == ward


@pytest.mark.parametrize(
    "text", ["khu vực Thủy Biều", "ở Vỹ Dạ", "dân Tây Lộc", "vung quang loi", "tổ 7 thuy chau"]
)
def test_a_bare_name_counts_after_a_word_for_a_place(text):
    assert ward_of(text) is not None


@pytest.mark.parametrize("text", ["chợ Tây Lộc", "khu công nghiệp Phú Bài", "bãi biển Thuận An"])
def test_a_market_or_beach_that_lies_in_the_unit_counts(text):
    assert ward_of(f"Rác tràn ở {text} từ hôm qua.") is not None


def test_the_evidence_is_the_words_of_the_text():
    assert read("Kiệt 5, P.Phú Hội, TP Huế ngập").evidence == "P.Phú Hội"


# Names of other things.


@pytest.mark.parametrize(
    "text",
    [
        "đường Kim Long",
        "duong kim long",
        "đường Phú Xuân",
        "đường Thuận Hóa",
        "128 Kim Long",
        "số 12/3 Kim Long",
        "kiệt 7 Kim Long",
        "cầu Phú Xuân",
        "cau vy da",
        "cầu Gia Hội",
        "sông An Cựu",
        "cửa Đông Ba",
        "hầm Phú Gia",
        "đèo Phú Gia",
        "ga Lăng Cô",
        "bến xe An Hòa",
        "trường THPT Thuận Hóa",
        "công ty Phú Hội",
        "công viên Phú Xuân",
        "nút giao Thuận An",
        "tuyến buýt đi Thuận An",
        "cách xa Phú Bài",
        "A Lưới",
        "lên A Lưới năm ngoái",
        "TP Huế",
    ],
)
def test_things_that_bear_the_name_of_a_ward_do_not_name_it(text):
    assert read(f"Xe hư gần {text}, nhờ kiểm tra.") == WardFinding()


@pytest.mark.parametrize(
    "text",
    [
        "làm phụ hồ ở công trình",
        "o dieu duong hoc sinh an dong lam",
        "duoi chan may can nha",
        "hội đồng hương Phú An ở xa",
        "ông Nguyễn Phú Hội gọi",
        "chị Hồng Vân gọi",
        "dang lang co nguoi mac quan",
    ],
)
def test_words_that_only_look_like_a_name_are_no_ward(text):
    assert read(text) == WardFinding()


@pytest.mark.parametrize(
    "text",
    [
        "phường 5 quận 3 TP.HCM",
        "xã Phú Xuân, huyện Nhà Bè, TP.HCM",
        "phường Phú Thuận, quận 7",
        "phường An Hòa, Đà Nẵng",
        "phường Phú Mỹ, Bà Rịa - Vũng Tàu",
        "xã Phú Lộc tỉnh Khánh Hòa",
    ],
)
def test_wards_of_other_provinces_never_resolve(text):
    assert read(f"Tôi quê {text}.") == WardFinding()


# Names with several meanings.


@pytest.mark.parametrize(
    ("text", "ward"),
    [
        ("phường Phú Xuân", "Phường Phú Xuân"),
        ("xã Phú Xuân", "Xã Phú Hồ"),
        ("xã Phú Xuân, huyện Phú Vang", "Xã Phú Hồ"),
        ("Phú Xuân, Phú Vang", "Xã Phú Hồ"),
        ("Phú Xuân (Phú Vang)", "Xã Phú Hồ"),
        ("phường Hương Phong", "Phường Hóa Châu"),
        ("Hương Phong, A Lưới", "Xã A Lưới 4"),
        ("xã Hương Phong huyện A Lưới", "Xã A Lưới 4"),
        ("xã Hương Phong, Hương Trà", "Phường Hóa Châu"),
        ("phường Hương Xuân", "Phường Kim Trà"),
        ("xã Hương Xuân", "Xã Nam Đông"),
        ("Hương Xuân, Nam Đông", "Xã Nam Đông"),
        ("Hương Xuân - Hương Trà", "Phường Kim Trà"),
        ("xã Phú Vinh", "Xã Phú Vinh"),
        ("xã Phú Vinh cũ", "Xã A Lưới 3"),
        ("xã Phú Vinh, A Lưới", "Xã A Lưới 3"),
        ("dân Phú Vinh trên A Lưới", "Xã A Lưới 3"),
        ("phường Thuận Hòa", "Phường Phú Xuân"),
        ("phường Thuận Hóa", "Phường Thuận Hóa"),
        ("phuong thuan hoa, quan phu xuan", "Phường Phú Xuân"),
        ("Thuận Hòa cũ, nay là phường Phú Xuân", "Phường Phú Xuân"),
        ("phường Phú Thuận", "Phường Phú Xuân"),
        ("xã Phú Thuận", "Phường Thuận An"),
        ("Hương Sơ", "Phường Hương An"),
        ("Hương Sơn", "Xã Nam Đông"),
    ],
)
def test_type_accents_district_and_age_settle_an_ambiguous_name(text, ward):
    assert ward_of(text) == ward


@pytest.mark.parametrize(
    ("text", "wards"),
    [
        ("phuong thuan hoa", {"Phường Thuận Hóa", "Phường Phú Xuân"}),
        ("ở Phú Xuân", {"Phường Phú Xuân", "Xã Phú Hồ"}),
        ("Hương Phong", {"Phường Hóa Châu", "Xã A Lưới 4"}),
        ("xã Hương Phong", {"Phường Hóa Châu", "Xã A Lưới 4"}),
        ("Hương Xuân", {"Phường Kim Trà", "Xã Nam Đông"}),
        ("Phú Vinh", {"Xã Phú Vinh", "Xã A Lưới 3"}),
    ],
)
def test_an_ambiguous_name_alone_stays_open_with_its_candidates(text, wards):
    assert ward_of(text) is None
    assert candidates_of(text) == wards
