"""What a found name means in its sentence: a ward, a district, or the name of something else.

The rules are about Vietnamese, not about one city: the word before a name says whether a place is
meant ("ở", "khu vực", "phường") or a thing that bears the name of a place ("cầu", "sông",
"đường", "ngã tư"), which may lie elsewhere or cross several wards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nlp import placewords
from nlp.folding import fold_for_matching
from nlp.placenames import Found, PlaceNames, Sense, Token, bare_name, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nlp.city import Gazetteer


_NEAR = 8  # words between a ward and the district that tells which one of the name it is


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text that may mean a present ward."""

    codes: tuple[str, ...]  # the present wards it may mean
    start: int  # offsets in code points, the type included
    end: int
    words: str  # as written there
    typed: bool  # "phường ...", "xã ...": it can be nothing else
    located: bool  # "tại ...", "ở ...", "thuộc ...": the place of the matter

    def narrowed(self, codes: tuple[str, ...]) -> Mention:
        """The same mention, meaning only these."""
        return replace(self, codes=codes)


class MentionReader:
    """Reads the mentions of wards in a text.

    Args:
        gazetteer: The wards of the city, their former units, and the districts.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        """Prepares every spelling of the names."""
        self._names = PlaceNames(gazetteer)

    def read(self, text: str) -> list[Mention]:
        """The mentions in the order of the text, without those that name other things.

        Args:
            text: Canonical text.
        """
        folded = fold_for_matching(text)
        tokens = tokens_of(folded)
        sentence = _Sentence(text, folded, tokens)
        names = [_Name.of(sentence, found) for found in self._names.find(text, folded, tokens)]
        wards, districts = _apart(names)
        mentions = (ward.mention(ward.beside(districts)) for ward in wards)
        return _with_lists([mention for mention in mentions if mention], text)


def _apart(names: Sequence[_Name]) -> tuple[list[_Name], list[_Name]]:
    """The names that may be wards, and those of districts."""
    wards: list[_Name] = []
    districts: list[_Name] = []
    for name in names:
        if name.is_district or (wards and name.is_district_of(wards[-1])):
            districts.append(name)
        else:
            wards.append(name)
    return wards, districts


def _with_lists(mentions: list[Mention], text: str) -> list[Mention]:
    """The mentions, those that continue a list in the same place as its first: "ở A, B và C"."""
    listed: list[Mention] = []
    for mention in mentions:
        if (
            listed
            and listed[-1].located
            and placewords.AND.fullmatch(text, listed[-1].end, mention.start)
        ):
            mention = replace(mention, located=True)
        listed.append(mention)
    return listed


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    folded: str
    tokens: list[Token]

    def between(self, left: int, right: int) -> str:
        """What stands between two tokens."""
        return self.text[self.tokens[left].end : self.tokens[right].start]

    def written(self, first: int, last: int) -> str:
        """The text from one token to before another."""
        return self.text[self.tokens[first].start : self.tokens[last - 1].end]

    def type_before(self, at: int) -> tuple[str, int]:
        """The type written before the name at a token, and the token where it begins."""
        if not at or self.between(at - 1, at).strip(" .:"):
            return "", at
        word = self.tokens[at - 1].word
        if at > 1:
            two = placewords.TYPES_OF_TWO.get((self.tokens[at - 2].word, word))
            if two:
                return two, at - 2
        if word in placewords.DOTTED_TYPES and "." not in self.between(at - 1, at):
            return "", at
        unit_type = placewords.TYPES.get(word, "")
        return unit_type, at - 1 if unit_type else at

    def words_before(self, at: int) -> tuple[str, str]:
        """The two folded words before a token in its own sentence, empty where there is none."""
        if not at or placewords.BREAK.search(self.between(at - 1, at)):
            return "", ""
        return self.tokens[at - 2].word if at > 1 else "", self.tokens[at - 1].word


@dataclass(frozen=True, slots=True)
class _Name:
    """A found name with the type that is written before it."""

    sentence: _Sentence
    found: Found
    first: int  # token where it begins, its type included
    type: str  # with accents; empty for a bare name

    @classmethod
    def of(cls, sentence: _Sentence, found: Found) -> _Name:
        """The name, with its type if there is one."""
        unit_type, first = sentence.type_before(found.first)
        written = sentence.written(found.first, found.last)
        if unit_type and not written.isascii() and not _is_type(sentence, first, found.first):
            unit_type, first = "", found.first
        if not unit_type and any(_begins_with_type(sense) for sense in found.senses):
            unit_type = placewords.TYPES.get(sentence.tokens[found.first].word, "")
        return cls(sentence, found, first, unit_type)

    @property
    def key(self) -> str:
        """The bare name, folded."""
        return " ".join(t.word for t in self.sentence.tokens[self.found.first : self.found.last])

    @property
    def senses(self) -> tuple[Sense, ...]:
        """The wards that the letters may mean."""
        return tuple(sense for sense in self.found.senses if sense.code)

    @property
    def is_district(self) -> bool:
        """Whether it names a district and no ward: "quận ...", "huyện ...", or a bare name."""
        if self.type or self.found.misspelt:
            return self.type in placewords.DISTRICT_TYPES
        return len(self.senses) < len(self.found.senses) and all(s.typed_only for s in self.senses)

    def is_district_of(self, ward: _Name) -> bool:
        """Whether it is the second part of an address: "Phú Mỹ, Phú Vang"."""
        if self.type or self.found.misspelt or len(self.senses) == len(self.found.senses):
            return False
        between = self.sentence.between(ward.found.last - 1, self.first)
        return not between.strip(" ,-–(") and any(self.key in s.districts for s in ward.senses)

    def beside(self, districts: Sequence[_Name]) -> set[str]:
        """The folded names of the districts near it; of all in the text for a bare name."""
        near = {d.key for d in districts if abs(d.found.first - self.found.first) <= _NEAR}
        return near if near or self.type else {district.key for district in districts}

    def mention(self, districts: set[str]) -> Mention | None:
        """What it means beside these districts, None if no ward."""
        senses = self._typed() if self.type else self._bare()
        start, end = self.sentence.tokens[self.first].start, self._end
        if not senses or placewords.ELSEWHERE.match(self.sentence.folded, end):
            return None
        senses = [sense for sense in senses if sense.districts & districts] or senses
        senses = self._of_its_time(senses)
        located = self.sentence.words_before(self.first)[1] in placewords.LOCATING
        words = self.sentence.text[start:end]
        return Mention(_codes(senses), start, end, words, bool(self.type), located)

    @property
    def _end(self) -> int:
        return self.sentence.tokens[self.found.last - 1].end

    def _of_its_time(self, senses: list[Sense]) -> list[Sense]:
        if placewords.OLD.match(self.sentence.text, self._end):
            return [sense for sense in senses if not sense.present] or senses
        if not self.type:
            return senses
        # The full name of a present ward means that one, not an abolished one that was so called.
        present = {bare_name(sense.name) for sense in senses if sense.present}
        return [s for s in senses if s.present or bare_name(s.name) not in present]

    def _typed(self) -> list[Sense]:
        if self.found.misspelt and not self._has_capitals():
            return []
        exact = [sense for sense in self.senses if sense.type == self.type]
        return exact or [sense for sense in self.senses if not sense.typed_only]

    def _bare(self) -> list[Sense]:
        senses = [sense for sense in self.senses if not sense.typed_only]
        return senses if senses and not self.found.misspelt and self._names_place() else []

    def _names_place(self) -> bool:
        before, word = two = self.sentence.words_before(self.first)
        if not word:
            return self._stands_out()
        if word.isdigit():  # "tổ 7", or a house number, and the name is a street's
            return before in placewords.NUMBERED_PLACES
        if two in placewords.PLACES_OF_TWO:
            return True
        written = self.sentence.written(self.first - 1, self.first)
        if two in placewords.THINGS_OF_TWO or _names_thing(written, word) or _names_person(written):
            return False
        return word in placewords.PLACES or self._stands_out()

    def _stands_out(self) -> bool:
        """Whether its length, capitals or accents show that it is a name."""
        if self.found.last - self.found.first > 2:  # "a luoi 2", "chan may lang co"
            return True
        written = self.sentence.written(self.found.first, self.found.last)
        return self._has_capitals() or (self.found.accented and not written.isascii())

    def _has_capitals(self) -> bool:
        written = self.sentence.written(self.found.first, self.found.last)
        return all(word[0].isupper() for word in written.split() if word[0].isalpha())


def _is_type(sentence: _Sentence, first: int, last: int) -> bool:
    # Beside accents a word without them is another one: "ở xa Phú Bài".
    written = sentence.written(first, last).lower()
    return written in placewords.SHORT_TYPES or not written.isascii()


def _begins_with_type(sense: Sense) -> bool:
    bare = bare_name(sense.name)
    return bare_name(bare) != bare  # "Phường Phường Đúc"


def _names_thing(written: str, folded: str) -> bool:
    lower = written.lower()
    return lower in (placewords.PLAIN_THINGS if lower == folded else placewords.THINGS)


def _names_person(written: str) -> bool:
    lower = written.lower()
    return lower in placewords.PERSONS or (lower in placewords.SURNAMES and written[0].isupper())


def _codes(senses: Iterable[Sense]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sense.code for sense in senses if sense.code))
