"""Names of people, by the words that stand before them and by how a letter is signed.

A name alone cannot be told from a street, for streets bear the names of people: so a title or a
phrase such as "tôi tên là" must lead to it, and a word such as "đường" before the title rules it
out. What is masked is the name, not the title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp.folding import strip_accents
from nlp.privacy.kinds import PersonalData, PersonalKind

_LETTERS = [chr(code) for code in (*range(0x41, 0x250), *range(0x1EA0, 0x1EFA))]
_UPPER = "".join(filter(str.isupper, _LETTERS))
_LOWER = "".join(filter(str.islower, _LETTERS))
_CAPITALISED = rf"[{_UPPER}][{_LOWER}]{{1,11}}"
_SHOUTED = rf"[{_UPPER}]{{2,8}}"
_NAME = (
    rf"(?:{_CAPITALISED}(?: {_CAPITALISED}){{0,4}}(?: [{_UPPER}](?!\w))?"
    rf"|{_SHOUTED}(?: {_SHOUTED}){{1,4}})(?!\w)"
)
_LOWER_NAME = rf"[{_LOWER}]{{2,8}}(?: [{_LOWER}]{{1,8}}){{1,3}}(?!\w)"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# In text with accents a surname must bear its own: "vì", "họ", "tổ" are words, "Vi", "Hồ" names.
_SURNAMES = _set(
    "nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đoàn trương đinh lâm "
    "mai trịnh đào cao tôn thái hà châu tạ phùng lương văn quách la triệu kiều lưu nghiêm thân từ "
    "viên chu khổng hứa ưng bửu vĩnh công đàm điệp giang hầu kha khúc lại lò ma mạc nông ông sầm "
    "tăng thạch tiêu tô tống trang trác vi vương âu bạch bành cù đồng lục ninh phí hy doãn"
)
_PLAIN_SURNAMES = frozenset(map(strip_accents, _SURNAMES))
# Those that are hardly another word where accents and capitals are missing.
_SURE_SURNAMES = _set(
    "nguyen tran le pham hoang huynh phan vu dang bui ngo duong ly trinh phung trieu"
)
_MIDDLE = _set("van thi duc huu ngoc quoc minh thanh xuan kim dinh ba the nhu quang")
# What a capital after a title may also be: a duty, a body, a people, a firm.
_NO_NAME = _set(
    "công chủ phó bí giám hiệu hội cán bộ ủy đảng phụ việt ubnd hđnd dân người nhà khách hàng ban "
    "số phòng bệnh giao tp phường xã kiệt thôn huyện tỉnh trạm chợ cầu khu đội đoàn quý csgt huế "
    "vneid zalo facebook app admin ad ơi và với không ở tại là thì đã sài tà pa cơ a hs sv gv "
    "điện viettel vinaphone mobifone fpt grab tổng tổ trưởng thư shipper bắc đại cả tây hàn"
)
_PLAIN_NO_NAME = frozenset(map(strip_accents, _NO_NAME)) - {"hieu", "tai", "han", "tay", "thu"}
# Where a row of capitalised words stops being a name.
_ENDS_NAME = _set(
    "phuong xa duong kiet hem ngo thon quan huyen tp zalo sdt dt dia kinh xin de ubnd o va toi em "
    "so"
)

_TITLE = r"ông|bà|anh|chị|cô|chú|bác|thầy|mệ|cậu|dì|mợ|thím|dượng|mụ|o|em|cháu|bé"
_PLAIN_TITLE = r"ong|anh|chi|chu|bac|thay"
_ACCENTED_TITLE = re.compile(rf"(?<!\w)(?i:{_TITLE}) ({_NAME}|{_LOWER_NAME})")
_UNACCENTED_TITLE = re.compile(rf"(?<!\w)(?i:{_PLAIN_TITLE}) ({_NAME}|{_LOWER_NAME})")
_I = r"tôi|tui|em|mình|cháu|con|toi|minh|chau"
NAMED = re.compile(
    rf"(?<!\w)(?i:(?:{_I}|anh|chị|ông|bà|bạn|bé|người|ong) (?:xin )?(?:tên|ten)(?: là| la)?"
    r"|họ(?: và)? tên|ho(?: va)? ten|(?:ký|ky|đứng|dung) (?:tên|ten)|(?:tên|ten)(?: là| la)?"
    r"|(?:người|nguoi) (?:gửi|viết đơn|làm đơn|viết|phản ánh|khiếu nại|tố cáo|kiến nghị|gui|viet"
    r"|phan anh|lam don)|chủ (?:hộ|tài khoản|tk)|chu (?:ho|tai khoan|tk)|ctk|đối tượng)"
    rf"(?!\w) ?[:\n]? ?(?:(?i:là|ông|bà|anh|chị) )?({_NAME}|{_LOWER_NAME})"
)
CALLED = re.compile(
    rf"(?<!\w)(?i:{_I}|chồng tôi|vợ tôi)(?: (?i:là|la)|:) ({_NAME})(?=([,.;:)\n]|$| ở)?)"
)
#: "chủ tịch Nguyễn Văn A", "cô giáo Trần Thị B": after a duty only a full name counts.
ON_DUTY = re.compile(
    r"(?<!\w)(?i:chủ tịch|bí thư|trưởng thôn|tổ trưởng|hiệu trưởng|hiệu phó|giám đốc|bác sĩ|bs|y sĩ"
    r"|cô giáo|thầy giáo|giáo viên|chủ quán|chủ nhà|chủ trọ|cán bộ|công an|đồng chí|đ/c|luật sư|kỹ sư"
    rf"|cụ|chủ cơ sở|hàng xóm|chu tich|bac si|co giao|giam doc|can bo|chu quan|chu nha) ({_NAME})"
)
SIGNED = re.compile(
    r"(?:\n|(?i:trân trọng|tran trong|cảm ơn|cam on|kính đơn|kính thư|ký tên|ky ten)[.!,:]*[ \n])"
    rf"({_CAPITALISED}(?: {_CAPITALISED}){{1,4}})\.?\s*\Z"
)

_PLACE_BEFORE = re.compile(
    r"(?<!\w)(?:đường|đg|phố|chợ|trường|cầu|phường|chùa|đền|miếu|lăng|bến|đập|núi|công viên|thôn"
    r"|tượng|duong|pho|truong|phuong|(?:kiệt|hẻm|ngõ|ngách|số|kiet|hem|ngo|so) [0-9]+[a-z]?"
    r"(?:/[0-9]+){0,3}) \Z",
    re.IGNORECASE,
)
_SENTENCE_START = re.compile(r"(?:^|[.!?:;\n\"“”(\-,] ?)\Z")
_FAMOUS = re.compile(
    r"ba (?:trieu|trung|ria|na|huyen thanh quan|den|diem|chieu|hom|chua xu)|ong ich khiem|ong trang"
    r"|bac (?:ho|ai|ninh|giang|kan|can|lieu|son|ha|trung nam|binh|au|my)|co (?:giang|to|tu|bac)"
    r"|chu (?:van an|manh trinh|lai|se)|anh (?:quoc|son)|me (?:linh|thuot)|di linh|chi (?:lang|linh)"
    r"|cau (?:giay|hai|ke|ngang|kho)|chau (?:doc|thanh|au|a|phi|my)|em hien"
)
# Capitals after a title or a duty that begin something else: a body, a province.
_ELSE = re.compile(
    r"(?:trung tam|dien luc|ly tuong|ho chi minh|ha (?:noi|tinh|nam|giang|lan)|thai (?:binh|nguyen|lan)"
    r"|lam dong|cao bang|ninh (?:binh|thuan)|kien giang|vinh (?:long|phuc)|lang son|lao cai"
    r"|hoa binh|hai (?:phong|duong)|da nang|quang (?:tri|nam|binh|ngai|ninh)|thanh hoa)(?![a-z])"
)
_ACCENTED = re.compile("[À-ỹ]")
_VOWEL = re.compile("[aeiouy]")


def find_names(text: str, folded: str) -> Iterator[PersonalData]:
    """Names after titles, after "tôi tên là" and the like, and at the end of a letter."""
    known = _SURNAMES if _ACCENTED.search(text) else _PLAIN_SURNAMES
    for match in (*_titled(text, folded, known), *_named(text, known), *_full(text, known)):
        yield from _name(text, folded, match, known)


def _titled(text: str, folded: str, known: frozenset[str]) -> Iterator[re.Match[str]]:
    titles = _ACCENTED_TITLE if known is _SURNAMES else _UNACCENTED_TITLE
    return (match for match in titles.finditer(text) if _is_person(text, folded, match, known))


def _named(text: str, known: frozenset[str]) -> Iterator[re.Match[str]]:
    for match in NAMED.finditer(text):
        if match[1][0].isupper() or _is_lower_name(match[1], known, cue=match[0].lower()):
            yield match
    for match in CALLED.finditer(text):
        one = " " not in match[1] and match[2] is not None and ":" not in match[0]
        if one or _is_whole(match[1], known):
            yield match


def _full(text: str, known: frozenset[str]) -> Iterator[re.Match[str]]:
    """Full names after a duty and in the signature."""
    signed = SIGNED.search(text, max(0, len(text) - 120))
    for match in (*ON_DUTY.finditer(text), *([signed] if signed else ())):
        if _is_whole(match[1], known):
            yield match


def _is_whole(name: str, known: frozenset[str]) -> bool:
    """Surname and more: in text with accents the plain spelling of a capital counts as well."""
    first, _, more = name.lower().partition(" ")
    return bool(more) and (first in known or (name[0].isupper() and first in _PLAIN_SURNAMES))


def _is_lower_name(name: str, known: frozenset[str], cue: str = "") -> bool:
    """A name without capitals: surname, middle name, given name; after a clear cue two words do."""
    first, second, *more = name.split(" ")
    if known is _SURNAMES:
        sure = first in known and first not in {"công", "từ", "lại", "trang", "đồng", "văn", "ông"}
    else:
        sure = first in _SURE_SURNAMES
    middle = strip_accents(second) in _MIDDLE and bool(more)
    return sure and (
        middle or cue.startswith(("tôi tên", "toi ten", "em tên", "em ten", "họ", "ho"))
    )


def _is_person(text: str, folded: str, match: re.Match[str], known: frozenset[str]) -> bool:
    """Whether title and name mean a person here, not a street and not something else in capitals."""
    start, name = match.start(), match[1]
    if name[0].islower():
        return _is_lower_name(name, known)
    if _FAMOUS.match(folded, start) or _PLACE_BEFORE.search(text, max(0, start - 16), start):
        return False
    title, _, words = match[0].partition(" ")
    one = " " not in words
    if name.isupper() or (not one and (title.lower() in {"em", "cháu"} or known is not _SURNAMES)):
        return _is_whole(name, known)
    if title[0].isupper() and not _SENTENCE_START.search(text, max(0, start - 3), start):
        return _is_whole(name, known)
    return True


def _length_of(words: list[str], least: int) -> int:
    """Words of a name whose end no capital shows: surname, middle names, given name."""
    middle = 1
    while middle < len(words) - 1 and words[middle] in _MIDDLE:
        middle += 1
    return max(least, middle + 1)


def _name(
    text: str, folded: str, match: re.Match[str], known: frozenset[str]
) -> Iterator[PersonalData]:
    """The name up to a word that can't belong to it; nothing if it does not begin like one."""
    start, end = match.span(1)
    words = folded[start:end].split(" ")
    no_name = match[1].lower().split(" ")[0] in _NO_NAME or (
        known is not _SURNAMES and words[0] in _PLAIN_NO_NAME
    )
    long = len(words) > 2 and _is_whole(match[1], known)
    if not _VOWEL.search(words[0]) or (no_name and not long) or _ELSE.match(folded, start):
        return
    if not match[1].istitle() and len(words) > 1:
        words = words[: _length_of(words, 2 if match[1].islower() else 3)]
    length = 0
    for word in words:
        if length and word in _ENDS_NAME:
            break
        length += len(word) + 1
    yield PersonalData(PersonalKind.NAME, start, start + length - 1)
