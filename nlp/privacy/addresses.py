"""House numbers. The alley, the street and the ward stay: a report is routed by them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp.privacy.kinds import PersonalData, PersonalKind

_NUMBER = r"[0-9]{1,4}[a-z]?(?![a-z])(?:[ ]?[/\-][ ]?[0-9]{1,4}[a-z]?(?![a-z0-9])){0,4}(?![0-9])"
_LIST = rf"{_NUMBER}(?:(?:, ?| va | den )(?:so )?{_NUMBER}){{0,8}}"
HOUSE = re.compile(
    rf"(?<![a-z])(?:so nha|nha so|dia chi|nha o so|can so|can nha so|nha tro so|day nha so|day tro so)[ ]?:?[ ]?({_LIST})"
)
#: "nhà 19 Đặng Thái Thân", "tại 45 Lê Lợi", "trước số 5 Võ Trác": a street must follow.
BEFORE_STREET = re.compile(
    r"(?<![a-z])(?:nha|o|tai|dia chi|truoc|doi dien|canh|sat|gan|sau|ben|hong|cho|den|tu|ho)"
    rf"(?:[ ](?:nha|so|can|dia chi|mat tien|toi|em|minh|tui|o)){{0,3}}[ ]?[,:]?[ ]?(?:so[ ])?({_LIST})(?=[ ,])"
)
#: "Quán trà sữa số 30 Nguyễn Huệ": a street in capitals must follow.
NUMBER_OF = re.compile(rf"(?<![a-z])so[ ]({_LIST})(?=[ ,])")
#: "ở số 18/7", "trước số 31": the street was said before.
AT_NUMBER = re.compile(rf"(?<![a-z])(?:o|truoc|doi dien)[ ]so[ ]({_LIST})(?![0-9])")
SLASHED = re.compile(r"(?<![0-9a-z/.\-])([0-9]{1,4}[a-z]?(?:/[0-9]{1,4}[a-z]?){1,4})(?![0-9a-z/])")
_IN_ALLEY = re.compile(r",?[ ](?:(kiet|hem|ngo|ngach)[ ][0-9]|(?:duong|pho)[ ])")
_NUMBERED = re.compile(  # schools, papers and lines bear numbers too
    r"(?<![a-z])(?:truong|mam non|tieu hoc|thcs|thpt|quyet dinh|cong van|thong bao|nghi dinh"
    r"|thong tu|to trinh|van ban|hat giong|cau thu|tu nhan|cau|bai|ao|tuyen|buyt|chuyen|duong|khu|to|doi|doan|tram|bao)[ ]\Z"
)
_ALLEY_BEFORE = re.compile(
    r"(?<![a-z])(?:kiet|hem|ngo|ngach|duong|to|ql|tl|lo|qd|nd|tt|nq|cv|luat|van ban|quyet dinh|nghi dinh|"
    r"cong van|thong tu|thong bao|so)[ ](?:so )?\Z"
)
_DATE_CUE = re.compile(
    r"(?<![a-z])(?:ngay|sang|trua|chieu|toi|dem|hom|thang|le|tuan|truoc|sau|den|tu|dip|moi|khuya|nay|cu|qua)[ ]\Z"
)
_PLACE_CUE = re.compile(
    r"(?<![a-z])(?:nha|o|tai|dia chi|truoc nha|doi dien|canh|chu ho|so|ho|nha toi|nha em)[ ]?:?[ ]?\Z"
)
_DIGIT = re.compile("[0-9]")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NOT_STREET = _set(
    "phường phuong xã thôn thon tổ huyện huyen quận quan tỉnh tp thành công cong trường ubnd ngày "
    "kiệt kiet cây cay nhà nha người nguoi hộ tháng khu trung bệnh benh số so phòng phong"
)


def find_addresses(text: str, folded: str) -> Iterator[PersonalData]:
    """House numbers in front of an alley or a street, and after "số nhà", "nhà số"."""
    if not _DIGIT.search(folded):
        return
    for match in _houses(text, folded):
        yield PersonalData(PersonalKind.ADDRESS, *match.span(1))


def _houses(text: str, folded: str) -> Iterator[re.Match[str]]:
    yield from HOUSE.finditer(folded)
    yield from AT_NUMBER.finditer(folded)
    for match in BEFORE_STREET.finditer(folded):
        if _leads_to_street(text, folded, match.end(1)) and not _is_date(folded, match):
            yield match
    for match in NUMBER_OF.finditer(folded):
        if _is_alone(text, folded, match):
            yield match
    for match in SLASHED.finditer(folded):
        if _is_house(text, folded, match):
            yield match


def _is_alone(text: str, folded: str, match: re.Match[str]) -> bool:
    """Whether "số 30" means a house though no word of place stands before it."""
    start = match.start()
    return _leads_to_street(text, folded, match.end(1), alone=start > 0) and not _NUMBERED.search(
        folded, max(0, start - 14), start
    )


def _leads_to_street(text: str, folded: str, end: int, *, alone: bool = False) -> bool:
    """Whether an alley with its number or a street's name of two words comes next.

    With ``alone``, no word of place stands before the number, so the name must speak for itself.
    """
    if alone and folded.startswith(",", end):
        return False
    alley = _IN_ALLEY.match(folded, end)
    if alley and (not alone or alley[1]):
        return True
    words = text[end : end + 24].lstrip(" ,").split(" ")[:2]
    capitals = len(words) == 2 and all(w[:1].isupper() and w[1:2].islower() for w in words)
    return capitals and words[0].lower() not in _NOT_STREET


def _is_date(folded: str, match: re.Match[str]) -> bool:
    """Whether it may be a day and a month, and no word of place says otherwise."""
    day, _, month = match[1].partition("/")
    if not (day.isdigit() and month.isdigit() and 0 < int(day) < 32 and 0 < int(month) < 13):
        return False
    return not _PLACE_CUE.search(folded, max(0, match.start(1) - 14), match.start(1))


def _is_house(text: str, folded: str, match: re.Match[str]) -> bool:
    before = max(0, match.start() - 14)
    if _DATE_CUE.search(folded, before, match.start()):
        return False
    if _PLACE_CUE.search(folded, before, match.start()):
        return _leads_to_street(text, folded, match.end())
    if _ALLEY_BEFORE.search(folded, before, match.start()):
        return False
    alley = _IN_ALLEY.match(folded, match.end())
    if _is_date(folded, match) and not (alley and alley[1]):
        return False
    return _leads_to_street(text, folded, match.end())
