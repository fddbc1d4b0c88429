"""The city that ships is whole, and its wards agree with the public libraries."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from corpora.city_files import load_city
from nlp.domain import Kind, Urgency
from nlp.folding import fold_for_matching
from nlp.placenames import bare_name

HUE = load_city()
WARDS = HUE.gazetteer.wards


def test_the_shipped_city_is_whole():
    assert HUE.name == "Thành phố Huế"
    assert len(HUE.taxonomy.topics) == 83
    assert len(HUE.agencies) == 59
    assert len(WARDS) == 40
    assert [kind.kind for kind in HUE.taxonomy.kinds] == list(Kind)
    assert [level.level for level in HUE.taxonomy.levels] == list(Urgency)


def test_the_shipped_city_has_133_units_of_2025_and_earlier_ones():
    former = [unit for ward in WARDS for unit in ward.former]
    assert sum(unit.until is None for unit in former) == 133
    assert all(unit.until < date(2025, 7, 1) for unit in former if unit.until)


def test_every_shipped_topic_has_an_owner():
    for topic in HUE.taxonomy.topics.values():
        assert topic.city_owners or topic.ward_owners, topic.slug


def test_the_ambiguous_names_are_those_of_the_data():
    wards: dict[str, set[str]] = defaultdict(set)
    for ward in WARDS:
        names = [f.name for f in ward.former if not f.typed_only]
        for name in (ward.name, *names):
            wards[fold_for_matching(bare_name(name))].add(ward.code)
    assert {name for name, codes in wards.items() if len(codes) > 1} == {
        "thuan hoa",
        "huong phong",
        "phu xuan",
        "huong xuan",
        "phu vinh",
    }


def test_the_present_wards_are_those_of_vietnam_provinces():
    from vietnam_provinces import Ward

    official = {w.name.replace("–", "-") for w in Ward.iter_all() if int(w.province_code) == 46}
    assert {ward.name for ward in WARDS} == official


def test_the_former_units_of_2025_agree_with_underthesea():
    # Its table is read, not its functions: importing the package takes seconds.
    package = find_spec("underthesea")
    assert package is not None
    assert package.origin is not None
    table = Path(package.origin).parent / "address" / "data" / "mapping.json"
    theirs = {
        (row["old_district"], row["old_ward"]): row["new_ward"]
        for row in json.loads(table.read_text("utf-8"))["ward_mapping"]
        if row["new_province"] == HUE.name and row["old_ward"]
    }
    ours = {
        (former.district, former.name): ward.name
        for ward in WARDS
        for former in ward.former
        if former.until is None
    }
    missing_there = {("Thị xã Hương Trà", f"Phường Hương {name}") for name in ("Vân", "Văn")}
    assert len(ours) == 133
    assert ours.keys() - theirs.keys() == missing_there
    assert all(ours[unit] == ward for unit, ward in theirs.items())
