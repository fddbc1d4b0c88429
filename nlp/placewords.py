"""Vietnamese words around the names of places, and the places of the rest of the country.

Folded (small letters without accents) where an accent makes no other word, accented where it does.
"""

from __future__ import annotations

import re

from nlp.folding import fold_for_matching


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _pairs(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(pair.split("_")) for pair in text.split())


#: Types of units as they are written, folded, and what they stand for.
TYPES = {
    "phuong": "phường", "p": "phường", "ph": "phường", "f": "phường",
    "xa": "xã", "x": "xã", "tt": "thị trấn",
    "quan": "quận", "q": "quận", "huyen": "huyện", "h": "huyện", "tx": "thị xã",
}  # fmt: skip
TYPES_OF_TWO = {("thi", "tran"): "thị trấn", ("thi", "xa"): "thị xã"}
SHORT_TYPES = _words("p ph f x tt q h tx")
#: Without a dot these letters are short for other words: "x" xe, "h" giờ.
DOTTED_TYPES = _words("x q h")
DISTRICT_TYPES = frozenset({"quận", "huyện", "thị xã"})

#: Before a name these make it the name of something else, which may lie elsewhere or cross wards.
#: Other words than the first row fold to common ones ("cua" is "của", "ho" is "họ"); "xa" here is
#: "far", for "xã" is a type.
PLAIN_THINGS = _words("xa cau song suoi ham deo duong ga nui thpt buyt ty cty")
THINGS = PLAIN_THINGS | _words("cầu sông suối hầm đèo đường núi lộ cửa hồ đập phố sạn quán tiệm")
THINGS_OF_TWO = _pairs(
    """cong_vien dai_hoc cao_dang benh_vien dong_huong ben_xe nut_giao vong_xoay
    nga_ba nga_tu nga_nam nga_sau nga_bay tuyen_di buyt_di xe_di"""
)
PERSONS = _words("ông bà cô chú bác anh chị thầy mệ")
SURNAMES = _words("nguyễn lê trần phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý tôn")

#: Before a name these say that it is a place. A name in small letters without accents needs one:
#: "o phu an" is a commune, "duoi chan may" may be "dưới chân mấy".
PLACES = _words(
    """o tai thuoc khu vuc vung xom thon lang ban to ap que dan nguoi ben gan phia qua doan khuc
    ve tren kcn"""
)
PLACES_OF_TWO = _pairs(
    """mot_cua dan_pho van_hoa tieu_hoc mam_non mau_giao y_te bai_bien bai_tam cong_nghiep san_bay
    gan_cho o_cho tai_cho truoc_cho sau_cho cong_cho trong_cho"""
)
#: Before a number these say that a part of a place follows ("tổ 7 Thủy Châu"), not a house.
NUMBERED_PLACES = _words("to thon tdp khoi ap ban doi xom cum lop")
#: Before a name these tell where the matter is.
LOCATING = _words("tai o thuoc")

#: After a name: the unit is a former one.
OLD = re.compile(r"\s*\(?\s*(?:cũ\b|cu\s*(?:[,.()]|nay\b|$))", re.IGNORECASE)
#: Between two names: they are a list, perhaps with a district in it.
AND = re.compile(
    r"(?:\s*,[\w\s]{2,20})?[\s,–/-]*(?:và|va|với|hay|hoặc|,)\s*(?:ở|tại)?\s*", re.IGNORECASE
)
#: Ends what a word before a name says about it.
BREAK = re.compile(r"[.,;:!?\n()]")

#: Names of the other provinces, old and new, and of large cities in them.
OTHER_PROVINCES = (
    "hà nội", "đà nẵng", "hải phòng", "cần thơ", "hồ chí minh", "hcm", "tphcm", "sài gòn",
    "an giang", "bà rịa", "vũng tàu", "bắc giang", "bắc kạn", "bạc liêu", "bắc ninh", "bến tre",
    "bình định", "bình dương", "bình phước", "bình thuận", "cà mau", "cao bằng", "đắk lắk",
    "đắk nông", "điện biên", "đồng nai", "đồng tháp", "gia lai", "hà giang", "hà nam", "hà tĩnh",
    "hải dương", "hậu giang", "hòa bình", "hưng yên", "khánh hòa", "kiên giang", "kon tum",
    "lai châu", "lâm đồng", "lạng sơn", "lào cai", "long an", "nam định", "nghệ an", "ninh bình",
    "ninh thuận", "phú thọ", "phú yên", "quảng bình", "quảng nam", "quảng ngãi", "quảng ninh",
    "quảng trị", "sóc trăng", "sơn la", "tây ninh", "thái bình", "thái nguyên", "thanh hóa",
    "tiền giang", "trà vinh", "tuyên quang", "vĩnh long", "vĩnh phúc", "yên bái", "nha trang",
    "đà lạt", "quy nhơn", "biên hòa", "thủ đức", "phan thiết", "buôn ma thuột",
)  # fmt: skip
_PROVINCES = "|".join(map(fold_for_matching, OTHER_PROVINCES))
_PROVINCE_WORD = r"(?:tinh|thanh pho|tp)[.\s]*"
#: After a name, in folded text: ", quận 3", ", huyện Nhà Bè, TP.HCM", " tỉnh Quảng Nam".
ELSEWHERE = re.compile(
    rf"\s*(?:[,(]\s*(?:[^,.;:!?\n]{{1,30}},\s*)?(?:{_PROVINCE_WORD})?|{_PROVINCE_WORD})"
    rf"(?:{_PROVINCES})\b|\s*,?\s*(?:quan|q)[.\s]*\d"
)
