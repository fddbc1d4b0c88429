"""A model version is trusted only when it is whole, known, and reads as where it was trained."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nlp.artifact import (
    Layout,
    load_manifest,
    load_pipeline,
    read_manifest,
    sha256,
    verify,
    write_manifest,
)
from nlp.calibration import Thresholds
from nlp.errors import ArtifactInvalid

FILES = ["model.onnx", "tokenizer.json", "clauses.npz"]


@pytest.fixture
def folder(tiny_artifact, tmp_path) -> Path:
    """A copy that may be damaged."""
    return Path(shutil.copytree(tiny_artifact, tmp_path / "artifact"))


@pytest.fixture
def edit(folder) -> Callable[[Callable[[dict[str, Any]], object]], None]:
    """Changes the JSON of the manifest."""

    def change(by: Callable[[dict[str, Any]], object]) -> None:
        path = Layout(folder).manifest
        value = json.loads(path.read_text(encoding="utf-8"))
        by(value)
        path.write_text(json.dumps(value), encoding="utf-8")

    return change


def test_a_whole_artifact_is_served_and_its_version_told(folder):
    assert verify(folder) == load_manifest(folder).version == read_manifest(folder)["version"]


def test_a_manifest_names_every_file_but_itself_and_the_card(folder):
    files = load_manifest(folder).files
    assert sorted(files) == sorted(FILES)
    assert all(files[name] == sha256(folder / name) for name in files)


def test_what_is_written_is_what_is_read(folder):
    manifest = load_manifest(folder)
    assert write_manifest(folder, manifest) == manifest == load_manifest(folder)


def test_files_in_folders_are_named_by_their_path(folder):
    (folder / "encoder").mkdir()
    (folder / "encoder" / "config.json").write_text("{}")
    assert "encoder/config.json" in write_manifest(folder, load_manifest(folder)).files


# --- the version


def test_the_version_hangs_on_all_that_decides_an_answer(manifest):
    strict = replace(manifest.calibration, thresholds=Thresholds(khan_cap=0.11))
    others = [
        replace(manifest, calibration=strict),
        replace(manifest, topics=manifest.topics[::-1]),
        replace(manifest, routing=replace(manifest.routing, prior=2.0)),
        replace(manifest, files={**manifest.files, "model.onnx": "0" * 64}),
        replace(manifest, golden=()),
    ]
    assert len({each.version for each in (manifest, *others)}) == 1 + len(others)


def test_the_version_does_not_hang_on_what_is_only_told_to_people(manifest):
    assert replace(manifest, about={"created": "tomorrow"}).version == manifest.version


# --- damage


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named_with_both_checksums(folder, name):
    expected = sha256(folder / name)
    with (folder / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(ArtifactInvalid) as caught:
        verify(folder)
    for part in (name, expected, sha256(folder / name)):
        assert part in caught.value.message


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ArtifactInvalid, match=rf"{name}: expected a readable file"):
        verify(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"a": 1, "a": 2}'])
def test_a_manifest_that_is_no_object_of_strict_json_is_named(folder, content):
    Layout(folder).manifest.write_bytes(content)
    with pytest.raises(ArtifactInvalid, match=r"manifest\.json"):
        load_manifest(folder)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_file_that_was_damaged_before_its_checksum_was_taken_is_named(folder, name):
    manifest = load_manifest(folder)
    (folder / name).write_bytes(b"{}")
    write_manifest(folder, manifest)
    with pytest.raises(ArtifactInvalid, match=name):
        verify(folder)


def test_a_file_outside_the_folder_is_not_read(folder, edit):
    (folder.parent / "secret").write_text("s")
    manifest = load_manifest(folder)
    outside = replace(manifest, files={**manifest.files, "../secret": "0" * 64})
    edit(lambda value: value.update(outside.to_json()))
    with pytest.raises(ArtifactInvalid, match="expected a file inside"):
        load_manifest(folder)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_manifest_without_the_checksum_of_a_needed_file_is_refused(folder, edit, name):
    manifest = load_manifest(folder)
    fewer = replace(manifest, files={k: v for k, v in manifest.files.items() if k != name})
    edit(lambda value: value.update(fewer.to_json()))
    with pytest.raises(ArtifactInvalid, match=f"expected {name} among its files"):
        load_manifest(folder)


# --- manifests that are not known here


def test_another_format_is_refused_before_anything_else_is_read(folder, edit):
    edit(lambda value: (value.clear(), value.update(format=2)))
    with pytest.raises(ArtifactInvalid, match="format is 2: expected 1"):
        load_manifest(folder)


def test_a_version_that_does_not_fit_is_told_with_the_one_that_does(folder, edit):
    version = load_manifest(folder).version
    edit(lambda value: value.update(version="0123456789ab"))
    with pytest.raises(ArtifactInvalid, match=rf"'0123456789ab'.*'{version}'"):
        load_manifest(folder)


def test_a_threshold_that_was_changed_by_hand_no_longer_fits_the_version(folder, edit):
    edit(lambda value: value["thresholds"].update(khan_cap=0.9))
    with pytest.raises(ArtifactInvalid, match="does not fit its content"):
        load_manifest(folder)


@pytest.mark.parametrize("place", ["pipeline", "temperatures", "thresholds", "routing"])
def test_an_unknown_number_is_refused_with_the_place_where_it_stands(folder, edit, place):
    edit(lambda value: value[place].update(mood=0.5))
    with pytest.raises(ArtifactInvalid, match=place):
        load_manifest(folder)


def test_an_unknown_member_is_refused_by_name(folder, edit):
    edit(lambda value: value.update(mood="good"))
    with pytest.raises(ArtifactInvalid, match="mood"):
        load_manifest(folder)


@pytest.mark.parametrize(
    "name", ["kinds", "topics", "routing", "pipeline", "fingerprint", "golden", "files"]
)
def test_a_missing_member_is_refused_by_name(folder, edit, name):
    edit(lambda value: value.pop(name))
    with pytest.raises(ArtifactInvalid, match=name):
        load_manifest(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": ["praise"]},
        {"topics": None},
        {"golden": []},
        {"golden": [{"text": "a", "kind": "khac", "topic": "khac", "urgency": 3}]},
        {"golden": [{"text": "a", "kind": "khac", "topic": "khac", "urgency": "soon"}]},
        {"routing": []},
        {"pipeline": 5},
        {"files": ["model.onnx"]},
        {"files": {"model.onnx": 5}},
    ],
)
def test_a_member_of_a_wrong_type_is_refused(folder, edit, change):
    edit(lambda value: value.update(change))
    with pytest.raises(ArtifactInvalid, match=r"manifest\.json"):
        load_manifest(folder)


# --- the fingerprint


def test_a_pipeline_that_reads_differently_here_is_refused_with_both_fingerprints(folder):
    manifest = load_manifest(folder)
    write_manifest(folder, replace(manifest, fingerprint="0" * 16))
    with pytest.raises(ArtifactInvalid) as caught:
        verify(folder)
    assert manifest.fingerprint in caught.value.message
    assert "0" * 16 in caught.value.message


def test_another_tokenizer_is_refused_by_its_fingerprint_though_its_checksum_fits(folder):
    manifest, path = load_manifest(folder), Layout(folder).tokenizer
    value = json.loads(path.read_text(encoding="utf-8"))
    value["normalizer"] = None
    path.write_text(json.dumps(value), encoding="utf-8")
    whole = write_manifest(folder, manifest)
    with pytest.raises(ArtifactInvalid, match="fingerprint"):
        load_pipeline(folder, whole)
