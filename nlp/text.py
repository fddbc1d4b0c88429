"""Canonical text: what was sent becomes one spelling of it, with a way back to the original.

The steps, in order: refuse -> odd characters (invisible ones go, controls become white space) ->
stream-safe cap on combining marks -> NFC -> lookalikes of đ -> one tone-mark placement -> white
space. Invisible characters go before NFC, not after it: one of them between a letter and its mark
would otherwise hide the pair from composition.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from nlp.errors import TextEmpty, TextRefused, TextTooLong
from nlp.folding import fold_for_matching, strip_accents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Replace = Callable[[re.Match[str]], str]

__all__ = [
    "MAX_CHARACTERS",
    "STEPS_VERSION",
    "CanonicalText",
    "canonicalise",
    "fold_for_matching",
    "strip_accents",
]

#: Goes into the artifact: a model reads only text made by the version it was trained with.
STEPS_VERSION = "1"
#: Longest text that is read, in code points of the original.
MAX_CHARACTERS = 20_000
#: UAX #15 stream-safe limit; normalising longer runs of marks takes quadratic time.
MAX_MARKS = 30

# Every character with a combining class lies below U+20000.
_MARKS = "".join(map(chr, filter(lambda c: unicodedata.combining(chr(c)), range(0x300, 0x20000))))

_SURROGATE = re.compile("[\ud800-\udfff]")
_READABLE = re.compile(r"[^\W_]")
# A text of these alone (most texts are) needs neither cleaning nor normalising.
_ORDINARY = "\t\n\r -~ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯưẠ-ỹ–—‘’“”…•°²³€₫"
_ODD = re.compile(f"[^{_ORDINARY}]")

# No one sees them, and one of them inside a word changes what a model reads.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_MANY_MARKS = re.compile(f"[^{_MARKS}]?[{_MARKS}]{{14,}}")  # 14: U+0344 counts twice

# NUL, other controls and noncharacters are what broken clipboards and old phones add. They are
# read as white space, not refused: a call for help must not be lost to its sender's software.
# Only a lone surrogate is refused, for no such text can be stored or sent on.
_NOT_TEXT = "\x00-\x08\x0e-\x1b\x7f-\x9f\u2800\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF)
)
_SPACE = re.compile(rf"[\s{_NOT_TEXT}]+")
_ODD_SPACE = re.compile(rf"\s\s|[^\S \n]|[{_NOT_TEXT}]|^\s|\s\Z")
_LINE_END = re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]")

_STROKED_D = re.compile("[dD][\u0335\u0336]|[ÐÐƉðɖ]")

_TONES = {
    letter + mark: unicodedata.normalize("NFC", letter + mark)
    for letter in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for mark in "\u0300\u0301\u0303\u0309\u0323"
}
_BARE = {toned: (pair[0], pair[1]) for pair, toned in _TONES.items()}


def _toned(letters: str) -> str:
    return "".join(toned for toned, (letter, _) in _BARE.items() if letter in letters)


_END = rf"(?![^\W\d_]|[{_MARKS}])"
# An open syllable carries its tone on the first vowel (hòa, thủy), except after q, where the u
# belongs to the consonant (quý); a closed one on the second (hoàn, huỳnh).
_OPEN_TONE = re.compile(rf"[oO][{_toned('aeAE')}]{_END}|(?<![qQ])[uU][{_toned('yY')}]{_END}")
_CLOSED_TONE = re.compile(
    rf"(?:[{_toned('oO')}][aAeE]|(?<![qQ])[{_toned('uU')}][yY])"
    rf"(?=(?:n[gh]?|ch?|[tmpiyou]|N[GH]?|CH?|[TMPIYOU]){_END})"
    rf"|(?<=[qQ])[{_toned('uU')}][aăâeêoơyAĂÂEÊOƠY](?![{_MARKS}])"
)


def _cap_marks(match: re.Match[str]) -> str:
    """The first marks of a run in canonical order, so that NFC and NFD are cut at one place."""
    run = "".join(unicodedata.normalize("NFD", char) for char in match[0])
    start = 0 if unicodedata.combining(run[0]) else 1
    while start < len(run) and not unicodedata.combining(run[start]):
        start += 1  # a syllable of Hangul stands for several letters
    marks = sorted(run[start:], key=unicodedata.combining)
    if len(marks) <= MAX_MARKS:
        return match[0]
    return run[:start] + "".join(marks[:MAX_MARKS])


def _stroked_d(match: re.Match[str]) -> str:
    return "Đ" if match[0][0] in "DÐƉ" else "đ"


def _tone_to_first(match: re.Match[str]) -> str:
    letter, mark = _BARE[match[0][1]]
    return _TONES[match[0][0] + mark] + letter


def _tone_to_second(match: re.Match[str]) -> str:
    letter, mark = _BARE[match[0][0]]
    return letter + _TONES[match[0][1] + mark]


def _nothing(_match: re.Match[str]) -> str:
    return ""


def _one_space(match: re.Match[str]) -> str:
    return "\n" if _LINE_END.search(match[0]) else " "


_BEFORE_NFC: tuple[tuple[re.Pattern[str], Replace], ...] = (
    (_INVISIBLE, _nothing),
    (_MANY_MARKS, _cap_marks),
)
_LOOKALIKES: tuple[re.Pattern[str], Replace] = (_STROKED_D, _stroked_d)
_AFTER_NFC: tuple[tuple[re.Pattern[str], Replace], ...] = (
    (_OPEN_TONE, _tone_to_first),
    (_CLOSED_TONE, _tone_to_second),
)


@dataclass(frozen=True)
class CanonicalText:
    """A text in its one spelling. Neither form shows in ``repr``: logs hold no citizen's words.

    Attributes:
        text: The canonical text, NFC, without white space at its ends.
        raw: The text as it was sent.
    """

    text: str = field(repr=False)
    raw: str = field(repr=False)

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of the canonical text lies in the original.

        Args:
            start: First code point of the span in ``text``.
            end: Code point after the span; ``0 <= start <= end <= len(text)``.

        Returns:
            The span in code points of ``raw``; removed characters that follow a letter of the
            span belong to it, so that nothing of a masked number stays behind.

        Raises:
            ValueError: The span does not lie in the canonical text.
        """
        if not 0 <= start <= end <= len(self.text):
            message = f"span {start}..{end}: expected one inside 0..{len(self.text)}"
            raise ValueError(message)
        first = self._origin(start)
        return (first, max(first, self._origin(end)))

    def _origin(self, position: int) -> int:
        starts, shifts = self._offsets
        return min(position + shifts[bisect_right(starts, position) - 1], len(self.raw))

    @cached_property
    def _offsets(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Positions of ``text`` from which on a shift holds, and the shifts.

        Made when asked for: most texts are read without offsets, and to keep them costs more.
        """
        if len(self.raw) == len(self.text) and not _ODD.search(self.raw):  # only tones moved
            return ((0,), (0,))
        return _compress(_trace(self.raw))


def canonicalise(raw: str, *, max_characters: int = MAX_CHARACTERS) -> CanonicalText:
    """Bring a text into its one spelling.

    Args:
        raw: The text as sent.
        max_characters: Longest text that is read, in code points.

    Returns:
        The canonical text with its original.

    Raises:
        TextTooLong: It has more than ``max_characters`` code points.
        TextRefused: It holds a lone surrogate.
        TextEmpty: It holds no letter and no digit.
    """
    if len(raw) > max_characters:
        message = f"The text has {len(raw)} characters: expected at most {max_characters}."
        raise TextTooLong(message)
    text = raw
    if _ODD.search(text):
        if _SURROGATE.search(text):
            raise TextRefused("The text holds a lone surrogate: expected Unicode text.")
        for pattern, replace in _BEFORE_NFC:
            text = pattern.sub(replace, text)
        text = unicodedata.normalize("NFC", text)
        text = _STROKED_D.sub(_stroked_d, text)
    for pattern, replace in _AFTER_NFC:
        text = pattern.sub(replace, text)
    if _ODD_SPACE.search(text):
        text = _SPACE.sub(_one_space, text).strip(" \n")
    if not _READABLE.search(text):
        raise TextEmpty
    return CanonicalText(text, raw)


# --- offsets -------------------------------------------------------------------------------------

_Traced = tuple[str, list[int]]  # a text, and for each position and its end the place in the raw


def _trace(raw: str) -> list[int]:
    """The steps once more, with the place in ``raw`` of each code point and of the end."""
    traced = raw, list(range(len(raw) + 1))
    for pattern, replace in _BEFORE_NFC:
        traced = _traced_sub(pattern, replace, *traced)
    traced = _traced_nfc(*traced)
    traced = _traced_sub(*_LOOKALIKES, *traced)
    for pattern, replace in _AFTER_NFC:
        traced = _traced_sub(pattern, replace, *traced)
    text, places = _traced_sub(_SPACE, _one_space, *traced)
    start = len(text) - len(text.lstrip(" \n"))
    return places[start : len(text.rstrip(" \n")) + 1]


def _traced_sub(
    pattern: re.Pattern[str], replace: Replace, text: str, places: list[int]
) -> _Traced:
    parts: list[str] = []
    new: list[int] = []
    done = 0
    for match in pattern.finditer(text):
        start, end = match.span()
        replaced = replace(match)
        parts += (text[done:start], replaced)
        new += places[done:start]
        new += (places[min(start + i, end - 1)] for i in range(len(replaced)))
        done = end
    if done == 0:
        return text, places
    return "".join((*parts, text[done:])), new + places[done:]


def _traced_nfc(text: str, places: list[int]) -> _Traced:
    parts: list[str] = []
    new: list[int] = []
    for start, end, composed in _composed_pieces(text):
        parts.append(composed)
        new += (places[min(start + i, end - 1)] for i in range(len(composed)))
    new.append(places[-1])
    return "".join(parts), new


def _composed_pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """Pieces that compose apart from each other: start, end, NFC of the piece."""
    start, piece, composed = 0, "", ""
    for position, char in enumerate(text):
        if piece and (char.isascii() or not _joins(composed, char)):
            yield start, position, composed
            start, piece = position, ""
        piece += char
        composed = unicodedata.normalize("NFC", piece)
    if piece:
        yield start, len(text), composed


def _joins(composed: str, char: str) -> bool:
    """Whether a character may change what stands before it: a mark, or half of a syllable."""
    if unicodedata.combining(char):
        return True
    alone = unicodedata.normalize("NFC", char)
    return unicodedata.normalize("NFC", composed + char) != composed + alone


def _compress(places: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    starts, shifts = [0], [places[0]]
    for position, place in enumerate(places):
        if place - position != shifts[-1]:
            starts.append(position)
            shifts.append(place - position)
    return tuple(starts), tuple(shifts)
