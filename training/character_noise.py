"""Noise on characters and words: how the same report reads when it is typed in a hurry.

Half of what citizens send has no accents, short forms, or slips of the keyboard, and few labelled
reports do. So the encoder reads texts with ``keyboard_noise``, and fine-tuning pairs a text with
its ``noisy_twin``. The masks of personal data (``<phone>``) are never touched.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from functools import cache

from nlp.folding import strip_accents
from training.spoken_forms import DIALECT, SHORT_FORMS, Forms

Typing = Callable[[str, random.Random], str]

# Letters beside each letter on a phone's keyboard.
_NEIGHBOURS = {
    "a": "sqw",
    "b": "vn",
    "c": "xv",
    "d": "sf",
    "e": "wr",
    "g": "fh",
    "h": "gj",
    "i": "uo",
    "k": "jl",
    "l": "k",
    "m": "n",
    "n": "bm",
    "o": "ip",
    "p": "o",
    "q": "wa",
    "r": "et",
    "s": "ad",
    "t": "ry",
    "u": "yi",
    "v": "cb",
    "x": "zc",
    "y": "tu",
}
_TELEX = {"\u0300": "f", "\u0301": "s", "\u0309": "r", "\u0303": "x", "\u0323": "j"}

_SYLLABLE = re.compile(r"<[a-z]+>|[^\W\d_]+")
_ACCENTS_LOST = 0.5  # of the syllables, in a text of someone who sets some accents
_FORM_USED = 0.7  # of the places where a short or dialect form could stand


def noisy_twin(text: str, rng: random.Random, forms: Forms = SHORT_FORMS) -> str:
    """The text as another citizen might have typed it; the meaning stays.

    Args:
        text: Canonical text, masked or not.
        rng: Source of chance.
        forms: Short forms for teencode.

    Returns:
        One of: no accents at all (45 %), half of them (10 %), teencode (15 %, half of these also
        without accents), slips of the keyboard (15 %), dialect words (5 %), unchanged (10 %).
    """
    dice = rng.random()
    if dice < 0.45:
        return strip_accents(text)
    if dice < 0.55:
        return some_accents_dropped(text, rng)
    if dice < 0.70:
        twin = with_forms(text, rng, forms)
        return strip_accents(twin) if rng.random() < 0.5 else twin
    if dice < 0.85:
        return keyboard_noise(text, rng)
    if dice < 0.90:
        return with_forms(text, rng, DIALECT)
    return text


def some_accents_dropped(text: str, rng: random.Random, share: float = _ACCENTS_LOST) -> str:
    """The text with the accents of a share of its syllables dropped."""

    def dropped(match: re.Match[str]) -> str:
        return strip_accents(match[0]) if rng.random() < share else match[0]

    return _SYLLABLE.sub(dropped, text)


def with_forms(text: str, rng: random.Random, forms: Forms, share: float = _FORM_USED) -> str:
    """The text with other forms of its words.

    Args:
        text: Canonical text.
        rng: Source of chance.
        forms: Lower-case word or phrase to its other forms.
        share: Of the places where a form could stand, how many get one.
    """

    def replaced(match: re.Match[str]) -> str:
        others = forms.get(match[0].lower())
        return rng.choice(others) if others and rng.random() < share else match[0]

    return _phrases(tuple(forms)).sub(replaced, text)


@cache
def _phrases(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Matches masks and whole phrases, the longest first."""
    longest_first = sorted(phrases, key=len, reverse=True)
    alternatives = "|".join(map(re.escape, longest_first))
    return re.compile(rf"<[a-z]+>|(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)


def keyboard_noise(text: str, rng: random.Random) -> str:
    """The text with slips in about every seventh word.

    A slip is one of: tone typed as a Telex letter, accents dropped, letters swapped, dropped,
    doubled or mistaken for a neighbour, a missing space.
    """
    words: list[str] = []
    for word in text.split(" "):
        dice = rng.random()
        if len(word) < 2 or "<" in word or dice >= _JOINED:
            words.append(word)
        elif dice >= _SLIPS[-1][0]:
            _join(words, word)
        else:
            slip = next(slip for below, slip in _SLIPS if dice < below)
            words.append(slip(word, rng))
    return " ".join(words)


def _join(words: list[str], word: str) -> None:
    if words and "<" not in words[-1]:
        words[-1] += word
    else:
        words.append(word)


def telex_residue(word: str) -> str:
    """The word with its tone mark typed behind it, as when the keyboard is set wrong."""
    parts = unicodedata.normalize("NFD", word)
    tones = "".join(_TELEX[part] for part in parts if part in _TELEX)
    bare = "".join(part for part in parts if part not in _TELEX)
    return unicodedata.normalize("NFC", bare) + tones[-1:]


def _telex(word: str, _rng: random.Random) -> str:
    return telex_residue(word)


def _stripped(word: str, _rng: random.Random) -> str:
    return strip_accents(word)


def _swapped(word: str, rng: random.Random) -> str:
    i = rng.randrange(len(word) - 1)
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _dropped(word: str, rng: random.Random) -> str:
    i = rng.randrange(len(word))
    return word[:i] + word[i + 1 :]


def _neighbour(word: str, rng: random.Random) -> str:
    i = rng.randrange(len(word))
    near = _NEIGHBOURS.get(strip_accents(word[i].lower()), word[i])
    return word[:i] + rng.choice(near) + word[i + 1 :]


def _doubled(word: str, rng: random.Random) -> str:
    i = rng.randrange(len(word))
    return word[: i + 1] + word[i] * rng.randint(1, 3) + word[i + 1 :]


# Slips by the dice below which they happen; between the last and _JOINED the space is missing.
_SLIPS: tuple[tuple[float, Typing], ...] = (
    (0.03, _telex),
    (0.06, _stripped),
    (0.085, _swapped),
    (0.11, _dropped),
    (0.13, _neighbour),
    (0.145, _doubled),
)
_JOINED = 0.16
