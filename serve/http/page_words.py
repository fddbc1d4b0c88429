"""The words of the start page, Vietnamese first. What the city's data says stays as it is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

#: One YAML file a language, and the example texts.
_FOLDER = Path(__file__).parents[1] / "templates" / "words"
_LANGUAGES = ("vi", "en")


@dataclass(frozen=True)
class Words:
    """Every sentence of the page in one language."""

    lang: str
    other_lang: str
    other_lang_name: str
    title: str
    tagline: str
    lead: str
    skip: str
    text_label: str
    text_hint: str
    characters: str
    examples: str
    example_names: tuple[str, ...]
    ward_label: str
    ward_none: str
    channel_label: str
    channel_none: str
    optional: str
    submit: str
    working: str
    not_stored: str
    empty_title: str
    empty_points: tuple[str, ...]
    result_title: str
    call_title: str
    call_text: str
    call_others: str
    restricted_title: str
    restricted_text: str
    kind: str
    topic: str
    urgency: str
    sure: str
    raised: str
    alternatives: str
    also: str
    deadline: str
    first_action: str
    within_hours: str
    within_days: str
    no_deadline: str
    agencies: str
    agencies_hint: str
    lead_role: str
    candidate_role: str
    because: str
    score: str
    place: str
    place_from: str
    place_from_field: str
    place_none: str
    place_open: str
    decision: str
    decision_auto: str
    decision_review: str
    reasons: str
    text_title: str
    text_help: str
    mark_topic: str
    mark_urgency: str
    mark_both: str
    no_marks: str
    versions: str
    model_version: str
    taxonomy_version: str
    agencies_version: str
    definitions: str
    definitions_hint: str
    guidance: str
    footer: str
    interface: str
    starting_title: str
    starting_text: str
    problem_title: str
    channels: Mapping[str, str]
    errors: Mapping[str, str]
    other_error: str
    #: Regular expression of a reason -> sentence; ``{}`` takes a group, a slug as its label.
    reasons_known: Mapping[str, str] = field(default_factory=dict)

    def error(self, code: str) -> str:
        """What went wrong with the text, for the one who wrote it."""
        return self.errors.get(code, self.other_error)

    def reason(self, reason: str, label_of: Callable[[str], str]) -> str:
        """A reason of the decision in this language; as it came where the language has none."""
        for pattern, sentence in self.reasons_known.items():
            match = re.fullmatch(pattern, reason)
            if match is not None:
                return sentence.format(*map(label_of, match.groups()))
        return reason


def words_for(lang: str | None) -> Words:
    """The words of a language; Vietnamese for one that the page does not speak."""
    return _read(lang if lang in _LANGUAGES else _LANGUAGES[0])


@cache  # of known languages only: a caller can name any number of others
def _read(lang: str) -> Words:
    members = yaml.safe_load((_FOLDER / f"{lang}.yaml").read_text("utf-8"))
    sequences = {name: tuple(value) for name, value in members.items() if isinstance(value, list)}
    return Words(**members | sequences)


@cache
def example_texts() -> Sequence[str]:
    """Texts of the example chips, in the order of ``Words.example_names``."""
    texts: list[str] = yaml.safe_load((_FOLDER / "examples.yaml").read_text("utf-8"))
    return tuple(texts)
