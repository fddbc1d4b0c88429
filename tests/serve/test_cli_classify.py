"""The command ``phananh classify``: exit codes, files, interrupts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nlp.domain import Answer, Report
from nlp.errors import ArtifactInvalid
from nlp.items import strict_json
from serve import cli
from serve.console import PIPE_CLOSED
from tests.fakes import FakePredictor, made_up_city

ROOT = Path(cli.__file__).parents[1]


def fake() -> FakePredictor:
    return FakePredictor(made_up_city())


def line(identifier: str, text: str = "x") -> bytes:
    return json.dumps({"id": identifier, "text": text}).encode() + b"\n"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakePredictor:
    """The model that the command finds."""
    predictor = fake()
    monkeypatch.setattr(cli, "_predictor", lambda _settings: predictor)
    return predictor


@pytest.mark.usefixtures("model")
def test_exit_0_and_answers_when_all_are_answered() -> None:
    done = CliRunner().invoke(cli.main, ["classify", "-"], input=line("a") + line("b"))
    assert done.exit_code == 0
    assert [strict_json(one)["id"] for one in done.stdout.splitlines()] == ["a", "b"]  # type: ignore[index]


@pytest.mark.usefixtures("model")
def test_exit_1_and_a_summary_by_code_when_some_fail() -> None:
    data = line("a") + line("a") + b"{\n" + b"[\n" + line("b")
    done = CliRunner().invoke(cli.main, ["classify"], input=data)
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 5
    summary = json.loads(done.stderr.splitlines()[-1])
    assert (summary["event"], summary["answered"], summary["failed"]) == ("done", 2, 3)
    assert summary["errors"] == {"duplicate_id": 1, "json_invalid": 2}


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl: No such file"),
        (["."], "Is a directory"),
        (["ok.jsonl", "--out", "no/such/folder/out.jsonl"], "No such file"),
        (["ok.jsonl", "--out", "."], "Is a directory"),
        (["array.json"], "expected JSON lines"),
        (["ok.jsonl", "--unknown"], "No such option"),
    ],
)
def test_exit_2_when_the_call_itself_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ok.jsonl").write_bytes(line("a"))
    Path("array.json").write_bytes(b'[{"id": "a"}]')
    done = CliRunner().invoke(cli.main, ["classify", *arguments])
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_exit_2_when_the_model_is_unreadable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(_settings: object) -> FakePredictor:
        raise ArtifactInvalid("model.onnx: expected checksum 00")

    monkeypatch.setattr(cli, "_predictor", refuse)
    out = tmp_path / "out.jsonl"
    done = CliRunner().invoke(cli.main, ["classify", "--out", str(out)], input=line("a"))
    assert done.exit_code == 2
    assert "model.onnx: expected checksum" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("model")
def test_out_appears_whole_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old", encoding="utf-8")
    done = CliRunner().invoke(cli.main, ["classify", "--out", str(out)], input=line("a"))
    assert done.exit_code == 0
    assert done.stdout == ""
    assert strict_json(out.read_bytes())["id"] == "a"  # type: ignore[index]
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_run_that_breaks_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(FakePredictor):
        def predict(self, reports: Sequence[Report], *, explain: bool = False) -> list[Answer]:
            raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_predictor", lambda _settings: Interrupted(made_up_city()))
    monkeypatch.setattr("serve.console._forget_output", lambda: None)
    out = tmp_path / "out.jsonl"
    out.write_text("old", encoding="utf-8")
    done = CliRunner().invoke(cli.main, ["classify", "--out", str(out)], input=line("a"))
    assert done.exit_code == 130
    assert out.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


@pytest.mark.usefixtures("model")
def test_out_may_be_the_input_itself(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_bytes(line("a"))
    done = CliRunner().invoke(cli.main, ["classify", str(file), "--out", str(file)])
    assert done.exit_code == 0
    assert b"model_version" in file.read_bytes()


@pytest.mark.usefixtures("model")
def test_out_to_a_device_is_written_there_and_never_replaces_it() -> None:
    done = CliRunner().invoke(cli.main, ["classify", "--out", "/dev/null"], input=line("a"))
    assert done.exit_code == 0
    assert Path("/dev/null").is_char_device()


@pytest.mark.usefixtures("model")
def test_explain_asks_for_evidence() -> None:
    done = CliRunner().invoke(cli.main, ["classify", "--explain"], input=line("a"))
    assert strict_json(done.stdout)["evidence"] == []  # type: ignore[index]


def test_progress_off_a_terminal_is_json_lines_with_rate_and_time_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("serve.progress.SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(cli, "_size", lambda _source: 100_000)
    monkeypatch.setattr(cli, "_predictor", lambda _settings: fake())
    data = b"".join(line(str(n)) for n in range(300))
    done = CliRunner().invoke(cli.main, ["classify"], input=data)
    events = [json.loads(one) for one in done.stderr.splitlines()]
    assert [event["event"] for event in events] == ["progress", "progress", "done"]
    assert events[0]["answered"] == 256
    assert {"per_second", "seconds_left", "failed"} <= events[0].keys()


# ------------------------------------------------------------------------------- a real process

PROCESS = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from serve import cli
from tests.fakes import FakePredictor, made_up_city
cli._predictor = lambda settings: FakePredictor(made_up_city())
cli.main()
"""


def start(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROCESS, str(ROOT), *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)  # noqa: S603


def test_a_closed_pipe_ends_the_process_quietly() -> None:
    with start("classify") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        process.stdin.write(b"".join(line(str(n)) for n in range(1000)))
        process.stdin.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait() == PIPE_CLOSED


def test_an_interrupt_ends_the_process_quietly() -> None:
    with start("classify") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"".join(line(str(n)) for n in range(256)))
        process.stdin.flush()
        process.stdout.readline()  # it is at work and waits for more
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr.read() == b""
        process.stdin.close()
