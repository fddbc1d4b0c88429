"""The commands around the model: help, models, training, version."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nlp import registry
from nlp.errors import ArtifactInvalid
from serve import classify, cli

ROOT = Path(classify.__file__).parents[1]
COMMANDS = ["serve", "classify", "evaluate", "train", "pretrain", "doctor", "version"]
MODELS = ["list", "show", "promote", "rollback"]


def call(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli.main, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout, done.stderr


# ------------------------------------------------------------------------------------------ help


@pytest.mark.parametrize("command", [*COMMANDS, *(f"models {name}" for name in MODELS)])
def test_the_help_of_every_command_has_an_example(command: str) -> None:
    code, out, _ = call(*command.split(), "--help")
    assert code == 0
    assert f"phananh {command}" in out.split("For example")[1]


def test_help_names_every_command() -> None:
    _, out, _ = call("--help")
    assert all(name in out for name in [*COMMANDS, "models"])


def test_help_and_version_load_nothing_heavy() -> None:
    heavy = "{'numpy', 'onnxruntime', 'fastapi', 'uvicorn', 'torch', 'tokenizers', 'yaml'}"
    script = (
        "import sys\nfrom serve.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        f"print('heavy:', {heavy} & sys.modules.keys())"
    )
    for command in (["--help"], ["version"]):
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", script, *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines()[-1] == "heavy: set()"


def test_version_is_one_line() -> None:
    code, out, _ = call("version")
    assert code == 0
    assert out.startswith("phananh ")
    assert len(out.splitlines()) == 1


def test_an_unknown_command_is_a_wrong_call() -> None:
    assert call("clasify")[0] == 2


# -------------------------------------------------------------------------------------- settings


def test_a_wrong_setting_is_named_and_its_value_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHANANH_PORT", "bí-mật")
    code, _, err = call("models", "list")
    assert code == 2
    assert "port" in err
    assert "bí-mật" not in err


def test_serve_takes_the_command_line_over_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served: list[object] = []
    monkeypatch.setitem(sys.modules, "serve.app", types.SimpleNamespace(serve=served.append))
    monkeypatch.setenv("PHANANH_PORT", "1111")
    monkeypatch.setenv("PHANANH_HOST", "127.0.0.2")
    assert call("serve", "--port", "2222", "--agencies", "a.yaml")[0] == 0
    (settings,) = served
    assert (settings.host, settings.port) == ("127.0.0.2", 2222)  # type: ignore[attr-defined]
    assert settings.agencies_file == Path("a.yaml")  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------------------- models


def make_artifact(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    manifest = {"version": version, "created": "2026-01-01T00:00:00Z"}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def verify(folder: Path) -> None:
    """Stands for ``nlp.artifact.verify``."""
    if (folder / "damaged").exists():
        raise ArtifactInvalid(f"{folder}/model.onnx: expected checksum 00")


Models = Callable[..., tuple[int, str, str]]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Models:
    """``phananh models`` on a registry of v1 and v2."""
    make_artifact(tmp_path / "models" / "v1", "v1")
    make_artifact(tmp_path / "models" / "v2", "v2")
    monkeypatch.setitem(sys.modules, "nlp.artifact", types.SimpleNamespace(verify=verify))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: call("models", *arguments, "--registry", "models")


def test_promote_and_rollback_say_who_answers_now(models: Models) -> None:
    assert models("promote", "v1") == (0, "champion: v1\n", "")
    assert models("promote", "v2") == (0, "champion: v2\n", "")
    assert models("rollback") == (0, "champion: v1\n", "")


def test_history_names_who_did_it(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "lan")
    models("promote", "v1")
    assert registry.Registry(Path("models")).history()[0]["by"] == "lan"


def test_list_shows_every_version_with_its_roles(models: Models) -> None:
    models("promote", "v2")
    code, out, _ = models("list", "--json")
    rows = {row["version"]: row for row in map(json.loads, out.splitlines())}
    assert code == 0
    assert list(rows) == ["shipped", "v1", "v2"]
    assert rows["v2"] == {
        "version": "v2",
        "created": "2026-01-01T00:00:00Z",
        "roles": ["champion"],
    }
    assert rows["shipped"]["roles"] == ["previous"]
    assert "v2  2026-01-01T00:00:00Z  champion" in models("list")[1]


def test_show_prints_the_manifest(models: Models) -> None:
    models("promote", "v1")
    assert json.loads(models("show")[1])["version"] == "v1"
    assert json.loads(models("show", "v2")[1])["version"] == "v2"


def test_a_folder_is_added_and_promoted(models: Models, tmp_path: Path) -> None:
    make_artifact(tmp_path / "build", "v3")
    assert models("promote", "build") == (0, "champion: v3\n", "")
    assert json.loads(models("show")[1])["version"] == "v3"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["promote", "v7"], "expected one of shipped, v1, v2"),
        (["promote", "challenger"], "no challenger"),
        (["promote", "no/such"], "manifest.json"),
        (["show", "v7"], "no model version"),
        (["rollback"], "no previous version"),
    ],
)
def test_a_wrong_models_call_exits_2_with_one_sentence(
    models: Models, arguments: list[str], words: str
) -> None:
    code, out, err = models(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_a_damaged_version_is_not_promoted(models: Models, tmp_path: Path) -> None:
    (tmp_path / "models" / "v2" / "damaged").touch()
    code, _, err = models("promote", "v2")
    assert code == 2
    assert "expected checksum" in err


def test_models_without_a_registry_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PHANANH_MODEL_FOLDER", raising=False)
    code, _, err = call("models", "list")
    assert code == 2
    assert "--registry" in err


def test_a_single_artifact_is_no_registry(models: Models) -> None:
    assert call("models", "list", "--registry", "models/v1")[0] == 2


# -------------------------------------------------------------------------------------- training


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, object]]:
    """What the training commands were called with."""
    calls: dict[str, dict[str, object]] = {}
    for name in ("evaluate", "train", "pretrain"):
        module = types.SimpleNamespace(run=lambda _name=name, **said: calls.update({_name: said}))
        monkeypatch.setitem(sys.modules, f"training.{name}", module)
    monkeypatch.setattr(cli, "find_spec", lambda _name: object())
    return calls


def test_options_reach_the_training_commands(given: dict[str, dict[str, object]]) -> None:
    assert call("evaluate", "t.jsonl", "--out", "report", "--baseline")[0] == 0
    assert given["evaluate"] == {
        "file": Path("t.jsonl"),
        "model": None,
        "out": Path("report"),
        "baseline": True,
        "no_accents": False,
        "agencies": None,
    }
    words = (
        "train --data a --data b --base vinai/x --out m --seed 3 --epochs 2 --resume --minutes 5"
    )
    assert call(*words.split(), "--agencies", "a.yaml")[0] == 0
    assert given["train"] == {
        "data": [Path("a"), Path("b")],
        "base": "vinai/x",
        "out": Path("m"),
        "seed": 3,
        "epochs": 2,
        "resume": True,
        "minutes": 5.0,
        "agencies": Path("a.yaml"),
    }
    assert call("pretrain", "--data", "texts", "--out", "e")[0] == 0
    assert given["pretrain"]["data"] == [Path("texts")]


@pytest.mark.parametrize("command", [["train"], ["pretrain", "--data", "x", "--out", "e"]])
def test_without_torch_training_says_how_to_get_it(
    given: dict[str, dict[str, object]], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda _name: None)
    code, _, err = call(*command)
    assert code == 2
    assert "pip install 'phananh[train]'" in err
    assert "make install EXTRAS=train" in err
    assert given == {}


def test_a_library_that_evaluate_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluate(**_options: object) -> None:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn.svm")

    monkeypatch.setitem(sys.modules, "training.evaluate", types.SimpleNamespace(run=evaluate))
    code, _, err = call("evaluate", "t.jsonl")
    assert code == 2
    assert "sklearn is not installed" in err


# -------------------------------------------------------------------------------------- terminal


def test_on_a_terminal_the_end_is_said_in_words(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_text('{"id": "a", "text": "x"}\n{\n', encoding="utf-8")
    script = (
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from serve import cli\nfrom tests.fakes import FakePredictor, made_up_city\n"
        "cli._predictor = lambda settings: FakePredictor(made_up_city())\ncli.main()"
    )
    reader, terminal = pty.openpty()
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, "classify", str(file), "--out", str(tmp_path / "out")],
        stderr=terminal,
        check=False,
    )
    os.close(terminal)
    said = b""
    try:
        while piece := os.read(reader, 65_536):
            said += piece
    except OSError:  # what a terminal says at its end
        pass
    os.close(reader)
    assert done.returncode == 1
    assert b"1 failed (json_invalid: 1)" in said
    assert b'"event"' not in said
