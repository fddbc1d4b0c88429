from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlp.privacy import PersonalKind, find_personal_data, mask
from nlp.text import canonicalise, fold_for_matching, strip_accents

PERSONAL = {
    PersonalKind.PHONE: [
        "gọi tôi 0905123456 nhé", "gọi tôi 0905 123 456 nhé", "số 0905.123.456", "số 0905-123-456",
        "+84905123456", "+84 905 123 456", "(+84)912345678", "(+84) 905-123-456", "84905123456",
        "0084 905 123 456", "+84 (0)905 123 456", "0 9 0 5 1 2 3 4 5 6", "o912345678",
        "gọi 09O5 123 45o", "0905l23456", "sđt:o9o5123456", "０９０５１２３４５６",
        "0905\u200b123\u200b456", "số 0905\u20e3123456", "0234 3823 456", "(0234) 3.823.456",
        "02438251234", "01234567890", "0905/123/456", "0905 123\n456",
        "gọi 03 1900 2000", "09o5 một hai ba 456",
        "không chín không năm một hai ba bốn năm sáu", "Không chín một, hai ba bốn, năm sáu bảy tám",
        "khong chin khong nam mot hai ba bon nam sau", "điện thoại 3823456",
        "so dien thoai 912345678", "+82 10 1234 5678",
    ],
    PersonalKind.EMAIL: [
        "email le.van.an@gmail.com nhé", "a.b (at) gmail chấm com", "a.b@gmail.com.vn",
        "nguyenan [at] yahoo.com", "nguyenan a còng gmail chấm com",
        "nguyen chấm an a cong gmail cham com", "nguyenan @ gmail . com", "le_h99@hue.edu.vn.",
    ],
    PersonalKind.ID: [
        "CCCD 046203001234", "căn cước 001203000123", "0012 0300 0123", "046 203 001 234",
        "can cuoc 046203001234", "CMND 191234567", "CMND số 191 234 567", "số 191234567", "CMND: 191.456.789",
        "hộ chiếu C1234567", "mã số BHXH 4620123456", "thẻ BHYT GD4464620123456", "mst 3301234567",
    ],
    PersonalKind.PLATE: [
        "xe 30A-123.45", "75F1-234.56", "75-F1 12345", "29-H1 234.56", "75C 12345",
        "biển số 75A12345", "bien so 75a 12345", "bks 75h1 1234", "75A-000.12", "75AB-123.45",
        "xe 75MĐ1-123.45", "biển TM 12-34", "biển xanh 75A-00.123",
    ],
    PersonalKind.ACCOUNT: [
        "STK 0123456789", "stk 19036789012345 Techcombank",
        "số tài khoản: 0071 0012 34567 vietcombank", "so tai khoan 123456789",
        "tài khoản ngân hàng VCB 1012345678", "chuyển khoản cho 55512345678 MB",
    ],
    PersonalKind.LINK: [
        "https://www.facebook.com/nguyen.van.an", "xem facebook.com/profile.php?id=1000123",
        "zalo.me/0905123456", "t.me/nguyenan", "https://example.vn/ho-so?id=7",
    ],
    PersonalKind.NAME: [
        "Tôi tên là Nguyễn Văn An, ở Huế", "tôi là Trần Thị Bé", "toi ten la nguyen van an",
        "tôi tên nguyễn thị bé, ở kiệt 3", "ông Nguyễn Văn Hùng đổ rác", "anh Hùng tổ trưởng",
        "bà Nguyễn Thị Bưởi", "Anh Nam gọi", "chị lê thị hoa nhà bên", "O Lành ở cuối xóm",
        "mệ Gái 84 tuổi", "ÔNG NGUYỄN VĂN HÙNG ĐỔ RÁC", "Trân trọng.\nNguyễn Văn An",
        "Người gửi: Trần Quốc Bảo", "ong Nguyen Van Hung do rac", "tố cáo Ông Hồ Văn Quý",
        "người gọi tên Lành ở cuối thôn", "em là Hải, nhà ngập rồi", "cho ông Tuấn biết",
        "cô giáo Nguyễn Thị Hòa", "ông chủ tịch Nguyễn Văn Bình", "Tôi: Lê Văn Thành, ở kiệt 12",
    ],
    PersonalKind.ADDRESS: [
        "số nhà 12/5 kiệt 3 Nguyễn Huệ", "nhà số 12 kiệt 5", "12/3 kiệt 40 Lịch Đợi",
        "so nha 45 duong do", "nhà tôi ở 45 Lê Lợi", "địa chỉ: 7A Nguyễn Trãi",
        "ngập tới nhà số 8, 10, 12 kiệt 15 Tạ Quang Bửu", "ở 18/9 Thanh Hải, phường Thủy Xuân",
        "chủ hộ 44/6 Tịnh Tâm", "trước nhà 19 Đặng Thái Thân", "dia chi 17 nguyen hue",
    ],
}  # fmt: skip

HARMLESS = [
    "phạt 1.500.000 đồng", "giá 150000000 đồng", "50.000.000đ", "12.090.000.000.000 đồng",
    "84.500.000.000 đồng", "tài khoản bị trừ 4.700.000 đồng", "giá xăng 23.450 đồng",
    "ngày 05/8/2026 120 hộ", "ngày 08-3-2026 1200 người", "từ 05/9 30/10 15/11",
    "lúc 17h05 đến 18h30", "khung 16h30–17h15", "năm học 2026-2027", "20h 12000 người",
    "Quyết định số 1207/QĐ-UBND", "Nghị định 356/2025/NĐ-CP", "thửa đất số 1187, tờ bản đồ 12",
    "km 28 quốc lộ 49", "QL49 đoạn km 28+500", "7,5 m x 120 m", "phân 20-20-15",
    "gọi 113 và 114, 115", "tổng đài 19001075", "hotline 1800 1768", "gọi 1900 6868 không ai nghe",
    "120 hộ, 600 nhân khẩu", "300-400 em", "dân số 1.234.567 người", "lấy số 19", "ngồi bàn số 12, Bảo Trâm", "Chủ tịch Hồ Chí Minh", "bác sĩ Hà Nội", "biển tên Trung tâm tiếp công dân", "bhyt 3.860.000 đồng", "20h 12.000 lượt",
    "kiệt 3 Nguyễn Huệ", "đường Nguyễn Huệ", "đường bà Triệu", "Từ Bà Triệu đến Nguyễn Thái Học",
    "Đèn đỏ Bà Triệu kẹt", "chợ Bà Hoa", "cầu ông Thượng", "trường Hai Bà Trưng",
    "đường Ông Ích Khiêm", "kiệt 131/22 Duy Tân", "hẻm 12/34 Điện Biên Phủ", "tổ 5 phường Vỹ Dạ",
    "nhà 3 tầng", "nhà 11 hộ", "trước 30/4 Đà Nẵng", "từ năm 2024, năm 2025, năm 2026",
    "một hai ba bốn", "anh công an phường", "chị ấy đi rồi", "tôi là Tổ trưởng tổ dân phố",
    "Em ở Thuận An", "duong o Phu Loc", "co 3 nguoi o xom 5", "lớp 12A1 2025",
    "trụ điện số 41 sang trụ số 43", "tài khoản ngân hàng bị rút 38 triệu", "đứng tên hộ kinh doanh",
    "https://hue.gov.vn/tin-tuc", "0234 là mã vùng", "Trường Mầm non số 2 Phú Bài",
    "tài khoản học 2026-2027", "ngày 18.03.2026 120000 lượt", "H57.21-250611-0042",
]  # fmt: skip

EXAMPLES = [(kind, text) for kind, texts in PERSONAL.items() for text in texts]
PHONE_LIKE = re.compile(r"(?<![0-9])0[35789][0-9]{8}(?![0-9])")
TEXTS = st.one_of(
    st.text(max_size=80),
    st.text("0123456789oOlI .-/+()\n@", max_size=60),
    st.lists(
        st.sampled_from(
            ["0905123456", "ông", "Nguyễn", "Văn", "số", "nhà", "12/3", "kiệt", "STK", "@", "a.vn", "75A",
             "123.45", "tên", "tôi", "không", "chín", "fb.com/", "CCCD", "đồng", "1.000.000", "O", "\n"]
        ),
        max_size=30,
    ).map(" ".join),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_personal_data_is_found_with_its_kind(kind: PersonalKind, text: str) -> None:
    assert [data.kind for data in find_personal_data(canonicalise(text).text)] == [kind]


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_decomposed_text_is_masked_alike(kind: PersonalKind, text: str) -> None:
    decomposed = canonicalise(unicodedata.normalize("NFD", text)).text
    assert mask(decomposed) == mask(canonicalise(text).text)


NUMBERS = [(k, t) for k, t in EXAMPLES if k not in {PersonalKind.NAME, PersonalKind.ADDRESS}]


@pytest.mark.parametrize(("kind", "text"), NUMBERS)
def test_numbers_are_found_without_accents_too(kind: PersonalKind, text: str) -> None:
    assert [d.kind for d in find_personal_data(strip_accents(canonicalise(text).text))] == [kind]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_belongs_to_nobody_stays(text: str) -> None:
    canonical = canonicalise(text).text
    assert mask(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "Nhà số 12/5 kiệt 3 Nguyễn Huệ, phường Thuận Hóa",
            "Nhà số <address> kiệt 3 Nguyễn Huệ, phường Thuận Hóa",
        ),
        ("ông Nguyễn Văn An ở kiệt 3", "ông <name> ở kiệt 3"),
        ("gọi chị Lành 0905 123 456 hoặc le@x.vn.", "gọi chị <name> <phone> hoặc <email>."),
        ("xe 75A-123.45 của anh Hùng, STK 0123456789", "xe <plate> của anh <name>, STK <account>"),
        ("Số CCCD của tôi 046095012345 ạ", "Số CCCD của tôi <id> ạ"),
        ("CCCD 046203001234, xem fb.com/an.nguyen.", "CCCD <id>, xem <link>."),
    ],
)
def test_only_the_personal_part_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_hotline_next_to_a_phone_stays() -> None:
    assert (
        mask("gọi 19001075 không được thì gọi 0905123456")
        == "gọi 19001075 không được thì gọi <phone>"
    )


def test_masking_leads_back_to_the_original() -> None:
    sent = unicodedata.normalize("NFD", "Gọi  tôi 0905\u200b123 456 nhé")
    canonical = canonicalise(sent)
    (found,) = find_personal_data(canonical.text)
    start, end = canonical.original_span(found.start, found.end)
    assert sent[start:end] == "0905\u200b123 456"


@given(TEXTS)
@example("0905123456" * 3)
@example("\ud800 ông \x00")
def test_findings_are_in_order_apart_and_inside_the_text(text: str) -> None:
    found = find_personal_data(text)
    edges = [edge for data in found for edge in (data.start, data.end)]
    assert edges == sorted(edges)
    assert all(0 <= data.start < data.end <= len(text) for data in found)


@given(TEXTS)
def test_masked_text_holds_no_phone_and_no_long_run_of_digits(text: str) -> None:
    assert not PHONE_LIKE.search(fold_for_matching(mask(text)))


@given(
    st.from_regex(r"0[35789][0-9]{8}", fullmatch=True),
    st.sampled_from(["", " ", ".", "-", "  ", " - "]),
    st.sampled_from([(4, 7), (3, 6), (4, 6), (2, 6)]),
    st.sampled_from(
        ["gọi {} gấp", "{}", "sđt:{}.", "({})", "Zalo {}, nhà ngập", "số{}", "giá 500.000 gọi {}"]
    ),
)
def test_any_mobile_in_any_grouping_is_masked(
    number: str, gap: str, cuts: tuple[int, int], sentence: str
) -> None:
    first, second = cuts
    written = gap.join((number[:first], number[first:second], number[second:]))
    masked = mask(sentence.format(written))
    assert len(re.findall("[0-9]", masked.replace("500.000", ""))) == 0


@given(st.integers(1, 96), st.integers(0, 3), st.integers(0, 99), st.integers(0, 999_999))
def test_any_citizen_id_is_masked(province: int, sex: int, year: int, number: int) -> None:
    written = f"{province:03}{sex}{year:02}{number:06}"
    assert mask(f"số {written} ạ") == "số <id> ạ"


@given(
    st.integers(1, 999), st.integers(0, 999), st.sampled_from(["đồng", "đ", " đồng", "VNĐ", " vnđ"])
)
def test_no_amount_of_money_is_masked(millions: int, thousands: int, unit: str) -> None:
    text = f"nộp {millions}.{thousands:03}.000{unit} rồi"
    assert mask(text) == text


@pytest.mark.parametrize(
    "unit", ["09 ", "0905 12 ", "anh Nam ", "a@a.", "1/2 ", "tôi tên ", "stk ", "không ", "\n"]
)
def test_time_grows_with_the_text_only(unit: str) -> None:
    mask(unit * (200_000 // len(unit)))  # a second at most; a quadratic pattern would take minutes


def test_masking_twice_finds_nothing_in_the_masks() -> None:
    masked = mask("Tôi tên là Nguyễn Văn An, 0905123456, số nhà 12 kiệt 3, STK 0123456789")
    assert mask(masked) == masked
