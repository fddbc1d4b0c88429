from __future__ import annotations

import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import nlp.segment
from nlp.domain import Report
from nlp.segment import segmenter, segmenter_version

MASKS = ("<phone>", "<email>", "<id>", "<plate>", "<account>", "<name>", "<address>", "<link>")
LETTERS = "aăâeêioôơuưyđdhcnĐHàáảãạầấẩẫậệịọủ ̣́\u0300\u0309 \n._,<>@:/-!?()0159ß😭\u200d"


@pytest.fixture(scope="module")
def segment():
    return segmenter()


def test_syllables_of_a_word_are_joined(segment):
    text = "Đường Nguyễn Huệ nhiều ổ gà sâu, nguy hiểm cho học sinh"
    assert segment(text) == "Đường Nguyễn_Huệ nhiều ổ_gà sâu , nguy_hiểm cho học_sinh"


@pytest.mark.parametrize("text", ["", " ", "\n", "\t \u00a0"])
def test_a_text_of_nothing_stays_nothing(segment, text):
    assert segment(text) == ""


@pytest.mark.parametrize("mask", MASKS)
def test_a_mask_stays_whole_wherever_it_stands(segment, mask):
    for text in (
        mask,
        f"gọi {mask} ngay",
        f"({mask})",
        f"anh{mask}nhé",
        f"{mask}{mask}.",
        f"{mask}!!",
    ):
        assert segment(text).split().count(mask) == text.count(mask)


def test_words_beside_a_mask_are_segmented_like_others(segment):
    assert segment("ổ gà <address> học sinh") == "ổ_gà <address> học_sinh"


@given(st.text(LETTERS, max_size=60) | st.text(max_size=40))
@settings(max_examples=200, deadline=None)
@example("Hoà Bình thuỷ điện, khoẻ khoắn")
@example("Tiếng Việt tổ hợp")
@example("xem https://a.vn/đường-huế và " + "ệ" * 150)
def test_composed_and_decomposed_text_are_segmented_alike(segment, text):
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert segment(composed) == segment(decomposed) == segment(text)


@given(st.lists(st.text(LETTERS, max_size=30) | st.sampled_from(MASKS)).map("".join))
@settings(max_examples=300, deadline=None)
@example("Đaị học")
@example("Đaị")
@example("e\u0301\u0301\u0301")
@example("\u0301")
@example("<<phone>>")
@example("a_b __ _")
def test_any_text_has_an_answer_with_the_same_masks_and_single_spaces(segment, text):
    found = segment(text)
    assert found == " ".join(found.split())
    assert [found.count(mask) for mask in MASKS] == [text.count(mask) for mask in MASKS]
    assert bool(found) == bool(text.strip())


@pytest.mark.parametrize(
    "text",
    [
        # 25 signs take it some seconds, 40 would take it years
        "xem http://abc.vn" + "!" * 25,
        "xem ftp:a" + "." * 25 + " nhé",
        "trang abc.vn/" + "?!" * 13,
        "a." * 10_000,
        "1." * 10_000,
        "(" * 20_000,
        "a+" * 10_000,
        "http:" * 4_000,
        "<" * 20_000,
    ],
    ids=lambda text: f"{text[:16]} of {len(text)}",
)
def test_a_hostile_text_takes_no_more_than_a_second(segment, text):
    started = time.monotonic()
    assert segment(text)
    assert time.monotonic() - started < 1


def test_links_stay_as_they_are_written(segment):
    assert segment("xem https://a.vn/x_y?b=1 và abc.vn/tin nhé") == (
        "xem https://a.vn/x_y?b=1 và abc.vn/tin nhé"
    )


class PanicException(BaseException):
    """What a panic in Rust is in Python: no Exception."""


@pytest.mark.parametrize("error", [PanicException, ValueError, UnicodeEncodeError])
def test_words_that_the_segmenter_fails_on_stay_as_they_are(monkeypatch, error):
    def word_tokenize(text, **_):
        if "Đaị" in text:
            raise error(*("utf-8", "", 0, 1, "") if error is UnicodeEncodeError else ("panic",))
        return text.upper()

    monkeypatch.setattr("underthesea.word_tokenize", word_tokenize)
    assert segmenter()("ổ gà <phone> Đaị học") == "Ổ GÀ <phone> Đaị học"


def test_an_interrupt_is_no_failure_of_the_segmenter(monkeypatch):
    def word_tokenize(text, **_):
        if "dừng" in text:
            raise KeyboardInterrupt
        return text

    monkeypatch.setattr("underthesea.word_tokenize", word_tokenize)
    with pytest.raises(KeyboardInterrupt):
        segmenter()("dừng")


def test_the_version_is_that_of_the_installed_segmenter(monkeypatch):
    assert segmenter_version() == f"underthesea {version('underthesea')}"

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("nlp.segment.version", missing)
    assert segmenter_version() == ""


def test_the_model_is_loaded_by_one_thread_before_any_text_is_read(monkeypatch):
    loads = []
    monkeypatch.setattr(
        "underthesea.word_tokenize", lambda *_, **__: loads.append(nlp.segment._LOADING.locked())
    )
    segmenter()
    assert loads == [True]


def test_threads_share_a_segmenter(segment):
    texts = ["Học sinh sụp ổ gà", "Đường Nguyễn Huệ", "Rác <address> nguy hiểm"] * 60
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(segment, texts))
    assert found == ["Học_sinh sụp ổ_gà", "Đường Nguyễn_Huệ", "Rác <address> nguy_hiểm"] * 60


def test_a_segmented_report_keeps_the_masks_of_its_personal_data():
    from tokenizers import Tokenizer, models

    from nlp.pipeline import PipelineSpec, TextPipeline

    spec = PipelineSpec(segmenter=segmenter_version())
    pipeline = TextPipeline(spec, Tokenizer(models.WordLevel({"?": 0}, unk_token="?")))
    read = pipeline.read(Report("r", "Ổ gà, sđt em 0905 123 456 và a.b@example.com nhé"))
    assert read.model_text == "Ổ_gà , sđt em <phone> và <email> nhé"
