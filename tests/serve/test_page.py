from __future__ import annotations

import re
from dataclasses import fields
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.domain import Evidence
from serve.http.page_view import cut, former_name, percent
from serve.http.page_words import Words, _read, example_texts, words_for


class Page(HTMLParser):
    """The parts of a page that tests look at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def ask(client, text: str, **fields: str):
    return client.post("/", data={"text": text} | fields)


def test_the_page_is_vietnamese_first_and_english_on_request(client):
    assert '<html lang="vi">' in client.get("/").text
    assert '<html lang="en">' in client.get("/?lang=en").text
    assert '<html lang="vi">' in client.get("/?lang=<b>").text


def test_languages_that_callers_make_up_take_no_memory():
    assert len({id(words_for(f"x{number}")) for number in range(100)}) == 1
    assert _read.cache_info().currsize <= 2


def test_both_languages_say_everything():
    vietnamese, english = words_for("vi"), words_for("en")
    for field in fields(Words):
        one, other = getattr(vietnamese, field.name), getattr(english, field.name)
        assert type(one) is type(other)
        if isinstance(one, dict) and field.name != "reasons_known":
            assert one.keys() == other.keys()
        if isinstance(one, tuple):
            assert len(one) == len(other)
    assert len(vietnamese.example_names) == len(example_texts())


def test_the_answer_says_what_it_is_how_urgent_and_who_is_responsible(client):
    html = ask(client, "Có dây điện đứt ở Phường Xưa", lang="vi").text
    for expected in (
        "Dây điện, trụ điện nguy hiểm",
        "Nhóm dien-chieu-sang",
        "91%",
        "Khẩn cấp",
        "trong 2 giờ",
        "Điện lực",
        "Vận hành lưới.",
        "Phường Bình",
        "Phường Xưa",
        "Cần người xem lại",
        "fake-0123456789ab",
    ):
        assert expected in html


def test_danger_shows_the_emergency_number_to_call(client):
    assert 'href="tel:114"' in ask(client, "Có dây điện đứt").text
    assert "tel:" not in ask(client, "Rác dồn đống").text


def test_an_accusation_is_marked_as_restricted(client):
    assert "bảo mật" in ask(client, "Cán bộ đòi 5 triệu").text
    assert "banner-restricted" not in ask(client, "Rác dồn đống").text


def test_the_words_that_moved_the_answer_are_marked_and_told_apart_in_words(client):
    html = ask(client, "Có dây điện đứt giữa đường").text
    assert re.search(r'<mark class="m-topic m-urgency">dây điện<span class="vh">', html)
    assert re.search(r'<mark class=" m-urgency"> đứt<span class="vh"> \(mức độ\)</span>', html)


def test_the_chosen_ward_and_channel_stay_chosen(client):
    html = ask(client, "Rác", ward="3", channel="zalo").text
    assert '<option value="3" lang="vi" selected>' in html
    assert '<option value="zalo" selected>' in html
    assert "Theo phường, xã bạn đã chọn." in html


@pytest.mark.parametrize("text", ["", "   ", "\r\n"])
def test_an_empty_text_is_an_error_beside_its_field(client, text):
    response = ask(client, text)
    assert response.status_code == 422
    page = Page(response.text)
    area = page.all("textarea")[0]
    assert area["aria-invalid"] == "true"
    assert "text-error" in (area["aria-describedby"] or "")
    assert any(attrs.get("id") == "text-error" for attrs in page.all("p"))


def test_a_ward_that_is_not_on_the_list_is_an_error_beside_its_field(client):
    response = ask(client, "Rác", ward="99")
    assert response.status_code == 422
    assert Page(response.text).all("select")[0]["aria-describedby"] == "ward-error"


HOSTILE = (
    "<script>alert(1)</script> \"><img src=x onerror=alert(1)> '{{ 7*7 }}' </textarea><b>dây điện"
    "\u202egnud\u202c <bdi></bdi>"
)


def test_a_reason_is_said_in_vietnamese_where_the_words_are_known():
    labels = {"cao": "Cao", "thap": "Thấp"}
    reason = words_for("vi").reason(
        "urgency is close to the line between cao and thap", labels.__getitem__
    )
    assert reason == "Mức độ nằm sát ranh giới giữa “Cao” và “Thấp”."
    assert words_for("vi").reason("something new", labels.__getitem__) == "something new"
    assert words_for("en").reason("something new", labels.__getitem__) == "something new"


def test_a_hostile_text_stays_text(client):
    html = ask(client, HOSTILE).text
    page = Page(html)
    assert not page.all("img")
    assert not page.all("b")
    assert [(script["src"] or "").split("?")[0] for script in page.all("script")] == [
        "/static/page.js"
    ]
    assert "49" not in re.findall(r"<bdi>.*?</bdi>", html, re.DOTALL)[0]
    assert not any(name.startswith("on") or name == "style" for _, a in page.tags for name in a)


def test_characters_that_reorder_text_are_shown_in_the_answer(client):
    html = ask(client, HOSTILE).text
    answer = html[html.index('class="citizen"') :]
    assert "\u202e" not in answer
    assert "U+202E" in answer


def test_the_page_names_no_foreign_host(client):
    html = ask(client, "Có dây điện đứt").text
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', html)


def test_an_example_fills_the_form_without_a_script(client):
    html = client.get("/?example=0").text
    assert "ở phường Cũ, đang xẹt lửa" in html.split("<textarea")[1].split("</textarea>")[0]
    for wrong in ("9", "-1", "x", "9" * 400):
        assert client.get(f"/?example={wrong}").status_code == 200


def test_the_page_says_that_nothing_is_stored(client):
    assert "không lưu" in client.get("/").text


def test_the_definitions_are_on_the_page_without_the_slugs_of_the_file(client):
    html = client.get("/").text
    assert "<details" in html
    assert "Thu gom rác là gì." in html
    assert "`" not in html


def test_the_script_gets_the_answer_without_the_definitions_it_has(client):
    data, headers = {"text": "Rác"}, {"x-requested-with": "page.js"}
    short = client.post("/", data=data, headers=headers).text
    assert 'id="answer-title"' in short
    assert "definitions" not in short


def test_a_form_that_is_no_form_is_refused(client):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/", content=b"text=%FF", headers=headers).status_code == 422
    assert client.post("/", content=b"\xff", headers=headers).status_code == 422
    assert client.post("/", content=b"a=1&" * 100, headers=headers).status_code == 422
    assert client.post("/", json={"text": "x"}).status_code == 415


@given(
    text=st.text(max_size=30),
    spans=st.lists(
        st.tuples(st.integers(-3, 35), st.integers(-3, 35), st.sampled_from(["topic", "urgency"])),
        max_size=6,
    ),
)
def test_cutting_loses_no_character_and_marks_what_the_spans_cover(text, spans):
    evidence = [Evidence(start, end, "", moves, 0.1) for start, end, moves in spans]
    segments = cut(text, evidence)
    position = 0
    for segment in segments:
        for piece in segment.pieces:
            for _ in range(1 if piece.hidden else len(piece.text)):
                for moves, marked in (("topic", segment.topic), ("urgency", segment.urgency)):
                    covered = any(s <= position < e for s, e, m in spans if m == moves)
                    assert marked == covered
                position += 1
    assert position == len(text)


@pytest.mark.parametrize(("share", "shown"), [(0, 0), (0.001, 1), (0.5, 50), (0.999, 99), (1, 100)])
def test_a_percentage_never_claims_certainty_it_does_not_have(share, shown):
    assert percent(share) == shown


def test_a_former_ward_for_the_example_is_one_that_is_gone(small_city):
    assert former_name(small_city.gazetteer.wards) == "Phường Cũ"
    assert former_name(()) == ""
