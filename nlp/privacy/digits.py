"""Numbers that belong to a person: phones, identity papers, bank accounts.

Every function reads folded text (``nlp.folding``), so one pattern serves text with and without
accents. Patterns repeat a bounded number of times only: time grows with the text, not faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp.privacy.kinds import PersonalData, PersonalKind

# Between the digits of one number; U+20E3 is the frame of a keycap emoji.
_GAP = r"[\s.\-_/()\u20e3]{0,3}"
# A digit, or a letter written for one where digits stand beside it: o for 0, l and i for 1.
_DIGIT = rf"(?:{_GAP}[0-9]|{_GAP}[oli](?=[0-9])|[oli](?![0-9a-hjkmnp-z]))"
_ZERO = r"(?:(?<![0-9])0|(?<![a-z0-9])o(?=[\s.\-]?[0-9]))"
_ABROAD = r"(?:(?<![0-9])\(?\+?84\)?|(?<![0-9])0084)" + _GAP + r"(?:\(?0\)?)?"

# Every number below has six digits near each other; most texts have none such.
_RUN = re.compile(rf"[0-9](?:{_GAP}[0-9oli]){{5}}")

MOBILE = re.compile(rf"(?:{_ABROAD}|\(?{_ZERO}\)?){_GAP}[35789](?:{_DIGIT}){{8}}(?![0-9])")
LANDLINE = re.compile(rf"(?:{_ABROAD}|\(?{_ZERO}){_GAP}2(?:{_DIGIT}){{9}}(?![0-9])")
OLD_MOBILE = re.compile(rf"{_ZERO}1{_GAP}[2689](?:{_DIGIT}){{8}}(?![0-9])")
FOREIGN = re.compile(r"(?<![0-9a-z])\+[1-9](?:[ .\-()]{0,2}[0-9]){8,14}(?![0-9])")
PHONE_CUE = re.compile(
    r"(?<![a-z])(?:so )?(?:dien thoai|dien thoai di dong|di dong|sdt|s\.?d\.?t|dtdd|dt|phone|tel|mobile|zalo|"
    r"viber|whatsapp|telegram|alo|goi|lien he|lien lac|lh|lhe|call|nhan tin)"
    r"[^0-9a-z\n]{0,4}(?:(?:so|cho|la|qua|toi|em|anh|chi)[ :]{1,2}){0,2}"
    r"([1-9](?:[ .\-]{0,1}[0-9]){6,10})(?![0-9])"
)
PUBLIC_LINE = re.compile(r"1[89]00(?:[ .\-]?[0-9]){4,6}(?![ .\-]?[0-9])")

CITIZEN_ID = re.compile(
    rf"{_ZERO}{_GAP}(?:[0o]{_GAP}[1-9]|[1-8](?:{_DIGIT})|9{_GAP}[0-6])(?:{_DIGIT}){{9}}(?![0-9])"
)
ID_CUE = re.compile(
    r"(?<![a-z])(?:cccd|c\.c\.c\.d|cmnd|cmt|cmtnd|cmnd/cccd|cccd/cmnd|can cuoc|can cuoc cong dan|"
    r"chung minh|chung minh nhan dan|chung minh thu|dinh danh|dinh danh ca nhan|ho chieu|passport|bhxh|"
    r"bhyt|bao hiem xa hoi|bao hiem y te|the bao hiem|ma so thue|mst|giay phep lai xe|gplx|bang lai)"
    r"[^0-9\n]{0,24}?((?:(?<![a-z0-9])[a-z]{1,2})?[0-9](?:[ .\-]{0,2}[0-9oli]){6,14})(?![0-9a-z])"
)
PASSPORT = re.compile(r"(?<![a-z0-9])[bcknpe][0-9]{7}(?![0-9a-z])")
LONG_NUMBER = re.compile(r"[0-9]{9,}")

_BANK = (
    r"vietcombank|vcb|techcombank|tcb|bidv|agribank|vietinbank|mb ?bank|mb|acb|sacombank|vpbank|"
    r"tpbank|vib|shb|hdbank|ocb|seabank|msb|scb|eximbank|momo|ngan hang"
)
_ACCOUNT = r"[0-9](?:[ .\-]{0,2}[0-9]){5,18}"
ACCOUNT_CUE = re.compile(
    rf"(?<![a-z])(?:stk|s\.t\.k|so tk|tk|so tai khoan|tai khoan|account|so the|chuyen khoan|{_BANK})(?![a-z])"
    rf"([^0-9\n]{{0,30}}\n?)({_ACCOUNT})(?![0-9])"
)
BANK_AFTER = re.compile(
    rf"(?<![0-9])([0-9]{{3,19}}(?:[ .\-][0-9]{{2,6}}){{0,4}})[ ,(\-]{{1,3}}(?:{_BANK})(?![a-z])"
)

# Numbers in words end with their line, or a title would run on into a text that begins with "sau".
_WORD = r"(?:khong|ko|zero|mot|hai|ba|bon|tu|nam|lam|sau|bay|tam|chin|[0-9](?![0-9]))"
SPELLED = re.compile(rf"(?<![a-z0-9]){_WORD}(?:[ ,.\-]{{1,3}}{_WORD}){{8,}}(?![a-z0-9])")
PARTLY_SPELLED = re.compile(
    rf"(?<![a-z0-9])(?:0[0-9o]{{0,4}}|khong)"
    rf"(?:[ ,.\-]{{1,3}}(?:{_WORD}|[0-9]{{1,5}}(?![a-z0-9]))){{2,}}(?![a-z0-9])"
)

_WORDS = re.compile(r"[a-z]+")
_MONEY_AFTER = re.compile(
    r"\s?(?:dong|d|vnd|trieu|tr|ty|nghin|ngan|k|usd|₫|m2|m3|km|ha|kwh|nguoi|ho)(?![a-z])"
)
_AMOUNT = re.compile(r"[0-9]{1,3}(?:([., ])[0-9]{3})(?:\1[0-9]{3})*\Z")
_MONEY_BEFORE = re.compile(
    r"(?:so tien|gia|tong|phi|phat|no|thu|nop|mat|hon|gan|khoang|tru|rut) ?:? ?(?:la )?\Z"
)
_DATE = re.compile(r"(?:[0-9]{1,2}[./\-]){2}(?:19|20)[0-9]{2}(?![0-9])")
_RANGE = re.compile(r"[0-9]{1,4} ?- ?[0-9]{1,4}\Z")
_SHORT_PART = re.compile(r"(?<![0-9])[0-9]{1,2}/|/[0-9]{1,2}(?![0-9])")  # 5/9 is a day
_CALL = re.compile(r"dien thoai|sdt|zalo|goi|lien he|lien lac|dt")


def find_numbers(folded: str) -> Iterator[PersonalData]:
    """Phones, identity papers and bank accounts of a folded text, in no order."""
    if _RUN.search(folded):
        yield from find_phones(folded)
        yield from find_identity_numbers(folded)
        yield from find_accounts(folded)


def find_phones(folded: str) -> Iterator[PersonalData]:
    """Mobile, landline and foreign numbers; hotlines (113, 1900...) belong to nobody."""
    for pattern in (MOBILE, LANDLINE, OLD_MOBILE, FOREIGN):
        for match in pattern.finditer(folded):
            if _is_number(folded, *match.span()):
                yield PersonalData(PersonalKind.PHONE, *match.span())
    for match in PHONE_CUE.finditer(folded):
        if not PUBLIC_LINE.match(match[1]) and not _is_money(folded, *match.span(1)):
            yield PersonalData(PersonalKind.PHONE, *match.span(1))


def find_identity_numbers(folded: str) -> Iterator[PersonalData]:
    """CCCD, CMND, passports, insurance and tax numbers, and any bare run of nine or more digits."""
    for match in CITIZEN_ID.finditer(folded):
        if _is_number(folded, *match.span()):
            yield PersonalData(PersonalKind.ID, *match.span())
    for match in ID_CUE.finditer(folded):
        # 191.456.789 looks like money, but stands behind the word for a paper.
        dotted = sum(map(str.isdigit, match[1])) in {9, 12}
        paid = _MONEY_AFTER.match(folded, match.end(1))
        if (dotted and not paid) or _is_number(folded, *match.span(1)):
            yield PersonalData(PersonalKind.ID, *match.span(1))
    for match in PASSPORT.finditer(folded):
        yield PersonalData(PersonalKind.ID, *match.span())
    for match in LONG_NUMBER.finditer(folded):
        if not PUBLIC_LINE.match(match[0]) and not _is_money(folded, *match.span()):
            yield PersonalData(PersonalKind.ID, *match.span())


def find_accounts(folded: str) -> Iterator[PersonalData]:
    """Bank accounts and cards: 6-19 digits beside the word for one."""
    for match in ACCOUNT_CUE.finditer(folded):
        if not _CALL.search(match[1]) and _is_account(folded, *match.span(2)):
            yield PersonalData(PersonalKind.ACCOUNT, *match.span(2))
    for match in BANK_AFTER.finditer(folded):
        if _is_account(folded, *match.span(1)):
            yield PersonalData(PersonalKind.ACCOUNT, *match.span(1))


def find_spelled_numbers(folded: str) -> Iterator[PersonalData]:
    """Nine or more digits in words, as people write a phone to get past a filter."""
    for pattern in (SPELLED, PARTLY_SPELLED):
        for match in pattern.finditer(folded):
            words = len(_WORDS.findall(match[0]))
            if words >= 3 and words + sum(map(str.isdigit, match[0])) >= 9:
                yield PersonalData(PersonalKind.PHONE, *match.span())


def _is_number(folded: str, start: int, end: int) -> bool:
    """Neither a date with something behind it nor an amount, and mostly of real digits."""
    written = folded[start:end]
    date = _DATE.search(folded, max(0, start - 3), end)
    if (date and date.start() <= start) or _SHORT_PART.search(written):
        return False
    inside_amount = start > 1 and folded[start - 1] in ".," and folded[start - 2].isdigit()
    if inside_amount and written[3:4] == folded[start - 1]:
        return False
    return sum(map(str.isdigit, written)) >= 6 and not _is_money(folded, start, end)


def _is_account(folded: str, start: int, end: int) -> bool:
    return (
        6 <= sum(map(str.isdigit, folded[start:end])) <= 19
        and not PUBLIC_LINE.match(folded, start)
        and not _RANGE.match(folded[start:end])
        and not _DATE.search(folded, start, end)
        and not _is_money(folded, start, end)
    )


def _is_money(folded: str, start: int, end: int) -> bool:
    written = folded[start:end]
    if written[0] in "0+" or not written[0].isdigit():
        return False
    if _MONEY_AFTER.match(folded, end):
        return True
    before = folded[max(0, start - 16) : start]
    grouped = _AMOUNT.match(written)
    return bool(grouped and grouped[1] in ".,") or bool(_MONEY_BEFORE.search(before))
