"""The danger lane raises, never lowers, and is not fooled by what is over or only feared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.danger import danger_cue
from nlp.folding import strip_accents

NOW = {
    "live wire": "Dây điện rớt xuống đất có điện lúc về chiều rất nguy hiểm.",
    "electric shock": "Trời mưa hộp công tơ rò rỉ điện, chạm vô tê tay.",
    "call for help": "Nước lên tới mái rồi, cứu với!",
    "self-harm": "Không cho ở nữa thì tui uống thuốc sâu.",
    "unconscious": "Có ông nằm bất tỉnh trước cổng chợ, gọi không trả lời.",
}
NOT_NOW = (
    "Năm ngoái chỗ ni có người bị điện giật, chừ đường đẹp rồi.",
    "Trụ điện rò điện đã sửa xong, cảm ơn điện lực.",
    "Sáng mai diễn tập cứu người ở chợ, bà con đừng lo.",
    "Nếu không cắt cành thì có khi bị giật.",
    "Đèn đường tắt ba hôm nay.",
    "Chiếc thuyền cứu hộ của phường để ở mô?",
)


@pytest.mark.parametrize(("cue", "text"), NOW.items(), ids=NOW)
def test_unmistakable_words_are_found_with_and_without_accents(cue: str, text: str) -> None:
    assert danger_cue(text) == cue
    assert danger_cue(strip_accents(text)) == cue


@pytest.mark.parametrize("text", NOT_NOW)
def test_what_is_over_denied_or_only_feared_is_no_danger(text: str) -> None:
    assert danger_cue(text) is None


def test_a_cue_counts_though_another_sentence_speaks_of_the_past() -> None:
    assert danger_cue("Năm ngoái đã sửa rồi. Chừ trụ lại rò điện.") == "electric shock"


def test_a_threat_to_die_is_a_danger_with_its_if() -> None:
    assert danger_cue("Tôi sẽ tự thiêu trước ủy ban nếu không trả đất.") == "self-harm"


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert danger_cue(text) in {None, *NOW}
