"""From a report to token windows, and from a span back to what was sent."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import asdict, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.domain import Report
from nlp.errors import ArtifactInvalid, TextEmpty, TextRefused
from nlp.pipeline import PipelineSpec, TextPipeline
from nlp.text import STEPS_VERSION, canonicalise
from training.vocabulary import SPECIAL, build_tokenizer

SPEC = PipelineSpec(window=32, overlap=8, windows=4)
PHONE = "0905 123 456"


def tokenizer(*more: str):
    letters = [chr(code) for code in (*range(33, 127), *range(0xC0, 0x1EF9))]
    small = dict.fromkeys(letter.lower() for letter in letters if len(letter.lower()) == 1)
    return build_tokenizer([*SPECIAL, *small, *(f"##{letter}" for letter in small), *more])


def pipeline(spec: PipelineSpec = SPEC, *more: str) -> TextPipeline:
    return TextPipeline(spec, tokenizer(*more))


PIPELINE = pipeline()
WORDS = st.sampled_from(
    [
        "Đường",
        "Nguyễn",
        "Huệ",
        "ngập",
        "sâu",
        "hoà",
        "thuỷ",
        "khoẻ",
        "đèn",
        "tắt",
        "ổ",
        "gà",
        "CỐNG",
    ]
)
PIECES = st.one_of(
    WORDS,
    WORDS.map(lambda word: unicodedata.normalize("NFD", word)),
    WORDS.map(lambda word: f"{word[0]}\u200b{word[1:]}"),
    st.sampled_from([PHONE, "a.b@example.com", "0905\u200b123456", "xe 75F1-234.56"]),
)
GAPS = st.sampled_from([" ", "  ", "\n", ", ", " \u200b", "\t"])
TEXTS = st.lists(st.tuples(PIECES, GAPS), min_size=1, max_size=12).map(
    lambda pieces: "".join(piece + gap for piece, gap in pieces)
)
TITLES = st.sampled_from(
    ["", "Đèn tắt", "  Gọi 0905 999 888 \n", unicodedata.normalize("NFD", "Ổ gà")]
)


def words_of(read):
    return list(re.finditer(r"\S+", read.model_text))


# --- what the model reads


def test_one_text_in_several_spellings_is_one_text_to_the_model():
    text = "Đường Hoà Bình bị ngập, mệ tui không đi được"
    spellings = [
        text,
        unicodedata.normalize("NFD", text),
        text.replace("Hoà", "Hòa"),
        text.replace("ngập", "ng\u200bập"),
        f"  {text}\n",
    ]
    assert len({PIPELINE.read(Report("1", each)).model_text for each in spellings}) == 1


def test_personal_data_does_not_reach_the_model():
    read = PIPELINE.read(Report("1", f"Gọi em {PHONE} hay a.b@example.com nghe"))
    assert read.model_text == "Gọi em <phone> hay <email> nghe"
    assert "905" not in str(PIPELINE.windows(read.model_text))


def test_a_pipeline_that_does_not_mask_leaves_the_text_as_it_is():
    open_pipeline = pipeline(replace(SPEC, masking=False))
    assert open_pipeline.read(Report("1", f"Gọi {PHONE}")).model_text == f"Gọi {PHONE}"


def test_the_title_is_the_first_line():
    read = PIPELINE.read(Report("1", "Tối lắm.", title="  Đèn tắt "))
    assert read.model_text == "Đèn tắt\nTối lắm."
    assert PIPELINE.read(Report("1", "Tối lắm.", title="  ")).model_text == "Tối lắm."


@pytest.mark.parametrize(("text", "error"), [("  !! ", TextEmpty), ("a\ud800", TextRefused)])
def test_a_text_that_can_not_be_read_is_refused(text, error):
    with pytest.raises(error):
        PIPELINE.read(Report("1", text))


# --- windows


def test_a_short_text_is_one_window_between_its_marks():
    (window,) = PIPELINE.windows("đèn")
    tokens = [PIPELINE.tokenizer.id_to_token(number) for number in window]
    assert tokens == ["[CLS]", "đ", "##è", "##n", "[SEP]"]


def test_a_long_text_is_windows_that_overlap():
    windows = PIPELINE.windows("a b c d e f g h i j " * 7)
    assert [len(window) for window in windows] == [32, 32, 28]
    for before, after in pairwise(windows):
        assert before[1:-1][-SPEC.overlap :] == after[1:-1][: SPEC.overlap]


def test_no_text_has_more_windows_than_the_spec_allows():
    assert len(PIPELINE.windows("a b c d e f g h i j " * 500)) == SPEC.windows


@given(st.lists(TEXTS, max_size=4))
def test_many_texts_at_once_have_the_windows_of_each(texts):
    assert PIPELINE.windows_of(texts) == [PIPELINE.windows(text) for text in texts]


# --- the way back


@given(TITLES, TEXTS)
def test_every_span_lies_in_the_text_as_sent(title, text):
    read = PIPELINE.read(Report("1", text, title=title))
    spans = [read.original_span(*word.span()) for word in words_of(read)]
    inside = [span for span in spans if span]
    assert inside == sorted(inside)
    assert all(0 <= start < end <= len(text) for start, end in inside)


@given(TITLES, TEXTS)
def test_the_words_behind_a_span_are_those_that_the_model_read(title, text):
    read = PIPELINE.read(Report("1", text, title=title))
    lines = read.model_text[: read.model_text.find("\n") + 1] if title.strip() else ""
    for word in words_of(read):
        span = read.original_span(*word.span())
        if word.start() < len(lines):
            assert span is None
        elif "<" not in word[0] and re.search(r"\w", word[0]):
            assert span
            assert canonicalise(text[slice(*span)]).text == word[0]


@pytest.mark.parametrize("title", ["", "Gọi 0905 999 888", unicodedata.normalize("NFD", "Ổ gà")])
@pytest.mark.parametrize("phone", [PHONE, "0905\u200b123\u200b456", "+84 905 123 456"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_masked_number_leads_back_to_all_of_its_digits(title, phone, form):
    text = unicodedata.normalize(form, f"Nhờ sửa đèn, gọi {phone} \u200bnghe, cảm ơn")
    read = PIPELINE.read(Report("1", text, title=title))
    start = read.model_text.rindex("<phone>")
    span = read.original_span(start, start + len("<phone>"))
    assert span
    found = text[slice(*span)].rstrip("\u200b")
    assert found == phone
    after = read.model_text.index("nghe")
    assert text[slice(*read.original_span(after, after + 4))] == "nghe"  # type: ignore[misc]


# --- what travels with the weights


def test_a_spec_survives_its_manifest():
    spec = PipelineSpec(masking=False, window=64)
    assert PipelineSpec.from_json(asdict(spec)) == spec


@pytest.mark.parametrize(
    "change",
    [{"window": "256"}, {"masking": 1}, {"window": True}, {"mood": 1}, {"steps": None}],
)
def test_a_spec_with_a_wrong_member_is_refused(change):
    with pytest.raises(ArtifactInvalid, match="pipeline"):
        PipelineSpec.from_json({**asdict(PipelineSpec()), **change})


def test_a_spec_with_a_missing_member_is_refused():
    value = asdict(PipelineSpec())
    del value["masking"]
    with pytest.raises(ArtifactInvalid, match="masking"):
        PipelineSpec.from_json(value)


def test_text_steps_of_another_version_are_refused_with_both_versions():
    with pytest.raises(ArtifactInvalid, match=rf"'0'.*'{STEPS_VERSION}'"):
        pipeline(replace(SPEC, steps="0"))


def test_another_segmenter_than_the_installed_one_is_refused():
    with pytest.raises(ArtifactInvalid, match=r"underthesea 0\.0"):
        pipeline(replace(SPEC, segmenter="underthesea 0.0"))


def test_the_fingerprint_tells_what_reads_the_same_from_what_does_not():
    same, other = (
        pipeline(),
        [
            pipeline(replace(SPEC, masking=False)),
            pipeline(replace(SPEC, window=24)),
            pipeline(replace(SPEC, overlap=4)),
            pipeline(SPEC, "đường"),
        ],
    )
    assert same.fingerprint == PIPELINE.fingerprint
    prints = Counter(each.fingerprint for each in (PIPELINE, *other))
    assert max(prints.values()) == 1
