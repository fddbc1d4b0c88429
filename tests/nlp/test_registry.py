"""Which model version answers, and how that changes."""

from __future__ import annotations

import json
import os
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import registry as registry_module
from nlp.errors import ArtifactInvalid, ModelUnknown
from nlp.registry import SHIPPED, Registry, default_artifact, read_manifest, served_artifact


def whole(folder: Path) -> None:
    """Stands for ``nlp.artifact.verify``: an artifact with a file ``damaged`` is not whole."""
    if (folder / "damaged").exists():
        raise ArtifactInvalid(f"{folder}: damaged")


def make_artifact(folder: Path, version: str, created: str = "2026-01-01T00:00:00Z") -> Path:
    folder.mkdir(parents=True)
    manifest = {"version": version, "created": created}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    for version in ("v1", "v2", "v3"):
        make_artifact(tmp_path / "models" / version, version)
    return Registry(tmp_path / "models", verify=whole)


def roles(registry: Registry) -> tuple[str | None, str | None, str | None]:
    return tuple(registry.pointer(name) for name in registry_module.POINTERS)  # type: ignore[return-value]


def test_the_shipped_artifact_answers_until_something_is_promoted(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "nowhere", verify=whole)
    assert roles(registry) == (SHIPPED, None, None)
    assert registry.resolve("champion") == default_artifact()
    assert registry.versions() == ()
    assert registry.history() == []
    assert not registry.root.exists()


def test_the_default_artifact_is_in_the_package() -> None:
    assert default_artifact() == Path(registry_module.__file__).parent / "model"


def test_promote_keeps_the_old_champion_as_previous(registry: Registry) -> None:
    registry.promote("v1", by="lan")
    assert roles(registry) == ("v1", None, SHIPPED)
    registry.promote("v2", by="lan")
    assert roles(registry) == ("v2", None, "v1")
    assert registry.resolve("champion") == registry.root / "v2"
    assert registry.resolve("previous") == registry.root / "v1"


def test_promoting_the_champion_again_changes_nothing(registry: Registry) -> None:
    registry.promote("v1", by="lan")
    registry.promote("v2", by="lan")
    before = registry.history()
    assert registry.promote("v2", by="lan") == "v2"
    assert roles(registry) == ("v2", None, "v1")
    assert registry.history() == before


def test_rollback_swaps_champion_and_previous(registry: Registry) -> None:
    registry.promote("v1", by="lan")
    registry.promote("v2", by="lan")
    assert registry.rollback(by="minh") == "v1"
    assert roles(registry) == ("v1", None, "v2")
    assert registry.rollback(by="minh") == "v2"
    assert roles(registry) == ("v2", None, "v1")


def test_rollback_of_the_first_promotion_goes_back_to_the_shipped_one(
    registry: Registry,
) -> None:
    registry.promote("v1", by="lan")
    assert registry.rollback(by="lan") == SHIPPED
    assert registry.resolve("champion") == default_artifact()


def test_rollback_without_a_previous_version_says_so(registry: Registry) -> None:
    with pytest.raises(ModelUnknown, match="no previous version"):
        registry.rollback(by="lan")


def test_history_tells_when_who_from_and_to(registry: Registry) -> None:
    registry.promote("v1", by="lan")
    registry.rollback(by="minh")
    promoted, rolled_back = registry.history()
    assert {k: promoted[k] for k in ("action", "by", "from", "to")} == {
        "action": "promote",
        "by": "lan",
        "from": SHIPPED,
        "to": "v1",
    }
    assert (rolled_back["action"], rolled_back["by"]) == ("rollback", "minh")
    assert str(promoted["at"]).endswith("+00:00")


def test_a_damaged_version_is_not_promoted(registry: Registry) -> None:
    registry.promote("v1", by="lan")
    (registry.root / "v2" / "damaged").touch()
    with pytest.raises(ArtifactInvalid):
        registry.promote("v2", by="lan")
    assert roles(registry) == ("v1", None, SHIPPED)
    assert len(registry.history()) == 1


def test_rollback_to_a_damaged_version_leaves_the_champion(registry: Registry) -> None:
    registry.promote("v1", by="lan")
    registry.promote("v2", by="lan")
    (registry.root / "v1" / "damaged").touch()
    with pytest.raises(ArtifactInvalid):
        registry.rollback(by="lan")
    assert roles(registry) == ("v2", None, "v1")


def test_a_folder_that_holds_another_version_is_not_promoted(registry: Registry) -> None:
    make_artifact(registry.root / "v9", "v8")
    with pytest.raises(ArtifactInvalid, match="expected version v9"):
        registry.promote("v9", by="lan")


def test_an_unknown_version_is_refused_with_the_known_ones(registry: Registry) -> None:
    with pytest.raises(ModelUnknown, match="shipped, v1, v2, v3"):
        registry.promote("v7", by="lan")


@pytest.mark.parametrize("name", ["..", "../v1", "/etc", "", ".lock", "v1/../v2", "history.jsonl"])
def test_a_version_is_never_a_path(registry: Registry, name: str) -> None:
    registry.promote("v1", by="lan")
    with pytest.raises(ModelUnknown):
        registry.resolve(name)


def test_a_pointer_with_rubbish_inside_is_refused(registry: Registry) -> None:
    (registry.root / "champion").write_bytes(b"../../etc\xff\n")
    with pytest.raises(ModelUnknown):
        registry.resolve("champion")


def test_versions_are_listed_oldest_first(tmp_path: Path) -> None:
    make_artifact(tmp_path / "b", "b", created="2026-01-01T00:00:00Z")
    make_artifact(tmp_path / "a", "a", created="2026-02-01T00:00:00Z")
    (tmp_path / "no-artifact").mkdir()
    assert Registry(tmp_path).versions() == ("b", "a")


def test_add_copies_an_artifact_and_makes_it_the_challenger(
    registry: Registry, tmp_path: Path
) -> None:
    folder = make_artifact(tmp_path / "build", "v4")
    assert registry.add(folder, by="lan") == "v4"
    assert roles(registry) == (SHIPPED, "v4", None)
    assert read_manifest(registry.resolve("challenger"))["version"] == "v4"
    registry.promote("challenger", by="lan")
    assert roles(registry) == ("v4", None, SHIPPED)
    assert registry.add(folder, by="lan") == "v4"  # a second time copies nothing


def test_add_leaves_nothing_of_a_damaged_artifact(registry: Registry, tmp_path: Path) -> None:
    folder = make_artifact(tmp_path / "build", "v4")
    (folder / "damaged").touch()
    with pytest.raises(ArtifactInvalid):
        registry.add(folder, by="lan")
    assert registry.versions() == ("v1", "v2", "v3")


@pytest.mark.parametrize("version", ["../v4", "champion", "shipped", "", None])
def test_add_refuses_a_version_that_is_no_name(
    registry: Registry, tmp_path: Path, version: str
) -> None:
    with pytest.raises(ArtifactInvalid, match="version"):
        registry.add(make_artifact(tmp_path / "build", version), by="lan")


def test_a_torn_line_of_history_is_passed_over_and_never_glued_to_the_next(
    registry: Registry,
) -> None:
    registry.promote("v1", by="lan")
    with (registry.root / "history.jsonl").open("a", encoding="utf-8") as history:
        history.write('{"at": "2026')
    registry.promote("v2", by="lan")
    assert [entry["to"] for entry in registry.history()] == ["v1", "v2"]


@pytest.mark.parametrize("dies_at", range(12))
def test_a_crash_at_any_step_leaves_a_champion_and_a_true_history(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    registry.promote("v1", by="lan")
    registry.promote("v2", by="lan")
    steps = 0
    real_fsync = os.fsync

    def dying_fsync(descriptor: int) -> None:
        nonlocal steps
        steps += 1
        if steps > dies_at:
            raise KeyboardInterrupt
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", dying_fsync)
    try:
        registry.promote("v3", by="lan")
    except KeyboardInterrupt:
        assert registry.pointer("champion") in ("v2", "v3")
        assert registry.resolve("champion").is_dir()
    monkeypatch.undo()
    registry.promote("v3", by="minh")
    registry.promote("v1", by="minh")
    flips = registry.history()
    assert all(now["to"] == then["from"] for now, then in pairwise(flips))
    assert flips[-1]["to"] == "v1"


def test_racing_promotions_leave_one_unbroken_history(registry: Registry) -> None:
    def promote_and_go_back() -> None:
        own = Registry(registry.root, verify=whole)
        for version in ("v1", "v2", "v3") * 2:
            own.promote(version, by="x")
            own.rollback(by="x")

    threads = [threading.Thread(target=promote_and_go_back) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flips = registry.history()
    assert len(flips) >= 24
    assert flips[-1]["to"] == registry.pointer("champion")
    assert all(now["to"] == then["from"] for now, then in pairwise(flips))


@settings(max_examples=20, deadline=None)  # every step waits for the disk
@given(st.lists(st.sampled_from(["v1", "v2", "v3", "rollback"]), max_size=8))
def test_champion_is_always_the_last_flip_and_previous_the_one_before(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    root = tmp_path_factory.mktemp("models")
    for version in ("v1", "v2", "v3"):
        make_artifact(root / version, version)
    registry = Registry(root, verify=whole)
    champion, previous = SHIPPED, None
    for step in steps:
        if step == "rollback" and previous is not None:
            registry.rollback(by="x")
            champion, previous = previous, champion
        elif step not in ("rollback", champion):
            registry.promote(step, by="x")
            champion, previous = step, champion
    assert roles(registry) == (champion, None, previous)


def test_served_is_the_artifact_itself_or_the_champion_of_a_registry(registry: Registry) -> None:
    assert served_artifact(None) == default_artifact()
    assert served_artifact(registry.root / "v2") == registry.root / "v2"
    registry.promote("v3", by="lan")
    assert served_artifact(registry.root) == registry.root / "v3"


@pytest.mark.parametrize("content", [None, b"[]", b"{", b'{"a": NaN}'])
def test_a_manifest_that_is_no_object_is_refused_by_its_path(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactInvalid, match=r"manifest\.json"):
        read_manifest(tmp_path)
