"""Labelled reports are read strictly, and refused without repeating what a citizen wrote."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.reports import LabelledReport, read_reports, to_report
from nlp.city import Agency, City, Gazetteer, Taxonomy, Topic, TopicGroup, Ward
from nlp.domain import Kind, Report, Urgency
from nlp.errors import ReportsInvalid

CITIZENS_WORDS = "chuyện riêng của tôi"
TOPICS = tuple(Topic(slug, slug, "nhom", "", (), (), (), ()) for slug in ("den", "rac"))
TAXONOMY = Taxonomy("1", (TopicGroup("nhom", "Nhóm", "", TOPICS),), (), ())
CITY = City(
    "Thành phố Thử",
    TAXONOMY,
    {"so-den": Agency("so-den", "Sở Đèn", "SĐ", "city", (), ())},
    "1",
    Gazetteer("1", "Thành phố Thử", (), (Ward("1", "Phường Một"),)),
)
LINE = {
    "id": "r-1",
    "text": CITIZENS_WORDS,
    "topic": "den",
    "also": ["rac"],
    "urgency": 2,
    "kind": "phan-anh",
    "agencies": ["so-den", "so-rac"],
    "ward": "Phường Một",
    "style": "formal",
    "slice": "portal",
}


@pytest.fixture
def read(tmp_path):
    def from_lines(*lines, city=None):
        path = tmp_path / "reports.jsonl"
        encoded = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        path.write_bytes(b"\n".join(encoded))
        return read_reports(path, TAXONOMY, city=city)

    return from_lines


def test_every_field_is_read(read):
    assert read(LINE) == [
        LabelledReport(
            id="r-1",
            text=CITIZENS_WORDS,
            topic="den",
            also=("rac",),
            urgency=Urgency.CAO,
            kind=Kind.PHAN_ANH,
            agencies=("so-den", "so-rac"),
            ward="Phường Một",
            style="formal",
            slice="portal",
        )
    ]


def test_fields_that_nobody_filled_in_are_empty(read):
    needed = {"id", "text", "topic", "urgency", "kind", "agencies"}
    (report,) = read({key: value for key, value in LINE.items() if key in needed})
    assert (report.also, report.ward, report.style, report.slice) == ((), None, "", "")


def test_notes_of_the_makers_are_left_alone(read):
    assert read(LINE | {"hard": None, "unit_shown": "Phường", "sent_at": "2026"}) == read(LINE)


def test_blank_lines_are_skipped_and_the_order_is_kept(read):
    lines = [LINE | {"id": "b"}, b"", b"  \r", LINE | {"id": "a"}, b""]
    assert [report.id for report in read(*lines)] == ["b", "a"]


def test_a_line_separator_inside_a_text_ends_no_line(read):
    line = json.dumps(LINE | {"text": "một\u2028hai\x85ba"}, ensure_ascii=False).encode()
    assert [report.text for report in read(line)] == ["một\u2028hai\x85ba"]


def test_a_model_sees_id_and_text_alone(read):
    (report,) = read(LINE)
    assert to_report(report) == Report(id="r-1", text=CITIZENS_WORDS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": 7}, "line 2: id is 7; expected a string"),
        ({"id": " "}, "line 2: id is ' '; expected a string"),
        ({"text": " \n"}, "line 2: text is blank or holds half a character; expected words"),
        ({"text": None}, "line 2: text is NoneType; expected words"),
        ({"text": "a\ud800"}, "line 2: text is blank or holds half a character; expected words"),
        ({"topic": "la"}, "line 2: topic is 'la'; expected a topic"),
        ({"topic": ["den"]}, "line 2: topic is ['den']; expected a topic"),
        ({"also": ["la"]}, "line 2: also is 'la'; expected a list of topics"),
        ({"also": "rac"}, "line 2: also is 'rac'; expected a list of topics"),
        ({"also": ["rac", "rac"]}, "line 2: also is ['rac', 'rac']; expected no entry twice"),
        ({"urgency": 5}, "line 2: urgency is 5; expected 1, 2, 3 or 4"),
        ({"urgency": True}, "line 2: urgency is True; expected 1, 2, 3 or 4"),
        ({"urgency": "2"}, "line 2: urgency is '2'; expected 1, 2, 3 or 4"),
        ({"urgency": 2.0}, "line 2: urgency is 2.0; expected 1, 2, 3 or 4"),
        ({"kind": "thu"}, "line 2: kind is 'thu'; expected one of phan-anh, kien-nghi,"),
        ({"agencies": []}, "line 2: agencies is []; expected a list of agencies, lead first"),
        ({"agencies": [""]}, "line 2: agencies is ''; expected a list of agencies, lead first"),
        ({"ward": ""}, "line 2: ward is ''; expected null or the full name of a present ward"),
        ({"style": 3}, "line 2: style is 3; expected a string"),
    ],
)
def test_a_wrong_field_is_named_with_its_line_value_and_expectation(read, change, message):
    with pytest.raises(ReportsInvalid, match=re.escape(f"reports.jsonl, {message}")) as refusal:
        read(LINE | {"id": "first"}, LINE | change)
    assert CITIZENS_WORDS not in str(refusal.value)


@pytest.mark.parametrize("field", ["id", "text", "topic", "urgency", "kind", "agencies"])
def test_a_missing_field_is_named(read, field):
    with pytest.raises(ReportsInvalid, match=f"line 1: {field} is "):
        read({key: value for key, value in LINE.items() if key != field})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"agencies": ["so-den", "so-rac"]}, "agencies is 'so-rac'"),
        ({"agencies": ["so-den"], "ward": "Một"}, "ward is 'Một'"),
    ],
)
def test_agencies_and_wards_must_be_of_the_city_where_it_is_given(read, change, message):
    assert read(LINE | change)
    with pytest.raises(ReportsInvalid, match=message):
        read(LINE | change, city=CITY)


def test_labels_of_the_city_are_accepted(read):
    assert read(LINE | {"agencies": ["so-den"]}, city=CITY)


def test_an_id_used_twice_is_refused_with_both_lines(read):
    with pytest.raises(ReportsInvalid, match="line 3: id 'r-1' is already used in line 1"):
        read(LINE, LINE | {"id": "r-2"}, LINE)


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"urgency": NaN}',
        b'{"id": "a", "id": "b"}',
        b'{"text": "' + CITIZENS_WORDS.encode() + b'"',
    ],
)
def test_a_line_that_is_not_one_strict_object_is_refused(read, line):
    with pytest.raises(ReportsInvalid, match=r"reports.jsonl, line 2: ") as refusal:
        read(LINE, line)
    assert CITIZENS_WORDS not in str(refusal.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ReportsInvalid, match=r"missing.jsonl: can't be read"):
        read_reports(tmp_path / "missing.jsonl", TAXONOMY)


def test_a_long_wrong_value_is_cut(read):
    with pytest.raises(ReportsInvalid) as refusal:
        read(LINE | {"topic": "x" * 5000})
    assert len(str(refusal.value)) < 150


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(field=st.sampled_from(sorted(LINE)), value=json_values)
def test_whatever_a_field_holds_it_is_read_or_refused(tmp_path_factory, field, value):
    path = tmp_path_factory.mktemp("any") / "reports.jsonl"
    path.write_text(json.dumps(LINE | {field: value}), "utf-8")
    said = ""
    try:
        (report,) = read_reports(path, TAXONOMY)
    except ReportsInvalid as refusal:
        said = refusal.message
    else:
        assert isinstance(report.urgency, Urgency)
        assert report.agencies
    assert CITIZENS_WORDS not in said
