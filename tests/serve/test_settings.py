from __future__ import annotations

import pytest
from pydantic import ValidationError

from serve.settings import Settings


def test_a_variable_of_the_environment_sets_its_field(monkeypatch):
    monkeypatch.setenv("PHANANH_PORT", "8123")
    monkeypatch.setenv("PHANANH_MODEL_FOLDER", "/models/one")
    assert Settings().port == 8123
    assert str(Settings().model_folder) == "/models/one"


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("PHANANH_MODEL_FOLDER", "")
    assert Settings().model_folder is None


def test_what_the_caller_gives_outranks_the_environment(monkeypatch):
    monkeypatch.setenv("PHANANH_PORT", "8123")
    assert Settings(port=1234).port == 1234


@pytest.mark.parametrize("wrong", [{"port": 70_000}, {"max_items": 0}, {"log_level": "loud"}])
def test_a_wrong_value_is_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**wrong)


def test_a_queue_too_small_for_a_legal_call_is_refused():
    with pytest.raises(ValidationError, match="at least max_items, 256"):
        Settings(queue_items=255)
    with pytest.raises(ValidationError, match="at least max_body_bytes"):
        Settings(queue_characters=1_999_999)


def test_every_setting_is_described():
    assert all(field.description for field in Settings.model_fields.values())
