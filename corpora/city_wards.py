"""Reads wards.yaml of a city."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpora.city_yaml import Value, remember
from nlp.city import FormerUnit, Gazetteer, Ward
from nlp.placenames import DISTRICT_TYPES, WARD_TYPES

if TYPE_CHECKING:
    from collections.abc import Collection


def read_gazetteer(file: Value) -> Gazetteer:
    """The wards, their former units and the districts.

    Raises:
        CityDataInvalid: the file breaks its format, or a code or name is there twice.
    """
    fields = file.fields("version city city_spellings districts wards")
    city = fields["city"].text()
    districts = tuple(_typed(one, DISTRICT_TYPES) for one in fields["districts"].items())
    codes: dict[str, Value] = {}
    names: dict[str, Value] = {}
    wards = []
    for value in fields["wards"].items():
        ward = _ward(value, {*districts, city})
        remember(codes, ward.code, value)
        remember(names, ward.name, value)
        wards.append(ward)
    if not wards:
        raise fields["wards"].error("the list is empty: expected at least one ward")
    return Gazetteer(
        version=fields["version"].text(),
        city=city,
        city_spellings=fields["city_spellings"].texts(),
        wards=tuple(wards),
        districts=districts,
    )


def _ward(value: Value, districts: Collection[str]) -> Ward:
    fields = value.fields("code name former", "spellings")
    code = fields["code"].text()
    if not code.isdecimal():
        raise fields["code"].error(f"code is {code!r}: expected digits in quotes")
    former = tuple(_former(one, districts) for one in fields["former"].items())
    name = _typed(fields["name"], WARD_TYPES)
    return Ward(code, name, former, _texts(fields, "spellings"))


def _former(value: Value, districts: Collection[str]) -> FormerUnit:
    fields = value.fields("name district", "until typed_only spellings earlier_districts")
    earlier = fields.get("earlier_districts")
    for district in (fields["district"], *(earlier.items() if earlier else ())):
        if district.text() not in districts:
            message = f"unknown district {district.text()!r}: expected one of 'districts'"
            raise district.error(message)
    return FormerUnit(
        name=_typed(fields["name"], WARD_TYPES),
        district=fields["district"].text(),
        until=fields["until"].day() if "until" in fields else None,
        typed_only="typed_only" in fields and fields["typed_only"].flag(),
        spellings=_texts(fields, "spellings"),
        earlier_districts=_texts(fields, "earlier_districts"),
    )


def _typed(value: Value, types: tuple[str, ...]) -> str:
    name = value.text()
    if not any(name.startswith(f"{one} ") for one in types):
        raise value.error(f"name is {name!r}: expected it to begin with {', '.join(types)}")
    return name


def _texts(fields: dict[str, Value], name: str) -> tuple[str, ...]:
    return fields[name].texts() if name in fields else ()
