"""Labelled reports: JSON lines in, checked values out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from nlp.city import City, Taxonomy
from nlp.domain import Kind, Report, Urgency
from nlp.errors import JsonInvalid, ReportsInvalid
from nlp.strict_json import strict_json

# Enough of a wrong label to find it; never enough to hold a report that slipped into its field.
_SHOWN_CHARACTERS = 40

Fields = dict[str, object]


@dataclass(frozen=True, slots=True)
class LabelledReport:
    """A report and what people say of it. The text is as it was sent."""

    id: str
    text: str
    topic: str  # slug of the lead topic
    also: tuple[str, ...]  # slugs of further topics
    urgency: Urgency
    kind: Kind
    agencies: tuple[str, ...]  # ids that would be right, the lead first
    ward: str | None  # present unit that the text names, with its type
    style: str  # how it is written; empty where nobody said
    slice: str  # where it comes from; empty where nobody said


def to_report(labelled: LabelledReport) -> Report:
    """What a model may see of it: id and text, no label."""
    return Report(id=labelled.id, text=labelled.text)


def read_reports(
    path: Path, taxonomy: Taxonomy, *, city: City | None = None
) -> list[LabelledReport]:
    """Every report of a file, in file order.

    A line is one strict JSON object with ``id``, ``text``, ``topic``, ``urgency`` (1..4),
    ``kind`` and ``agencies``, and perhaps ``also``, ``ward``, ``style`` and ``slice``. Further
    keys are notes of the file's makers and are left alone. Blank lines are skipped.

    Args:
        path: The file.
        taxonomy: What topics there are.
        city: Where given, agencies and wards must be among the city's.

    Raises:
        ReportsInvalid: A line is wrong; the message names the file, the line, the field, the
            value and what was expected, never the text.
    """
    seen: dict[str, int] = {}
    reports = []
    for where, fields in _objects(path):
        report = _Line(where, fields, taxonomy, city).report()
        if report.id in seen:
            raise ReportsInvalid(
                f"{where}: id {_shown(report.id)} is already used in line {seen[report.id]}; "
                "expected every id once"
            )
        seen[report.id] = int(where.rpartition(" ")[2])
        reports.append(report)
    return reports


def _objects(path: Path) -> Iterator[tuple[str, Fields]]:
    """Each line's place (``name, line 7``) and object."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ReportsInvalid(f"{path}: can't be read ({error.strerror})") from error
    # Only "\n" ends a line: splitlines() would also cut at U+2028, which JSON allows in strings.
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            where = f"{path.name}, line {number}"
            yield where, _parse(line, where)


def _parse(line: bytes, where: str) -> Fields:
    try:
        value = strict_json(line)
    except JsonInvalid as error:
        raise ReportsInvalid(f"{where}: {error.message}") from None
    if not isinstance(value, dict):
        raise ReportsInvalid(f"{where}: {type(value).__name__} found; expected one object")
    return value


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[:_SHOWN_CHARACTERS] + "…"


@dataclass(frozen=True, slots=True)
class _Line:
    """One line on its way to a report: every method takes a field or refuses it."""

    where: str
    fields: Fields
    taxonomy: Taxonomy
    city: City | None

    def report(self) -> LabelledReport:
        return LabelledReport(
            id=self._string("id"),
            text=self._text(),
            topic=self._known("topic", self.fields.get("topic"), self._is_topic, "a topic"),
            also=self._list("also", self._is_topic, "a list of topics", least=0),
            urgency=self._urgency(),
            kind=self._kind(),
            agencies=self._list(
                "agencies", self._is_agency, "a list of agencies, lead first", least=1
            ),
            ward=self._ward(),
            style=self._string("style", optional=True),
            slice=self._string("slice", optional=True),
        )

    def _wrong(self, field: str, value: object, expected: str) -> NoReturn:
        found = _shown(value) if field in self.fields else "nothing"
        raise ReportsInvalid(f"{self.where}: {field} is {found}; expected {expected}")

    def _text(self) -> str:
        text = self.fields.get("text")
        if not isinstance(text, str):
            raise ReportsInvalid(f"{self.where}: text is {type(text).__name__}; expected words")
        if not text.strip() or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise ReportsInvalid(
                f"{self.where}: text is blank or holds half a character; expected words"
            )
        return text

    def _string(self, field: str, *, optional: bool = False) -> str:
        value = self.fields.get(field)
        if optional and value is None:
            return ""
        if not isinstance(value, str) or not (value.strip() or optional):
            self._wrong(field, value, "a string")
        return value

    def _known(self, field: str, value: object, known: Callable[[str], bool], expected: str) -> str:
        if not isinstance(value, str) or not known(value):
            self._wrong(field, value, expected)
        return value

    def _list(
        self, field: str, known: Callable[[str], bool], expected: str, *, least: int
    ) -> tuple[str, ...]:
        values = self.fields.get(field, [])
        if not isinstance(values, list) or len(values) < least:
            self._wrong(field, values, expected)
        found = tuple(self._known(field, value, known, expected) for value in values)
        if len(set(found)) < len(found):
            self._wrong(field, values, "no entry twice")
        return found

    def _urgency(self) -> Urgency:
        value = self.fields.get("urgency")
        # bool is an int to Python: true would pass as 1, the most urgent level.
        if isinstance(value, bool) or not isinstance(value, int) or value not in set(Urgency):
            self._wrong("urgency", value, "1, 2, 3 or 4")
        return Urgency(value)

    def _kind(self) -> Kind:
        kinds = [kind.value for kind in Kind]
        return Kind(
            self._known(
                "kind", self.fields.get("kind"), kinds.__contains__, f"one of {', '.join(kinds)}"
            )
        )

    def _ward(self) -> str | None:
        value = self.fields.get("ward")
        if value is None:
            return None
        return self._known("ward", value, self._is_ward, "null or the full name of a present ward")

    def _is_topic(self, slug: str) -> bool:
        return slug in self.taxonomy.topics

    def _is_agency(self, agency: str) -> bool:
        return bool(agency) and (self.city is None or agency in self.city.agencies)

    def _is_ward(self, name: str) -> bool:
        if self.city is None:
            return bool(name)
        return any(name == ward.name for ward in self.city.gazetteer.wards)
