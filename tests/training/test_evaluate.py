"""The command: reads a file, prints the head, saves the rest."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from nlp.errors import ExtraMissing, ReportsInvalid
from training import evaluate as command
from training.evaluate import run


@pytest.fixture
def write(tmp_path):
    def written(reports, name="dev.jsonl"):
        path = tmp_path / "set" / name
        path.parent.mkdir(exist_ok=True)
        lines = [
            {
                "id": r.id,
                "text": r.text,
                "topic": r.topic,
                "also": list(r.also),
                "urgency": int(r.urgency),
                "kind": r.kind.value,
                "agencies": list(r.agencies),
                "ward": r.ward,
                "style": r.style,
            }
            for r in reports
        ]
        path.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
        return path

    return written


def test_it_prints_the_head_figures(write, oracle, some_reports, capsys):
    evaluation = run(write(some_reports), predictor=oracle(), bootstrap=10)
    printed = capsys.readouterr().out
    assert evaluation.data == "set/dev"
    assert "set/dev: 24 reports, model oracle-1" in printed
    assert "topic, accuracy" in printed
    assert "1.000 [1.000, 1.000]" in printed
    assert "without accents" not in printed
    assert "refused" not in printed


def test_it_says_how_many_were_refused(write, oracle, some_reports, capsys):
    predictor = oracle(refused=frozenset(["r-01", "r-02"]))
    run(write(some_reports), predictor=predictor, bootstrap=0)
    assert "as sent: 2 refused, counted as wrong" in capsys.readouterr().out


def test_it_saves_reports_and_pictures_where_told(write, oracle, some_reports, tmp_path):
    out = tmp_path / "out"
    run(write(some_reports), out=out, predictor=oracle(), bootstrap=0, no_accents=True)
    assert {path.name for path in out.iterdir()} == {
        "evaluation.json",
        "evaluation.md",
        "confusion.png",
        "reliability.png",
        "risk_coverage.png",
    }
    assert len(json.loads((out / "evaluation.json").read_text("utf-8"))["columns"]) == 2


def test_it_compares_with_a_rival_trained_on_other_reports(
    write, oracle, some_reports, labelled, capsys, tmp_path
):
    rows = write([*some_reports, labelled("other", "Rác chưa ai lấy", topic="rac")], "train.jsonl")
    out = tmp_path / "out"
    file = write(some_reports)
    run(file, out=out, predictor=oracle(), baseline=True, baseline_rows=_several(rows), bootstrap=9)
    assert "ours against the baseline" in capsys.readouterr().out
    assert "## Against the baseline" in (out / "evaluation.md").read_text("utf-8")
    assert json.loads((out / "evaluation.json").read_text("utf-8"))["comparison"]


def _several(path):
    """The same labels under other ids and with other texts, so that there is enough to learn."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    more = [
        line | {"id": f"{line['id']}-{turn}", "text": f"{line['text']} lần {turn}"}
        for line in lines
        for turn in range(3)
    ]
    path.write_text("\n".join(json.dumps(line) for line in [*lines, *more]), "utf-8")
    return path


def test_the_rival_never_learns_from_what_it_is_asked(
    write, oracle, some_reports, labelled, monkeypatch
):
    learned = []

    def fit(reports, city):
        learned.extend(reports)
        return oracle()

    monkeypatch.setattr("training.baseline.fit_baseline", fit)
    rows = write([*some_reports, labelled("other", "Rác chưa ai lấy")], "train.jsonl")
    run(write(some_reports), predictor=oracle(), baseline=True, baseline_rows=rows, bootstrap=0)
    assert [report.id for report in learned] == ["other"]


def test_a_wrong_file_is_refused_before_anything_is_asked(oracle, tmp_path):
    predictor = oracle()
    with pytest.raises(ReportsInvalid, match="can't be read"):
        run(tmp_path / "missing.jsonl", predictor=predictor)
    assert predictor.asked == []


def test_progress_away_from_a_terminal_is_lines_of_json(monkeypatch, capsys):
    monkeypatch.setattr(command, "_SECONDS_BETWEEN_LINES", 0.0)
    with command._progress(100) as progress:
        progress(64)
        progress(36)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        {"event": "progress", "answered": 64, "total": 100},
        {"event": "progress", "answered": 100, "total": 100},
    ]


def test_measuring_needs_no_training_library(write, oracle, some_reports, tmp_path, monkeypatch):
    absent = ("sklearn", "sklearn.feature_extraction.text", "scipy", "torch", "datasketch")
    for library in absent:
        monkeypatch.setitem(sys.modules, library, None)  # importing it now fails
    run(write(some_reports), out=tmp_path / "out", predictor=oracle(), bootstrap=10)
    with pytest.raises(ExtraMissing, match="scikit-learn is not installed"):
        run(
            write(some_reports[:2]),
            predictor=oracle(),
            baseline=True,
            baseline_rows=write(some_reports, "train.jsonl"),
        )


def test_importing_the_command_loads_no_heavy_library():
    heavy = {"sklearn", "scipy", "torch", "matplotlib", "datasketch", "rich"}
    program = f"import sys, training.evaluate; sys.exit(bool({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603
