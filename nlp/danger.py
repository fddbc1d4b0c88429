"""The danger lane: a few unmistakable words that make a text khan-cap whatever the model says.

It only ever raises urgency. Each cue earned its place on the labelled training reports, which were
composed so that words mislead: at least half of the texts with it are khan-cap. Cues that fell short
there (fire, gas, weapons, "stuck": 6-46 %) are left to the model, which reads the whole text.
"""

from __future__ import annotations

import re

from nlp.folding import fold_for_matching

#: Name of the cue -> pattern over a sentence without accents. In brackets: khan-cap among the
#: training reports with the cue, and their number.
CUES = {
    # a power line on the ground (0.75 of 4)
    "live wire": re.compile(
        r"\b(?:day dien|duong day|cap dien)\b.{0,60}\b(?:dut|rot|roi|rung|sa xuong)\b"
        r".{0,50}\b(?:xuong|duong|dat|nuoc|vung|san)\b"
    ),
    # current where people touch (0.63 of 19)
    "electric shock": re.compile(
        r"\b(?:ro dien|ro ri dien|nhiem dien|giat dien|dien giat|bi giat|te tay|te chan|cham chap)\b"
    ),
    # somebody calls for help (0.80 of 5)
    "call for help": re.compile(
        r"\b(?:cuu voi|keu cuu|cuu tui|cuu em|cuu nguoi|cuu gap|xin cuu)\b"
    ),
    # somebody means to die (0.67 of 9)
    "self-harm": re.compile(
        r"\b(?:tu thieu|that co|treo co|uong thuoc (?:sau|tru|co|chuot|ray)"
        r"|thuoc tru (?:co|sau).{0,30}\buong)\b"
    ),
    # a body fails (0.50 of 28, nearly all others cao)
    "unconscious": re.compile(
        r"\b(?:bat tinh|ngat xiu|kho tho|tim tai|ngung tho|khong tho|co giat|hon me|sui bot mep"
        r"|nam im|bang huyet)\b"
    ),
}
#: Words by which a sentence speaks of what is over, denied or rehearsed.
_NOT_NOW = re.compile(
    r"\b(?:da (?:sua|dap|cat|xu ly|khac phuc|dua di|tinh lai|on)|dien tap|nam ngoai|nam truoc"
    r"|hoi truoc|khong (?:bi|con|co ai|ai bi)|coi phim|xem phim)\b"
)
#: Words of what may come some day. A threat to die has an "if" in it and is a danger all the same.
_SOME_DAY = re.compile(r"\b(?:neu|lo ngai|phong khi|de phong)\b")
_SENTENCE = re.compile(r"[^.!?\n]+")


def danger_cue(text: str) -> str | None:
    """The first cue that a text holds in a sentence about now, or None.

    Args:
        text: Canonical text, with accents or without.
    """
    for sentence in _SENTENCE.findall(fold_for_matching(text)):
        if _NOT_NOW.search(sentence):
            continue
        some_day = _SOME_DAY.search(sentence) is not None
        for name, cue in CUES.items():
            if cue.search(sentence) and not (some_day and name != "self-harm"):
                return name
    return None
