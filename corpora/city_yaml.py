"""YAML in which every value knows its line, so that a mistake can be pointed at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import yaml

from nlp.errors import CityDataInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The parser in C reads the files of a city in 30 ms, the one in Python in a second.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_SHOWN = 40  # characters of a wrong value in a message


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a file, not yet known to be of the right type.

    Args:
        path: The file.
        node: What the parser read.
    """

    path: Path
    node: yaml.Node

    @property
    def line(self) -> int:
        """Where it begins, counted from 1."""
        return int(self.node.start_mark.line) + 1

    def error(self, message: str) -> CityDataInvalid:
        """The error to raise about this value: "file:line: message"."""
        return CityDataInvalid(f"{self.path}:{self.line}: {message}")

    def fields(self, required: str, optional: str = "") -> dict[str, Value]:
        """The values of a mapping by their key.

        Args:
            required: Keys that must be there, separated by spaces.
            optional: Keys that may be there.

        Raises:
            CityDataInvalid: not a mapping, or a key is missing, unknown or there twice.
        """
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error(f"expected a mapping with {required}, found {self._shown()}")
        needed, known = required.split(), {*required.split(), *optional.split()}
        fields: dict[str, Value] = {}
        for key, value in self.node.value:
            name = str(key.value)
            if name not in known:
                expected = ", ".join(sorted(known))
                raise Value(self.path, key).error(f"unknown key {name!r}: expected {expected}")
            if name in fields:
                raise Value(self.path, key).error(f"key {name!r} is there twice")
            fields[name] = Value(self.path, value)
        for name in needed:
            if name not in fields:
                raise self.error(f"key {name!r} is missing")
        return fields

    def child(self, *keys: str) -> Value:
        """The value under keys of mappings that ``fields`` has checked before."""
        value = self
        for name in keys:
            value = next(
                Value(self.path, node) for key, node in value.node.value if key.value == name
            )
        return value

    def items(self) -> Iterator[Value]:
        """The values of a list.

        Raises:
            CityDataInvalid: not a list.
        """
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.error(f"expected a list, found {self._shown()}")
        return (Value(self.path, node) for node in self.node.value)

    def text(self) -> str:
        """A text that is not empty, without the white space around it.

        Raises:
            CityDataInvalid: not a text, or an empty one. A version such as 2026.11 needs quotes.
        """
        text = self._scalar("str", "a text (in quotes if it looks like a number or a date)").strip()
        if not text:
            raise self.error("the text is empty")
        return text

    def texts(self) -> tuple[str, ...]:
        """A list of texts, none of them twice.

        Raises:
            CityDataInvalid: not a list of texts, or one is there twice.
        """
        seen: dict[str, None] = {}
        for item in self.items():
            text = item.text()
            if text in seen:
                raise item.error(f"{text[:_SHOWN]!r} is there twice")
            seen[text] = None
        return tuple(seen)

    def integer(self) -> int:
        """A whole number.

        Raises:
            CityDataInvalid: something else.
        """
        scalar = self._scalar("int", "a whole number")
        try:
            return int(scalar)
        except ValueError:
            raise self.error(f"expected a whole number, found {scalar!r}") from None

    def flag(self) -> bool:
        """True or false.

        Raises:
            CityDataInvalid: something else.
        """
        scalar = self._scalar("bool", "true or false").lower()
        if scalar not in {"true", "false"}:
            raise self.error(f"expected true or false, found {scalar!r}")
        return scalar == "true"

    def day(self) -> date:
        """A date such as 2025-07-01.

        Raises:
            CityDataInvalid: something else, or a day that no calendar has.
        """
        written = str(self.node.value) if isinstance(self.node, yaml.ScalarNode) else ""
        try:
            return date.fromisoformat(written)
        except ValueError:
            message = f"expected a date such as 2025-07-01, found {self._shown()}"
            raise self.error(message) from None

    def _scalar(self, tag: str, expected: str) -> str:
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != _TAG + tag:
            raise self.error(f"expected {expected}, found {self._shown()}")
        return str(self.node.value)

    def _shown(self) -> str:
        if isinstance(self.node, yaml.ScalarNode):
            return repr(str(self.node.value)[:_SHOWN])
        return "a list" if isinstance(self.node, yaml.SequenceNode) else "a mapping"


def read_yaml(path: Path) -> tuple[Value, bytes]:
    """A file as one value, and its bytes.

    Args:
        path: A YAML file in UTF-8.

    Raises:
        CityDataInvalid: the file is missing, not YAML, or empty.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"{path}: the file can't be read ({error.strerror}): expected a YAML file"
        raise CityDataInvalid(message) from error
    try:
        node = yaml.compose(content, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or getattr(error, "reason", "unreadable")
        raise CityDataInvalid(f"{path}:{line}: not YAML: {problem}") from error
    if node is None:
        raise CityDataInvalid(f"{path}:1: the file is empty")
    return Value(path, node), content


def remember(seen: dict[str, Value], name: str, value: Value) -> None:
    """Adds a name to those seen so far.

    Raises:
        CityDataInvalid: the name is there already.
    """
    if name in seen:
        raise value.error(f"{name!r} is there twice, first in line {seen[name].line}")
    seen[name] = value
