"""Personal data of Vietnam in canonical text: where it is, and the text without it.

The recognisers are our own: Presidio needs a spaCy pipeline, which Vietnamese has not, and brings
no recogniser for Vietnam, so all it would add here is the loop over patterns. Recall comes first: a
wrong mask costs a number, a missed one exposes a person. No masked text is anonymous: names
without a title, for one, stay.
"""

from __future__ import annotations

from nlp.folding import fold_for_matching
from nlp.privacy.addresses import find_addresses
from nlp.privacy.contacts import find_emails, find_links
from nlp.privacy.digits import find_numbers, find_spelled_numbers
from nlp.privacy.kinds import PersonalData, PersonalKind
from nlp.privacy.people import find_names
from nlp.privacy.plates import find_plates

__all__ = ["PersonalData", "PersonalKind", "find_personal_data", "mask"]

_RANK = {kind: rank for rank, kind in enumerate(PersonalKind)}


def find_personal_data(text: str) -> tuple[PersonalData, ...]:
    """Everything in a text that tells who somebody is, as far as patterns can.

    Args:
        text: Canonical text (``nlp.text.canonicalise``); any other is read too, less well.

    Returns:
        Spans in order, apart from each other. Where findings overlap, one span covers them all
        and has the kind that comes first in ``PersonalKind``.
    """
    folded = fold_for_matching(text)
    found = [*find_emails(folded), *find_links(folded), *find_spelled_numbers(folded)]
    found += find_names(text, folded)
    found += find_numbers(folded)
    found += find_plates(text, folded)
    found += find_addresses(text, folded)
    return tuple(_apart(found))


def mask(text: str) -> str:
    """The text with ``<phone>``, ``<email>``, ``<id>``, ... in place of personal data.

    Args:
        text: Canonical text.

    Returns:
        The text that may leave the circle of those who read reports.
    """
    parts: list[str] = []
    done = 0
    for data in find_personal_data(text):
        parts += (text[done : data.start], f"<{data.kind}>")
        done = data.end
    return "".join((*parts, text[done:]))


def _apart(found: list[PersonalData]) -> list[PersonalData]:
    """Overlapping findings as one: no digit of the longer one stays behind."""
    apart: list[PersonalData] = []
    for data in sorted(found, key=lambda data: (data.start, _RANK[data.kind])):
        if not apart or data.start >= apart[-1].end:
            apart.append(data)
            continue
        last = apart[-1]
        kind = min(last.kind, data.kind, key=_RANK.__getitem__)
        apart[-1] = PersonalData(kind, last.start, max(last.end, data.end))
    return apart
