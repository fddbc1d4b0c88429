"""From files of texts to a packed corpus."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zstandard

from nlp.errors import InputInvalid
from training.text_corpus import build_corpus, load_tokenizer
from training.text_sources import CAPS, Tally, documents, text_files
from training.vocabulary import SEP, VocabularyShape

SMALL = VocabularyShape(size=400, pieces=150, stems=20, rarest_character=1)
CAPPED = next(cap for cap in CAPS if cap.share == 0.5)
TITLED = "ThanhChinhBK/vietnews"


def line(text: str, source: str = "báo", kind: str = "other", register: str = "formal") -> str:
    value = {"text": text, "source": source, "kind": kind, "register": register}
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture
def texts(work: Path) -> Path:
    folder = work / "texts"
    folder.mkdir()
    news = [
        line(f"Ngập nước ở phường số {n}\n{'Mưa lớn kéo dài nhiều giờ liền. ' * 5}", TITLED, "news")
        for n in range(30)
    ]
    formal = [line("Hoà giải là việc của tổ dân phố"), line("Hòa giải là việc của tổ dân phố")]
    formal += [line(f"Điều {n} của quy định", CAPPED.source) for n in range(200)]
    informal = [line("duong ngap qua", register="informal"), line("đg ngập", register="informal")]
    informal.append(line("🙂", register="informal"))
    for name, lines in (("news", news), ("formal", formal), ("informal", informal)):
        packed = zstandard.compress("\n".join(lines).encode())
        (folder / f"{name}.jsonl.zst").write_bytes(packed)
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def reports(work: Path) -> Path:
    file = work / "train.jsonl"
    rows = [{"id": f"r-{n}", "text": f"Rác ở kiệt {n} bốc mùi"} for n in range(5)]
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return file


def test_streams_follow_what_each_line_says(texts, reports, work):
    report = build_corpus([texts, reports], work / "corpus", shape=SMALL)
    streams = report["streams"]
    assert streams["news"]["documents"] == 30
    assert streams["reports"]["documents"] == 5
    assert streams["informal"] == {
        "documents": 2,
        "words": 5,
        "tokens": len(np.load(work / "corpus" / "informal.npy")),
        "share_unaccented": 0.5,
    }
    assert report["unreadable_dropped"] == 1  # a smile alone


def test_packed_ids_read_back_as_the_texts(reports, work):
    build_corpus([reports], work / "corpus", shape=SMALL)
    ids = np.load(work / "corpus" / "reports.npy")
    assert ids.dtype == np.uint16
    tokenizer = load_tokenizer(work / "corpus")
    first = ids[: ids.tolist().index(SEP)].tolist()
    assert tokenizer.decode(first) == "rác ở kiệt 0 bốc mùi"
    assert ids.tolist().count(SEP) == 5


def test_two_spellings_of_one_text_are_duplicates(texts, work):
    report = build_corpus([texts], work / "corpus", shape=SMALL)
    assert report["duplicates_dropped"] == 1
    assert report["sources"]["báo"]["documents"] == 3


def test_capped_source_is_thinned_and_the_report_says_why(texts, work):
    report = build_corpus([texts], work / "corpus", shape=SMALL)
    figures = report["sources"][CAPPED.source]
    assert 60 <= figures["documents"] <= 140
    assert figures["documents"] + figures["capped_documents"] == 200
    assert report["caps"] == [
        {"source": CAPPED.source, "share": CAPPED.share, "reason": CAPPED.reason}
    ]


def test_titles_are_paired_with_bodies_that_do_not_repeat_them(texts, work):
    report = build_corpus([texts], work / "corpus", shape=SMALL)
    with np.load(work / "corpus" / "pairs.npz") as pairs:
        assert pairs["a"].shape == (report["pairs"], 32)
        assert pairs["b"].shape == (report["pairs"], 64)
        title = load_tokenizer(work / "corpus").decode(pairs["a"][0].tolist())
    assert 1 <= report["pairs"] < 30
    assert title.startswith("ngập nước ở phường số")


def test_same_seed_gives_the_same_files_and_another_seed_others(texts, work):
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        build_corpus([texts], work / name, seed=seed, shape=SMALL)
    for file in sorted((work / "one").iterdir()):
        if file.suffix != ".npz":  # an archive holds the time of day
            assert file.read_bytes() == (work / "two" / file.name).read_bytes(), file.name
    assert (work / "one" / "formal.npy").read_bytes() != (
        work / "three" / "formal.npy"
    ).read_bytes()


def test_corpus_is_built_once_for_the_same_files(texts, work):
    out = work / "corpus"
    first = build_corpus([texts], out, shape=SMALL)
    (out / "news.npy").write_bytes(b"kept")
    assert build_corpus([texts], out, shape=SMALL) == first
    assert (out / "news.npy").read_bytes() == b"kept"
    build_corpus([texts], out, seed=1, shape=SMALL)
    assert (out / "news.npy").read_bytes() != b"kept"


@pytest.mark.parametrize("name", ["dev.jsonl", "hue-test.jsonl", "Dev_set.jsonl.zst"])
def test_held_out_files_are_refused(work, name):
    (work / name).write_text(line("Đường ngập"), "utf-8")
    folder = work / "mixed"
    folder.mkdir()
    (folder / name).write_text(line("Đường ngập"), "utf-8")
    for path in (work / name, folder):
        with pytest.raises(InputInvalid, match="dev or test"):
            text_files([path])


def test_folder_without_texts_is_refused(work):
    with pytest.raises(InputInvalid, match=r"expected \.jsonl"):
        text_files([work])


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ('{"text": "bí mật"', "expected JSON"),
        ('{"words": "bí mật"}', "expected an object with a text"),
        ('{"text": "bí mật", "register": "bí mật"}', "register: expected one of"),
    ],
)
def test_wrong_line_is_named_and_never_quoted(work, bad, expected):
    file = work / "texts.jsonl"
    file.write_text(line("Đường ngập") + "\n" + bad, "utf-8")
    with pytest.raises(InputInvalid, match=f"line 2: {expected}") as caught:
        list(documents(text_files([file]), 0, Tally()))
    assert "bí mật" not in caught.value.message


def test_no_unfinished_file_is_left_behind(texts, work):
    build_corpus([texts], work / "corpus", shape=SMALL)
    assert not list((work / "corpus").glob("*.part"))
