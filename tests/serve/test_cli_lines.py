"""The stream behind ``phananh classify``: lines in, lines out, in order and in bounded memory."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.errors import InputInvalid
from nlp.items import strict_json
from serve import classify
from serve.classify import Tally, classify_stream, encode_result, read_lines
from tests.fakes import FakePredictor, made_up_city

CITIZEN = "Nguyễn Văn Bí Mật"


def fake() -> FakePredictor:
    return FakePredictor(made_up_city())


def line(identifier: str, text: str = "x") -> bytes:
    return json.dumps({"id": identifier, "text": text}).encode() + b"\n"


def run(data: bytes, *, chunk: int = 256) -> tuple[list[dict[str, object]], Tally]:
    target = io.BytesIO()
    tally = classify_stream(io.BytesIO(data), target, fake().predict, chunk=chunk)
    results = [strict_json(result) for result in target.getvalue().splitlines()]
    assert all(isinstance(result, dict) for result in results)
    return results, tally  # type: ignore[return-value]


def code(result: dict[str, object]) -> object:
    error = result.get("error")
    return error["code"] if isinstance(error, dict) else None


def test_every_line_is_answered_in_its_order() -> None:
    results, tally = run(b"".join(line(f"r{n}") for n in range(600)))
    assert [result["id"] for result in results] == [f"r{n}" for n in range(600)]
    assert (tally.answered, tally.failed.total()) == (600, 0)


def test_reports_reach_the_model_in_chunks() -> None:
    model = fake()
    data = b"".join(line(str(n)) for n in range(10))
    classify_stream(io.BytesIO(data), io.BytesIO(), model.predict, chunk=4)
    assert [len(ids) for ids in model.calls] == [4, 4, 2]


def test_huge_lines_close_a_chunk_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classify, "MAX_CHUNK_BYTES", 2_000)
    model = fake()
    data = b"".join(line(str(n), "x" * 900) for n in range(7))
    classify_stream(io.BytesIO(data), io.BytesIO(), model.predict)
    assert [len(ids) for ids in model.calls] == [3, 3, 1]


@pytest.mark.parametrize(
    ("bad", "expected_code", "identifier"),
    [
        (b'{"id": "b", "text"\n', "json_invalid", ""),
        (b'{"id": "b", "text": "\xff"}\n', "json_invalid", ""),
        (b'{"id": "b", "text": NaN}\n', "json_invalid", ""),
        (b'{"id": "b", "id": "c", "text": "x"}\n', "json_invalid", ""),
        (b'["b"]\n', "item_invalid", ""),
        (b'{"text": "x"}\n', "item_invalid", ""),
        (b'{"id": "b", "text": 7}\n', "item_invalid", "b"),
        (b'{"id": "a", "text": "x"}\n', "duplicate_id", "a"),
        (b'{"id": "b", "text": "!"}\n', "text_empty", "b"),
        (b'{"id": "b", "text": "a \\ud800"}\n', "text_refused", "b"),
        (b'{"id": "b", "text": "' + b"x" * 2_000_000 + b'"}\n', "line_too_long", ""),
    ],
)
def test_a_bad_line_gets_an_error_in_its_place_and_the_others_are_answered(
    bad: bytes, expected_code: str, identifier: str
) -> None:
    results, tally = run(line("a") + b"\n" + bad + line("z"))
    assert [code(result) for result in results] == [None, expected_code, None]
    assert list(results[1]) == ["id", "line", "error"]
    assert (results[1]["id"], results[1]["line"]) == (identifier, 3)
    assert [results[0]["id"], results[2]["id"]] == ["a", "z"]
    assert dict(tally.failed) == {expected_code: 1}


def test_an_id_repeated_in_another_chunk_is_found() -> None:
    results, _ = run(line("a") + line("b") + line("c") + line("a"), chunk=2)
    assert [code(result) for result in results] == [None, None, None, "duplicate_id"]


def test_an_id_whose_first_item_was_bad_is_still_taken() -> None:
    results, _ = run(b'{"id": "a", "text": 1}\n' + line("a"))
    assert [code(result) for result in results] == ["item_invalid", "duplicate_id"]


def test_blank_lines_windows_ends_a_byte_order_mark_and_a_missing_last_end_are_fine() -> None:
    data = b"\xef\xbb\xbf" + line("a").replace(b"\n", b"\r\n") + b"\r\n  \n\n" + line("b").strip()
    results, _ = run(data)
    assert [result["id"] for result in results] == ["a", "b"]


def test_nothing_in_is_nothing_out() -> None:
    assert run(b"")[0] == []
    assert run(b"\n \n")[0] == []


@pytest.mark.parametrize("data", [b'[{"id": "a", "text": "x"}]', b'\n  \n [\n{"id": "a"}\n]'])
def test_a_json_array_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(InputInvalid, match="JSON lines"):
        run(data)


def test_utf_16_is_refused_as_a_whole() -> None:
    with pytest.raises(InputInvalid, match="UTF-16"):
        run('{"id": "a"}'.encode("utf-16"))


def test_a_line_of_exactly_the_limit_is_read_and_one_byte_more_is_not() -> None:
    for end in (b"\n", b"\r\n", b""):
        lengths = [
            None if found.data is None else len(found.data)
            for size in (9, 10, 11, 12, 13, 40)
            for found in read_lines(io.BytesIO(b"x" * size + end), Tally(), max_bytes=10)
        ]
        assert lengths == [9, 10, None, None, None, None]


@given(st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")), max_size=8))
def test_each_line_that_is_not_blank_comes_once_with_its_number(lines: list[bytes]) -> None:
    data = b"\n".join([b'"first"', *lines])
    tally = Tally()
    found = list(read_lines(io.BytesIO(data), tally, max_bytes=12))
    numbers = [n for n, one in enumerate([b'"first"', *lines], 1) if one.strip()]
    assert [one.number for one in found] == numbers
    assert all(one.data is None or len(one.data) <= 12 for one in found)
    assert tally.bytes_read == len(data)


def test_a_line_beyond_the_limit_is_never_held_in_memory() -> None:
    class Endless(io.RawIOBase):
        left = 60_000_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            size = min(len(buffer), self.left)
            buffer[:size] = b"x" * size
            self.left -= size
            return size

    tracemalloc.start()
    try:
        found = list(read_lines(io.BufferedReader(Endless()), Tally()))  # type: ignore[type-var]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [one.data for one in found] == [None]
    assert peak < 10_000_000


def test_a_lone_surrogate_in_an_answer_is_written_escaped() -> None:
    assert encode_result({"because": "đ \ud800"}) == b'{"because": "\\u0111 \\ud800"}\n'
    assert encode_result({"because": "đ"}) == '{"because": "đ"}\n'.encode()


def test_no_error_repeats_the_text() -> None:
    broken = [
        f'{{"id": "1", "text": "{CITIZEN}" oops}}',
        f'{{"id": "2", "text": ["{CITIZEN}"]}}',
        f'{{"id": "3", "text": "x", "channel": "{CITIZEN}", "sent_at": "{CITIZEN}"}}',
        f'{{"{CITIZEN}": 1, "{CITIZEN}": 2}}',
        CITIZEN,
    ]
    results, tally = run("\n".join(broken).encode())
    assert tally.failed.total() == len(broken)
    assert "Bí" not in json.dumps(results, ensure_ascii=False)
