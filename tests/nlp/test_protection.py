"""Texts about minors and victims are hidden, however they are typed."""

from __future__ import annotations

import pytest

from nlp.folding import strip_accents
from nlp.protection import speaks_of_a_victim

VICTIMS = [
    "Cháu bé bị cha dượng bạo hành nhiều lần",
    "Con gái tôi bị xâm hại ở chỗ học thêm",
    "Có người quay rối tình dục nữ công nhân trên xe",
    "Nghe tiếng đánh đập trẻ em ở nhà bên",
    "Nó nhắn tin nói sẽ tự tử",
    "Ông hàng xóm say là đánh vợ",
]
ORDINARY = [
    "Đèn đường trước chợ tắt mấy bữa ni",
    "Cho hỏi phí tham quan đại nội là bao nhiêu",
    "Cây to đổ chắn ngang đường Lê Lợi",
    "Xe tải chở đất làm bẩn đường",
]
#: Words that only their accents tell from those of violence.
LOOKALIKES = ["Xin tư vấn giúp thủ tục", "Cứ từ từ mà làm", "Xe rác đánh vỡ chậu hoa", "mẹ ghé chợ"]


@pytest.mark.parametrize("text", VICTIMS)
def test_words_of_violence_hide_a_text_in_every_way_of_typing(text):
    for typed in (text, text.upper(), strip_accents(text)):
        assert speaks_of_a_victim(typed)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_reports_are_not_hidden(text):
    assert not speaks_of_a_victim(text)
    assert not speaks_of_a_victim(strip_accents(text))


@pytest.mark.parametrize("text", LOOKALIKES)
def test_an_everyday_word_is_not_taken_for_its_lookalike(text):
    assert not speaks_of_a_victim(text)


def test_a_part_of_a_word_is_not_the_word():
    assert not speaks_of_a_victim("xambao hanhx dam otoz")
