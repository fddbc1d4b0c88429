"""Number plates of vehicles, old and new."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp.privacy.kinds import PersonalData, PersonalKind

_SERIES = r"[1-9][0-9](?:[ ]?-[ ]?)?(?:[a-hk-npr-vx-z]{1,2}[0-9]?|[a-z][0-9])"
#: 30A-123.45, 75-F1 123.45, 29-H1 234.56: the dot or the dash tells it from anything else.
DOTTED = re.compile(
    rf"(?<![0-9a-z]){_SERIES}(?:[ \-.]{{0,3}}[0-9]{{3}}[.,\- ][0-9]{{2}}|-[0-9]{{2}}\.[0-9]{{3}})(?![0-9])"
)
DASHED = re.compile(rf"(?<![0-9a-z]){_SERIES}[ ]?-[ ]?[0-9]{{4,5}}(?![0-9])")
PLAIN = re.compile(rf"(?<![0-9a-z]){_SERIES}[ .]{{0,2}}[0-9]{{4,5}}(?![0-9])")
CUED = re.compile(
    r"(?<![a-z])(?:bien so|bien kiem soat|bien xe|bien|bks|bs|so xe|xe so|mang bien|xe may|o to|oto)"
    r"[^0-9\n]{0,20}([1-9][0-9][ .\-]{0,2}[a-z][a-z0-9]{0,2}[ .\-]{0,2}"
    r"[0-9]{2,3}[ .\-]?[0-9]{2})(?![0-9a-z])"
)
RED = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[ \-][0-9]{2}-[0-9]{2}(?![0-9])")
_DIGITS = re.compile(r"[0-9][0-9][0-9 .,\-][0-9]")  # no plate without them
_CUE_BEFORE = re.compile(r"(?<![a-z])(?:bien|bks|bs|xe|o to|oto|taxi)(?![a-z])")
_YEAR = re.compile(r"[^0-9](?:19|20)[0-9]{2}\Z")
_TIME = re.compile(r"[0-9]{2}[hgp]")
_MONEY_AFTER = re.compile(r"\s?(?:dong|d|vnd|trieu|nguoi|ho|k)(?![a-z])")


def find_plates(text: str, folded: str) -> Iterator[PersonalData]:
    """Plates by their form, and by the words before them where the form is loose."""
    if not _DIGITS.search(folded):
        return
    for match in _by_form(text, folded):
        yield PersonalData(PersonalKind.PLATE, *match.span())
    for match in CUED.finditer(folded):
        if not _MONEY_AFTER.match(folded, match.end(1)):
            yield PersonalData(PersonalKind.PLATE, *match.span(1))


def _by_form(text: str, folded: str) -> Iterator[re.Match[str]]:
    for pattern in (DOTTED, DASHED, PLAIN):
        for match in pattern.finditer(folded):
            # Without dot and dash, "75c 12345" needs a capital or a word for it.
            sure = pattern is not PLAIN or not text[slice(*match.span())].islower()
            if (sure or _cued(folded, match.start())) and _is_plate(folded, match):
                yield match
    yield from (match for match in RED.finditer(text) if _cued(folded, match.start()))


def _cued(folded: str, start: int) -> bool:
    return bool(_CUE_BEFORE.search(folded, max(0, start - 24), start))


def _is_plate(folded: str, match: re.Match[str]) -> bool:
    """Not an hour or a weight with a number behind it: 16h30-1715, 20h 12000 people."""
    if _MONEY_AFTER.match(folded, match.end()) or _YEAR.search(match[0]):
        return False
    return "-" in match[0] or "." in match[0] or not _TIME.match(match[0])
