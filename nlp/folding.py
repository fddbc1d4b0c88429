"""Letters made alike for matching, one code point for one: offsets stay as they are.

What is folded is compared and searched, never shown and never read by a model.
"""

from __future__ import annotations

import unicodedata

# Letters of other scripts that look like Latin ones, both cases, and signs written for others.
_LOOKALIKES = dict(
    zip(
        "АВЕЅІЈКМНОРСТУХЅԚԜабеѕіјкмнорстухԛԝҮүһԁɡɑıΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορτυχ‐‑‒–—―−⁄∕·•∙",
        "ABESIJKMHOPCTYXSQWabesijkmhopctyxqwYyhdgaiABEZHIKMNOPTYXaeikvoptux-------//...",
        strict=True,
    )
)
_KEPT = 0x3000  # folds below are remembered; others are rare, and a hostile text holds them all


class _Folds(dict[int, str]):
    """Code point to character for ``str.translate``, filled as letters turn up."""

    def __missing__(self, code: int) -> str:
        folded = self.fold(chr(code))
        if code < _KEPT:
            self[code] = folded
        return folded

    @staticmethod
    def fold(char: str) -> str:
        """The character that stands for this one."""
        raise NotImplementedError


class _Accents(_Folds):
    @staticmethod
    def fold(char: str) -> str:
        return _without_marks(char)


class _Matching(_Folds):
    @staticmethod
    def fold(char: str) -> str:
        digit = unicodedata.decimal(char, None)
        if digit is not None:
            return str(digit)
        wide = unicodedata.normalize("NFKC", char)
        char = wide if len(wide) == 1 else char
        char = _without_marks(_LOOKALIKES.get(char, char))
        char = _LOOKALIKES.get(char, char)  # a Cyrillic letter with a mark is one without it
        lower = char.lower()
        return lower if len(lower) == 1 else char


def _without_marks(char: str) -> str:
    if char in "đĐ":
        return "d" if char == "đ" else "D"
    parts = unicodedata.normalize("NFD", char)
    marks = parts[1:]
    return parts[0] if marks and all(map(unicodedata.combining, marks)) else char


_ACCENTS = _Accents()
_MATCHING = _Matching()


def strip_accents(text: str) -> str:
    """The text without diacritics, đ as d.

    Args:
        text: NFC text.

    Returns:
        As many code points as ``text`` has; a mark that stands alone stays.
    """
    return text if text.isascii() else text.translate(_ACCENTS)


def fold_for_matching(text: str) -> str:
    """The text in lower case, without diacritics, with lookalikes of Latin letters made Latin.

    Args:
        text: NFC text.

    Returns:
        As many code points as ``text`` has. Digits of all scripts become ``0``-``9``, dashes
        ``-``, full-width and styled letters plain ones.
    """
    return text.lower() if text.isascii() else text.translate(_MATCHING)
