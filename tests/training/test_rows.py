"""Labelled reports come from files, shards and compressed files alike, and each is checked."""

from __future__ import annotations

import gzip
import json

import pytest

from nlp.errors import ReportsInvalid

pytest.importorskip("datasets")
rows_module = pytest.importorskip("training.rows")
read_rows = rows_module.read_rows


def lines(*numbers: int, **changes) -> str:
    rows = [
        {
            "id": f"r-{number}",
            "text": f"Đèn đường số {number} tắt",
            "topic": "den",
            "also": ["rac"] if number % 2 else [],
            "urgency": 3,
            "kind": "phan-anh",
            "agencies": ["chieu-sang"],
            "ward": None,
        }
        | changes
        for number in numbers
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def written(tmp_path):
    def write(name: str, text: str):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


def test_rows_of_several_files_keep_their_order(written, small_city):
    files = [written("b.jsonl", lines(3, 1)), written("a.jsonl", lines(2))]
    assert [row.id for row in read_rows(files, small_city)] == ["r-3", "r-1", "r-2"]


def test_a_compressed_file_and_a_folder_of_shards_say_the_same(written, small_city, tmp_path):
    plain = written("plain.jsonl", lines(1, 2, 3))
    packed = written("packed.jsonl.gz", lines(1, 2, 3))
    written("shards/2.jsonl", lines(3))
    written("shards/1.jsonl", lines(1, 2))
    expected = read_rows([plain], small_city)
    assert read_rows([packed], small_city) == expected
    assert read_rows([tmp_path / "shards"], small_city) == expected
    assert expected[0].also == ("rac",)


def test_shards_may_lack_what_may_be_missing(written, small_city, tmp_path):
    written("shards/1.jsonl", lines(1))
    short = json.loads(lines(2))
    del short["also"], short["ward"]
    written("shards/2.jsonl", json.dumps(short) + "\n")
    found = read_rows([tmp_path / "shards"], small_city)
    assert [(row.id, row.also, row.ward) for row in found] == [
        ("r-1", ("rac",), None),
        ("r-2", (), None),
    ]


def test_the_same_text_is_read_once_with_its_last_labels(written, small_city):
    files = [written("a.jsonl", lines(1, 2)), written("corrections.jsonl", lines(1, topic="rac"))]
    found = read_rows(files, small_city)
    assert [(row.id, row.topic) for row in found] == [("r-1", "rac"), ("r-2", "den")]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
@pytest.mark.parametrize(
    ("changes", "field"),
    [({"topic": "nothing"}, "topic"), ({"agencies": ["nobody"]}, "agencies"), ({"urgency": 9}, "urgency")],
)  # fmt: skip
def test_a_wrong_row_is_named_by_line_and_field_and_not_quoted(
    written, small_city, name, changes, field
):
    file = written(name, lines(1) + lines(2, text="bí mật", **changes))
    with pytest.raises(ReportsInvalid, match=f"line 2: {field}") as caught:
        read_rows([file], small_city)
    assert "bí mật" not in caught.value.message


@pytest.mark.parametrize("name", ["missing.jsonl", "missing", "empty"])
def test_nothing_to_read_is_said_with_the_name(tmp_path, small_city, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReportsInvalid, match=name):
        read_rows([tmp_path / name], small_city)


def test_a_file_without_rows_is_refused(written, small_city):
    with pytest.raises(ReportsInvalid, match="found none"):
        read_rows([written("a.jsonl", "\n\n")], small_city)
