"""JSON as every reader understands it."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.errors import JsonInvalid
from nlp.items import strict_json

CITIZEN = "Nguyễn Văn Bí Mật"

finite_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**200), 10**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(finite_json)
def test_strict_json_reads_back_what_json_writes(value: object) -> None:
    assert strict_json(json.dumps(value)) == value
    assert strict_json(json.dumps(value, ensure_ascii=True).encode()) == value


@given(st.binary() | st.text())
def test_strict_json_refuses_with_its_own_error_or_reads(data: bytes | str) -> None:
    with contextlib.suppress(JsonInvalid):
        strict_json(data)


@pytest.mark.parametrize(
    ("data", "expectation"),
    [
        (b"", "expected JSON"),
        (b'{"a": 1', "expected JSON"),
        (b"{} {}", "expected JSON"),
        (b'"a\nb"', "expected JSON"),
        (b"NaN", "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b"1e999", "double"),
        (b"-1e999", "double"),
        (b"9" * 5000, "double"),
        (b'{"a": 1, "a": 1}', "distinct keys"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("\ufeff{}", "byte order mark"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b'"\xff"', "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),  # a surrogate in UTF-8 dress
        (b"[" * 65 + b"]" * 65, "levels"),
        (b"[" * 100_000, "levels"),
        (b'{"a":' * 100_000, "levels"),
    ],
)
def test_strict_json_refuses_what_readers_understand_differently(
    data: bytes | str, expectation: str
) -> None:
    with pytest.raises(JsonInvalid, match=expectation):
        strict_json(data)


def test_brackets_in_strings_are_no_depth() -> None:
    value = ["[" * 500, '\\"[[' * 100, ["{" * 100]]
    assert strict_json(json.dumps(value)) == value


def test_sixty_four_levels_are_read() -> None:
    assert strict_json("[" * 64 + "]" * 64) is not None


def test_many_brackets_side_by_side_are_read() -> None:
    assert strict_json(json.dumps([{}] * 500)) == [{}] * 500


def test_an_endless_string_of_escaped_quotes_is_refused_in_linear_time() -> None:
    with pytest.raises(JsonInvalid):
        strict_json("[" * 60 + '{"' + "[[[[" + '\\"' * 500_000)


def test_an_escaped_lone_surrogate_passes_the_parser() -> None:
    assert strict_json(b'"\\ud800"') == "\ud800"


@pytest.mark.parametrize(
    "data", [f'{{"text": "{CITIZEN}" x}}', f'{{"{CITIZEN}": 1, "{CITIZEN}": 2}}', f'"{CITIZEN}']
)
def test_a_json_error_never_repeats_the_text(data: str) -> None:
    with pytest.raises(JsonInvalid) as refused:
        strict_json(data)
    assert "Bí" not in refused.value.message
