"""What personal data is, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class PersonalKind(enum.StrEnum):
    """Kinds of personal data; the value is the word of the mask."""

    LINK = "link"
    EMAIL = "email"
    ACCOUNT = "account"
    PHONE = "phone"
    ID = "id"
    PLATE = "plate"
    ADDRESS = "address"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A span of a canonical text that tells who somebody is. Offsets in code points."""

    kind: PersonalKind
    start: int
    end: int
