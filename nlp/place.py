"""Which present ward a report speaks of: only what is named, never a guess.

The wards of a city change; citizens go on writing the names of units that were merged long ago.
``WardResolver`` reads present and former names in every spelling, and answers a ward only where
the words can mean no other. A street, bridge, river or station that bears a ward's name does not
name the ward; a name with several meanings is settled by its type ("xã Phú Xuân"), its accents,
the district beside it or "cũ" after it, else the candidates are given and the question stays open.

All names come from the gazetteer. ``vietnam_provinces`` and ``underthesea.address`` hold the same
merger of 2025, but take longer to import than everything here, read no running text and know no
older units: they check the gazetteer in the tests and are not imported here.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from nlp.domain import WardFinding
from nlp.errors import WardUnknown
from nlp.placemention import Mention, MentionReader
from nlp.placenames import bare_name, spelling_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nlp.city import Gazetteer
    from nlp.domain import Place


_NOTHING = WardFinding()
_SHOWN = 60  # of a value in an error message: a ward's name is shorter


class WardResolver:
    """Finds the present ward that a report names. Built once; safe to share between threads.

    Args:
        gazetteer: The wards of the city, their former units, and the districts.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        """Prepares every spelling of the names."""
        self._wards = gazetteer.by_code
        self._reader = MentionReader(gazetteer)
        self._present = {
            spelling_key(name): ward.code
            for ward in gazetteer.wards
            for name in (bare_name(ward.name), *ward.spellings)
        }

    def resolve(self, text: str, place: Place) -> WardFinding:
        """The ward that the place field or the text names.

        Args:
            text: Canonical text of the report.
            place: What the sender filled in; its ward wins over its address, that over the text.

        Returns:
            The ward with the words that name it, or the candidates where they may mean several.

        Raises:
            WardUnknown: the place field holds a ward that the city does not have.
        """
        given = self._given(place)
        if given:
            return given
        address = self.read(place.address) if place.address else _NOTHING
        if address.ward_code:
            return address
        named = self.read(text)
        if address.candidates and named.ward_code not in address.candidates:
            return address
        return named

    def read(self, text: str) -> WardFinding:
        """The ward that a text names by itself."""
        return decide(self._reader.read(unicodedata.normalize("NFC", text)))

    def _given(self, place: Place) -> WardFinding | None:
        if place.ward_code:
            if place.ward_code not in self._wards:
                raise _unknown("ward_code", place.ward_code, "the code of a present ward")
            return WardFinding(place.ward_code, place.ward_code)
        name = unicodedata.normalize("NFC", place.ward or "").strip()
        return self._named(name) if name else None

    def _named(self, name: str) -> WardFinding:
        code = self._present.get(spelling_key(name))
        if code:
            return WardFinding(code, name)
        # Alone in its field a name needs no capitals or accents to be seen as one.
        finding = self.read(name)
        if finding == _NOTHING:
            finding = self.read(f"khu vực {name}")
        if finding == _NOTHING:
            raise _unknown("ward", name, "the name of a present or former ward")
        return finding


def _unknown(field: str, value: str, expected: str) -> WardUnknown:
    return WardUnknown(f"place.{field} is {value[:_SHOWN]!r}: expected {expected} of the city")


def decide(mentions: Sequence[Mention]) -> WardFinding:
    """What the mentions of one text say together.

    A name with its type outweighs bare names; where those that weigh most name different wards,
    the one that tells the place of the matter ("tại phường ...") is taken if it is the only one.

    Args:
        mentions: The mentions that may name a ward, in the order of the text.

    Returns:
        One ward, or the candidates.
    """
    mentions = _settled(mentions)
    heaviest = [m for m in mentions if m.typed] or mentions
    if not heaviest:
        return _NOTHING
    located = [m for m in heaviest if m.located]
    if len(_codes(heaviest)) > 1 and len(_codes(located)) == 1:
        heaviest = located
    codes = _codes(heaviest)
    if len(codes) == 1:
        return WardFinding(codes[0], heaviest[0].words)
    return WardFinding(None, heaviest[0].words, codes)


def _settled(mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions, an ambiguous one narrowed by what the others name without doubt."""
    certain = set(_codes(m for m in mentions if len(m.codes) == 1))
    settled = []
    for mention in mentions:
        narrowed = tuple(code for code in mention.codes if code in certain)
        settled.append(mention.narrowed(narrowed) if len(narrowed) == 1 else mention)
    return settled


def _codes(mentions: Iterable[Mention]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for mention in mentions for code in mention.codes))
