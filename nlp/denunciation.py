"""Whose office a denunciation accuses: those agencies must not be the ones to read it.

The rule is broad on purpose. A denunciation that takes one more step to its desk is ordinary; one
that lands on the desk of the accused exposes its sender.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.city import Agency
from nlp.folding import fold_for_matching

#: Words for people in public office, as written without accents.
_OFFICIALS = re.compile(
    r"\b(?:can bo|cong chuc|vien chuc|dia chinh|tu phap|ke toan|thu quy|van thu|kiem lam|quan ly thi truong|"
    r"cong an|csgt|canh sat|dan quan|thanh tra|chu tich|pho chu tich|bi thu|lanh dao|giam doc|"
    r"hieu truong|hieu pho|pho phong|truong (?:phong|ban|thon|ap|xom|khu|tram|don)|to truong|thon truong|"
    r"uy ban|ubnd|hdnd|mat tran|hoi dong)\b"
)
#: Places whose name in an agency's name says nothing of which agency it is.
_CITY_TAIL = re.compile(r"\s+(?:thanh pho|tp\.?|tinh)\s+\S.*$")
_SHORTEST_NAME = 6
_SHORTEST_ABBREVIATION = 3


class AccusedOffices:
    """Finds the agencies that a text names. Built once; safe to share between threads."""

    def __init__(self, agencies: Sequence[Agency]) -> None:
        """Prepare the names, aliases and abbreviations."""
        self._ward_level = frozenset(a.id for a in agencies if a.level == "ward")
        self._names: dict[str, set[str]] = {}
        for agency in agencies:
            names = (agency.name, agency.abbr, *(alias.name for alias in agency.aliases))
            for folded in filter(None, map(_matched_form, names)):
                self._names.setdefault(folded, set()).add(agency.id)
        longest_first = sorted(self._names, key=len, reverse=True)
        any_name = "|".join(map(re.escape, longest_first)) or r"(?!)"
        self._pattern = re.compile(rf"\b(?:{any_name})\b")

    def named_in(self, text: str) -> frozenset[str]:
        """Ids of agencies that may be the accused's own.

        Every agency that the text names, and all of the ward level as soon as it speaks of people
        in public office: which ward they sit in is often not said.
        """
        folded = fold_for_matching(text)
        named = {agency for m in self._pattern.finditer(folded) for agency in self._names[m[0]]}
        if _OFFICIALS.search(folded):
            named |= self._ward_level
        return frozenset(named)


def _matched_form(name: str) -> str:
    """The name as it is looked for, or "" where it is too short to mean the agency alone."""
    whole = fold_for_matching(re.sub(r"\(.*?\)", "", name)).strip()
    bare = _CITY_TAIL.sub("", whole).strip()
    shortest = _SHORTEST_ABBREVIATION if name.isupper() else _SHORTEST_NAME
    return next((form for form in (bare, whole) if len(form) >= shortest), "")
