"""Finds the names of wards, former units and districts in a text, in every way they are written.

A name is found by its folded words, so case and missing accents do not matter; then its accents
are compared syllable by syllable, so that a word that only folds to the same letters ("phụ hồ"
for Phú Hồ, "Thuận Hòa" for Thuận Hóa) is another word. What a found name means in its sentence
is decided in ``nlp.place``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from nlp.folding import fold_for_matching

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.city import FormerUnit, Gazetteer, Ward

#: Words for the type of a ward, as names in the city's data carry them.
WARD_TYPES = ("Phường", "Xã", "Thị trấn", "Đặc khu")
#: Words for the type of the level above it, abolished on 1 July 2025 and still written.
DISTRICT_TYPES = ("Quận", "Huyện", "Thị xã", "Thành phố")

# Letters and digits apart ("A Lưới2", "P5"), and a type from its name ("phườngThuận Hóa").
_WORD = re.compile(r"phuong(?=[^\W\d_])|[^\W\d_]+|\d+")
# What may stand between two words of one name: "Chân Mây-Lăng Cô", "Chân Mây – Lăng Cô".
_JOINING = frozenset(" \u00a0\n-_")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
# y alone after a consonant may be written i and the other way round: Vỹ Dạ, Vĩ Dạ.
_LONE_Y = re.compile(r"(?<=[bcdghklmnpqrstvx])[yi]$")
_NUMERALS = {"1": "một", "2": "hai", "3": "ba", "4": "bốn", "5": "năm", "6": "sáu", "7": "bảy"}


class Token(NamedTuple):
    """A word of the text: its folded letters and where it stands, in code points."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sense:
    """One unit that a name may mean."""

    code: str | None  # present ward; None for a district
    type: str  # in small letters: "phường", "xã", "thị trấn", "quận", "huyện", "thị xã"
    name: str  # with its type, as the city's data has it
    present: bool = False
    typed_only: bool = False
    districts: frozenset[str] = frozenset()  # folded bare names of the districts it was part of


@dataclass(frozen=True, slots=True)
class Found:
    """A name in the text: its tokens are ``first`` to ``last`` (exclusive)."""

    first: int
    last: int
    senses: tuple[Sense, ...]  # those whose accents fit what is written
    accented: bool  # every accent of the name is there (or it has none)
    misspelt: bool = False  # no accents fit: another word, or a slip where the type stands before


@dataclass(frozen=True, slots=True)
class _Spelling:
    words: tuple[str, ...]
    accents: tuple[str, ...]
    sense: Sense


def bare_name(name: str) -> str:
    """The name without the word for its type: "Xã A Lưới 2" becomes "A Lưới 2"."""
    for unit_type in (*WARD_TYPES, *DISTRICT_TYPES):
        if name.startswith(unit_type + " "):
            return name[len(unit_type) + 1 :]
    return name


def unit_type(name: str) -> str:
    """The word for the type of a unit in small letters, empty where the name has none."""
    return name[: len(name) - len(bare_name(name))].strip().lower()


def tokens_of(folded: str) -> list[Token]:
    """The words and numbers of a folded text, in order."""
    return [Token(match.group(), *match.span()) for match in _WORD.finditer(folded)]


@lru_cache(maxsize=4096)  # the words of place names, a few hundred, are all that is asked
def accents_of(word: str) -> str:
    """The word with its tone mark apart, so that "hoà" and "hòa" are the same."""
    marked = unicodedata.normalize("NFD", word.lower())
    letters = "".join(char for char in marked if char not in _TONES)
    tones = "".join(sorted(char for char in marked if char in _TONES))
    plain = unicodedata.normalize("NFC", letters)
    return _LONE_Y.sub("i", plain) + tones


def spelling_key(name: str) -> tuple[str, ...]:
    """The same for every way to write a name with all its accents, another for any other name."""
    return tuple(map(accents_of, _WORD.findall(name)))


class PlaceNames:
    """Every spelling of the units of a city, ready to be found.

    Args:
        gazetteer: The wards with their former units, and the districts.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        """Builds the index by first word."""
        self._by_first: dict[str, list[_Spelling]] = defaultdict(list)
        for ward in gazetteer.wards:
            for name, sense in _ward_names(ward):
                self._add(name, sense)
        for district in gazetteer.districts:
            sense = Sense(None, unit_type(district), district)
            self._add(bare_name(district), sense)
        for spellings in self._by_first.values():
            spellings.sort(key=lambda spelling: -len(spelling.words))

    def _add(self, name: str, sense: Sense) -> None:
        words = _WORD.findall(name)
        folded = tuple(_LONE_Y.sub("i", fold_for_matching(word)) for word in words)
        spelling = _Spelling(folded, tuple(map(accents_of, words)), sense)
        for first in {folded[0], fold_for_matching(words[0])}:
            if spelling not in self._by_first[first]:
                self._by_first[first].append(spelling)

    def find(self, text: str, folded: str, tokens: list[Token]) -> Iterator[Found]:
        """The names in a text, longest first where several begin at one word.

        Args:
            text: Canonical text.
            folded: The same text, folded for matching, of the same length.
            tokens: The words of ``folded``.

        Yields:
            What was found, in order, without overlaps.
        """
        at = 0
        while at < len(tokens):
            spellings = self._by_first.get(tokens[at].word)
            found = self._found_at(at, spellings, text, folded, tokens) if spellings else None
            if found:
                yield found
            at = found.last if found and not found.misspelt else at + 1

    def _found_at(
        self, at: int, spellings: list[_Spelling], text: str, folded: str, tokens: list[Token]
    ) -> Found | None:
        near: list[_Spelling] = []
        fits: list[tuple[_Spelling, bool]] = []
        for spelling in spellings:
            if fits and len(spelling.words) < len(fits[0][0].words):
                break
            if not _words_stand_at(at, spelling.words, folded, tokens):
                continue
            written = [text[t.start : t.end] for t in tokens[at : at + len(spelling.words)]]
            fit = _accents_fit(written, spelling) if _reads_as_name(written) else None
            if fit is None:
                near.append(spelling)
            else:
                fits.append((spelling, fit))
        if fits:
            senses = tuple(spelling.sense for spelling, _ in fits)
            return Found(at, at + len(fits[0][0].words), senses, any(fit for _, fit in fits))
        if near:
            longest = [one for one in near if len(one.words) == len(near[0].words)]
            senses = tuple(spelling.sense for spelling in longest)
            return Found(at, at + len(near[0].words), senses, accented=False, misspelt=True)
        return None


def _ward_names(ward: Ward) -> Iterator[tuple[str, Sense]]:
    districts = {_district_key(former.district) for former in ward.former}
    sense = Sense(
        ward.code, unit_type(ward.name), ward.name, present=True, districts=frozenset(districts)
    )
    for name in (bare_name(ward.name), *ward.spellings):
        yield name, sense
        spoken = _spoken_numeral(name)
        if spoken:  # "xã A Lưới năm", but not "ở A Lưới năm ngoái"
            yield spoken, Sense(ward.code, sense.type, ward.name, True, True, sense.districts)
    for former in ward.former:
        yield from _former_names(former, ward.code)


def _former_names(former: FormerUnit, code: str) -> Iterator[tuple[str, Sense]]:
    districts = frozenset(map(_district_key, (former.district, *former.earlier_districts)))
    bare = bare_name(former.name)
    sense = Sense(code, unit_type(former.name), former.name, False, former.typed_only, districts)
    yield bare, sense
    for spelling in former.spellings:
        # A single syllable is a word of the language first: "Đúc" needs its "phường".
        typed_only = former.typed_only or " " not in spelling
        yield spelling, Sense(code, sense.type, former.name, False, typed_only, districts)


def _district_key(district: str) -> str:
    return fold_for_matching(bare_name(district))


def _spoken_numeral(name: str) -> str | None:
    *words, last = name.split()
    return " ".join([*words, _NUMERALS[last]]) if last in _NUMERALS else None


def _words_stand_at(at: int, words: tuple[str, ...], folded: str, tokens: list[Token]) -> bool:
    if at + len(words) > len(tokens):
        return False
    for offset, word in enumerate(words):
        token = tokens[at + offset]
        if token.word != word and _LONE_Y.sub("i", token.word) != word:
            return False
        between = folded[tokens[at + offset - 1].end : token.start] if offset else ""
        if not _JOINING.issuperset(between):
            return False
    return True


def _reads_as_name(written: list[str]) -> bool:
    # "đồng hương Phú An" holds no commune Hương Phú: a name's first letter is not the small one.
    return not written[0][0].islower() or not any(word[0].isupper() for word in written)


def _accents_fit(written: list[str], spelling: _Spelling) -> bool | None:
    """True: all accents are there; False: they are left out; None: they say another word."""
    complete = True
    for word, folded, accents in zip(written, spelling.words, spelling.accents, strict=True):
        seen = accents_of(word)
        if seen == accents:
            continue
        if seen != folded:
            return None
        complete = False
    return complete
