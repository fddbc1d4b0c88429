"""A city folder is loaded whole and checked; what is wrong is named with file and line."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from corpora.city_files import DEFAULT_FOLDER, load_city
from nlp.domain import Kind, Urgency
from nlp.errors import CityDataInvalid

HUE = load_city()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small city of two topics, two agencies and two wards."""
    files = {
        "taxonomy.yaml": TAXONOMY,
        "kinds.yaml": KINDS,
        "urgency.yaml": URGENCY,
        "agencies.yaml": AGENCIES,
        "wards.yaml": WARDS,
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, "utf-8")
    return tmp_path


def change(path: Path, old: str, new: str) -> int:
    """Replaces the first occurrence in a file; the line where it was, counted from 1."""
    content = path.read_text("utf-8")
    before, found, after = content.partition(old)
    assert found, f"{old!r} is not in {path.name}"
    path.write_text(before + new + after, "utf-8")
    return before.count("\n") + 1


# Versions.


def test_versions_hold_the_version_of_the_file_and_a_hash(folder):
    city = load_city(folder)
    assert re.fullmatch(r"2026\.11\+[0-9a-f]{8}", city.taxonomy.version)
    assert re.fullmatch(r"2026\.11a\+[0-9a-f]{8}", city.agencies_version)


def test_the_taxonomy_version_follows_its_three_files_alone(folder):
    first = load_city(folder)
    change(folder / "wards.yaml", "Vĩ Dạ", "Vi Dạ")
    change(folder / "agencies.yaml", "Sửa đường", "Sửa cầu")
    second = load_city(folder)
    assert second.taxonomy.version == first.taxonomy.version
    assert second.agencies_version != first.agencies_version
    for name in ("taxonomy", "kinds", "urgency"):
        change(folder / f"{name}.yaml", "label: ", "label: Tên ")
        third = load_city(folder)
        assert third.taxonomy.version not in {first.taxonomy.version, second.taxonomy.version}
        second = third


# Reading.


def test_values_are_read_with_their_types(folder):
    city = load_city(folder)
    office = city.agencies["ubnd"]
    assert office.level == "ward"
    assert office.ward_name == "UBND {ward}"
    assert office.aliases[0].until == date(2025, 6, 30)
    assert city.agencies["so"].valid_from == date(2025, 3, 1)
    assert city.taxonomy.topics["den-duong"].city_owners == ("so",)
    assert city.taxonomy.levels[0].handle_within_hours == 2
    assert city.gazetteer.wards[0].spellings == ("Vĩ Dạ",)
    assert city.gazetteer.wards[0].former[0].until == date(2021, 6, 30)


def test_another_agencies_file_replaces_the_one_in_the_folder(folder, tmp_path):
    other = tmp_path / "other.yaml"
    shutil.copy(folder / "agencies.yaml", other)
    change(other, "name: Sở Xây dựng", "name: Sở Hạ tầng")
    assert load_city(folder, agencies=other).agencies["so"].name == "Sở Hạ tầng"
    line = change(other, "mandate: [Sửa đường]", "mandate: []")
    with pytest.raises(CityDataInvalid, match=rf"other\.yaml:{line}: the mandate is empty"):
        load_city(folder, agencies=other)


def test_another_agencies_file_reads_with_the_shipped_city():
    city = load_city(agencies=DEFAULT_FOLDER / "agencies.yaml")
    assert city.agencies_version == HUE.agencies_version


# Mistakes.


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("taxonomy", "label: Đèn", "labl: Đèn", "unknown key 'labl'"),
        ("taxonomy", "label: Đèn", "slug: den", "key 'slug' is there twice"),
        ("taxonomy", "slug: o-ga", "slug: den-duong", "'den-duong' is there twice, first in line"),
        ("taxonomy", "slug: o-ga", "slug: Ổ gà", "expected small letters and digits"),
        ("taxonomy", "label: Đèn", "label: [Đèn]", "expected a text .* found a list"),
        ("taxonomy", "label: Đèn", "label: ''", "the text is empty"),
        ("taxonomy", "label: Đèn", "label: 2026", "expected a text .* found '2026'"),
        ("taxonomy", "guidance: [a]", "guidance: a", "expected a list, found 'a'"),
        ("taxonomy", "guidance: [a]", "guidance: [a, a]", "'a' is there twice"),
        ("taxonomy", "city: [so]", "city: [sở]", "unknown agency 'sở'"),
        ("taxonomy", "ward: [ubnd]", "ward: [xã]", "unknown agency 'xã'"),
        ("taxonomy", "restricted: true", "restricted: 1", "expected true or false"),
        ("taxonomy", 'version: "2026.11"', "version: 2026.11", "in quotes if it looks like"),
        ("kinds", "slug: khac", "slug: ý-kiến", "unknown kind 'ý-kiến': expected one of phan-anh"),
        ("kinds", "slug: khac", "slug: to-cao", "kind 'to-cao' is there twice"),
        ("urgency", "level: 4", "level: 5", "unknown level 5: expected 1 to 4"),
        ("urgency", "level: 4", "level: bốn", "expected a whole number, found 'bốn'"),
        ("urgency", "level: 4", "level: 0x", "expected a whole number"),
        ("urgency", "slug: thap", "slug: thấp", "expected 'thap'"),
        ("urgency", "hours: 2,", "hours: 0,", "expected at least 1"),
        ("urgency", ", handle_within_working_days: 15", "", "expected one of handle_within_hours"),
        ("agencies", "id: so\n", "id: ubnd\n", "'ubnd' is there twice"),
        ("agencies", "topics: [den-duong]", "topics: [đèn]", "unknown topic 'đèn'"),
        ("agencies", "successor: ubnd", "successor: huyện", "unknown successor 'huyện'"),
        ("agencies", "successor: ubnd", "successor: so", "expected the id of another agency"),
        ("agencies", "mandate: [Sửa đường]", "mandate: []", "the mandate is empty"),
        ("agencies", "level: city", "level: tỉnh", "level is 'tỉnh': expected city or ward"),
        ("agencies", "2025-03-01", "2025-02-30", "expected a date such as 2025-07-01"),
        ("agencies", "2025-03-01", "[1]", "expected a date such as 2025-07-01, found a list"),
        ("agencies", "2025-03-01", "2027-03-01", "is after valid_to 2026-12-31"),
        ("agencies", "UBND {ward}", "UBND phường", "expected '{ward}' in it"),
        ("agencies", "call: '113'", "ward_name: '{ward}'", "expected only at 'ward'"),
        ("wards", 'code: "2"', "code: 2", "expected a text"),
        ("wards", 'code: "2"', 'code: "1"', "'1' is there twice, first in line 7"),
        ("wards", 'code: "2"', 'code: "hai"', "expected digits"),
        ("wards", "name: Xã Phú Hồ", "name: Phú Hồ", "expected it to begin with Phường, Xã"),
        ("wards", "district: Quận A,", "district: Quận B,", "unknown district 'Quận B'"),
        ("wards", "[Quận A]", "[A]", "expected it to begin with Quận"),
        ("wards", "wards:", "wards: {", "not YAML"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(folder, file, old, new, message):
    line = change(folder / f"{file}.yaml", old, new)
    expected = re.escape(str(folder / f"{file}.yaml")) + rf":(\d+): .*{message}"
    with pytest.raises(CityDataInvalid, match=expected) as raised:
        load_city(folder)
    said = re.search(r"\.yaml:(\d+):", raised.value.message)
    assert said is not None
    if "not YAML" not in message:  # the parser notices a bracket that is never closed later
        assert int(said[1]) == line


@pytest.mark.parametrize("file", ["taxonomy", "kinds", "urgency", "agencies", "wards"])
def test_a_missing_file_is_named(folder, file):
    (folder / f"{file}.yaml").unlink()
    with pytest.raises(CityDataInvalid, match=rf"{file}\.yaml: the file can't be read"):
        load_city(folder)


@pytest.mark.parametrize("content", ["", "# nothing\n"])
def test_an_empty_file_is_refused(folder, content):
    (folder / "kinds.yaml").write_text(content, "utf-8")
    with pytest.raises(CityDataInvalid, match=r"kinds\.yaml:1: the file is empty"):
        load_city(folder)


def test_a_file_that_is_not_utf8_is_refused(folder):
    (folder / "kinds.yaml").write_bytes(b"version: \xff\xfe")
    with pytest.raises(CityDataInvalid, match=r"kinds\.yaml:\d+: not YAML"):
        load_city(folder)


@pytest.mark.parametrize(
    ("file", "old", "missing"),
    [
        ("taxonomy", "    definition: Về đường\n", "definition"),
        ("kinds", 'version: "2026.11"\n', "version"),
        ("urgency", "questions: [q]\n", "questions"),
        ("wards", "city: Thành phố A\n", "city"),
        ("agencies", 'ward_name: "UBND {ward}",\n     ', "ward_name"),
    ],
)
def test_a_missing_key_is_named(folder, file, old, missing):
    change(folder / f"{file}.yaml", old, "")
    with pytest.raises(CityDataInvalid, match=rf"{file}\.yaml:\d+: key '{missing}' is missing"):
        load_city(folder)


@pytest.mark.parametrize(("file", "key"), [("kinds", "kinds"), ("urgency", "levels")])
def test_kinds_and_levels_must_be_complete(folder, file, key):
    path = folder / f"{file}.yaml"
    lines = path.read_text("utf-8").splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("  - "))
    path.write_text("\n".join(lines[:last] + lines[last + 1 :]), "utf-8")
    with pytest.raises(CityDataInvalid, match=r"no definition of (khac|4): expected one of each"):
        load_city(folder)


@pytest.mark.parametrize(
    ("file", "key"), [("agencies", "agencies"), ("wards", "wards"), ("taxonomy", "leaves")]
)
def test_an_empty_list_is_refused(folder, file, key):
    path = folder / f"{file}.yaml"
    head, _, _ = path.read_text("utf-8").partition(f"{key}:\n")
    path.write_text(f"{head}{key}: []\n", "utf-8")
    with pytest.raises(CityDataInvalid, match="expected at least one"):
        load_city(folder)


TAXONOMY = """\
version: "2026.11"
groups:
  - slug: duong
    label: Đường
    definition: Về đường
    leaves:
      - slug: den-duong
        label: Đèn
        definition: Đèn tắt
        guidance: [a]
        examples: []
        restricted: true
        owners:
          city: [so]
          ward: []
      - slug: o-ga
        label: Ổ gà
        definition: Đường hư
        guidance: []
        examples: [Ổ gà to]
        owners: {city: [], ward: [ubnd]}
"""

KINDS = 'version: "2026.11"\nkinds:\n' + "".join(
    f"  - {{slug: {kind}, label: L, definition: D, test_question: Q, guidance: []}}\n"
    for kind in Kind
)

URGENCY = 'version: "2026.11"\nquestions: [q]\nnot_cues: []\nlevels:\n' + "".join(
    f"  - {{level: {level}, slug: {level.slug}, label: L, definition: D, first_action: F,"
    f" guidance: [], handle_within_{term}}}\n"
    for level, term in zip(
        Urgency, ["hours: 2", "hours: 24", "working_days: 7", "working_days: 15"], strict=True
    )
).replace("guidance: [], handle_within_hours: 2}", "handle_within_hours: 2, guidance: []}")

AGENCIES = """\
version: 2026.11a
agencies:
  - {id: ubnd, name: UBND, abbr: U, topics: [o-ga], mandate: [Vá đường], level: ward,
     ward_name: "UBND {ward}",
     aliases: [{name: UBND huyện, until: 2025-06-30}, {name: Ủy ban}]}
  - id: so
    name: Sở Xây dựng
    abbr: SXD
    level: city
    topics: [den-duong]
    mandate: [Sửa đường]
    valid_from: 2025-03-01
    valid_to: 2026-12-31
    successor: ubnd
    receives_denunciations: false
    call: '113'
"""

WARDS = """\
version: "2026.11"
city: Thành phố A
city_spellings: [A]
districts:
  [Quận A]
wards:
  - code: "1"
    name: Phường Vỹ Dạ
    spellings: [Vĩ Dạ]
    former:
      - {name: Phường Cũ, district: Quận A, until: 2021-06-30, typed_only: true}
  - code: "2"
    name: Xã Phú Hồ
    former: []
"""
