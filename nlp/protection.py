"""Texts that must be hidden whoever sends them: minors and victims of violence.

Words only decide that a text is shown to fewer people, never where it goes or how urgent it is.
"""

from __future__ import annotations

import re

from nlp.folding import fold_for_matching

_VICTIM = re.compile(
    r"\b(?:xam hai|hiep dam|hiep dap|dam o|quay roi tinh duc|loan luan|au dam|lam dung tinh duc|"
    r"bao hanh|hanh ha|danh dap|danh vo|chong danh|cha duong|me ghe|bat coc|mua ban nguoi|tu tu|tu van)\b"
)


def speaks_of_a_victim(text: str) -> bool:
    """Whether a text has words of violence against a person in somebody's care, with accents or not."""
    return _VICTIM.search(fold_for_matching(text)) is not None
