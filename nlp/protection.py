"""Texts that must be hidden whoever sends them: minors and victims of violence.

Words only decide that a text is shown to fewer people, never where it goes or how urgent it is.
"""

from __future__ import annotations

import re

from nlp.folding import fold_for_matching

_VICTIM = re.compile(
    r"\b(?:xam hai|hiep dam|hiep dap|dam o|quay roi tinh duc|loan luan|au dam|lam dung tinh duc|"
    r"bao hanh|hanh ha|danh dap|chong danh|cha duong|bat coc|mua ban nguoi)\b"
)
#: Without their accents these are everyday words too: slowly, advice, to break, mother drops by.
_VICTIM_AS_WRITTEN = re.compile(r"\b(?:tự tử|tu tu|tự vẫn|tự vẩn|đánh vợ|danh vo|mẹ ghẻ|me ghe)\b")


def speaks_of_a_victim(text: str) -> bool:
    """Whether a text has words of violence against a person in somebody's care.

    Args:
        text: Canonical text, with accents or without.
    """
    return bool(_VICTIM.search(fold_for_matching(text)) or _VICTIM_AS_WRITTEN.search(text.lower()))
