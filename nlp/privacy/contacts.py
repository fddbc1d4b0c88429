"""Addresses on the net: e-mail, also the disguised kind, and links that lead to a person."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp.privacy.kinds import PersonalData, PersonalKind

_DOT = r"(?:\.|[ ]?[(\[](?:dot|cham|\.)[)\]][ ]?|[ ](?:dot|cham)[ ]|[ ]?\.[ ]?(?=(?:com|vn|net|org|edu|gov)(?![a-z])))"
EMAIL = re.compile(
    r"(?<=[a-z0-9._%+\- )\]])(?:[ ]?@[ ]?|[ ]?[(\[{](?:at|a cong|@)[)\]}][ ]?|[ ]a[ \-]?cong[ ]|[ ]at[ ]"
    r"(?=[a-z0-9\-]{1,30}(?:\.|[ ](?:dot|cham)[ ])[a-z]))"
    rf"[a-z0-9\-]{{1,63}}(?:{_DOT}[a-z][a-z0-9\-]{{1,23}}){{1,4}}"
)
_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._%+-")
_SPELLED_DOTS = (" cham ", " dot ", "(dot)", "(cham)", " gach duoi ")

_SOCIAL = (
    r"facebook\.com|fb\.com|fb\.me|fb\.watch|m\.me|zalo\.me|t\.me|telegram\.me|tiktok\.com|"
    r"instagram\.com|youtube\.com|youtu\.be|linkedin\.com|twitter\.com|x\.com|threads\.net|"
    r"wa\.me|viber\.com|drive\.google\.com|docs\.google\.com|goo\.gl|bit\.ly|maps\.google\.com"
)
SOCIAL = re.compile(rf"(?<![a-z0-9\-])(?:{_SOCIAL})/[^\s<>\"']+")
LINK = re.compile(r"(?:https?://|(?<![a-z0-9])www\.)[^\s<>\"']+")
_TELLS_WHO = re.compile(r"[?@=]|[0-9]{6}")
_HEAD = re.compile(r"(?:https?://)?(?:[a-z0-9\-]{1,20}\.){0,2}\Z")


def find_emails(folded: str) -> Iterator[PersonalData]:
    """E-mail addresses: ``a@b.vn``, ``a (at) b.vn``, ``a a còng b chấm vn``."""
    floor = 0
    for match in EMAIL.finditer(folded):
        start = _local_start(folded, match.start(), floor)
        if start < match.start():
            yield PersonalData(PersonalKind.EMAIL, start, match.end())
        floor = match.end()


def _local_start(folded: str, end: int, floor: int) -> int:
    """Where the part before the sign begins; spelled dots are part of it."""
    start = end
    floor = max(floor, end - 80)
    while start > floor:
        if folded[start - 1] in _LOCAL:
            start -= 1
            continue
        dot = next((dot for dot in _SPELLED_DOTS if folded.endswith(dot, floor, start)), None)
        if dot is None or start == end:
            break
        start -= len(dot)
    return start


def find_links(folded: str) -> Iterator[PersonalData]:
    """Links to a profile, a chat or a file of a person, and links that carry identifiers."""
    for match in SOCIAL.finditer(folded):
        head = _HEAD.search(folded, max(0, match.start() - 40), match.start())
        start = head.start() if head else match.start()
        yield PersonalData(PersonalKind.LINK, start, _link_end(match))
    for match in LINK.finditer(folded):
        if _TELLS_WHO.search(match[0]):
            yield PersonalData(PersonalKind.LINK, match.start(), _link_end(match))


def _link_end(match: re.Match[str]) -> int:
    return match.start() + len(match[0].rstrip(".,;:!?)]}…"))
