"""From labelled reports to an artifact that is served: the whole story on a tiny base."""

from __future__ import annotations

import json
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpora.reports import read_reports, to_report
from nlp.artifact import Layout, load_manifest, verify
from nlp.domain import Prediction, Report
from nlp.errors import InputInvalid
from nlp.model import Model, Scores
from nlp.predictor import Predictor
from tests.tiny_base import write_tiny_base
from training import train
from training.recipe import Recipe

for library in ("transformers", "datasets", "sklearn", "onnx", "sentence_transformers"):
    pytest.importorskip(library)
export = pytest.importorskip("training.export")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_torch_thread")]

ROWS = 260
#: Options of ``train.run`` that the tests leave as they are.
PLAIN: dict[str, Any] = {"minutes": None, "agencies": None}


class Interrupted(Exception):
    pass


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("data") / "reports.jsonl"
    with train.DEFAULT_ROWS.open(encoding="utf-8") as lines:
        file.write_text("".join(islice(lines, ROWS)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def base(tmp_path_factory, data, city) -> Path:
    texts = [report.text for report in read_reports(data, city.taxonomy)]
    return write_tiny_base(tmp_path_factory.mktemp("base"), texts)


@pytest.fixture(scope="module")
def float32_only():
    """Ship float32, so that what is served can be compared with what was trained."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.assemble.INT8_COST", -2.0)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data, base, one_torch_thread, float32_only):
    """An artifact folder, and the parts it was made of."""
    kept = []
    prepare = train.prepare

    def watched(*arguments):
        kept.append(prepare(*arguments))
        return kept[-1]

    out = tmp_path_factory.mktemp("out") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "prepare", watched)
        found = train.run(
            data=[data], base=str(base), out=out, seed=3, epochs=2, resume=False, **PLAIN
        )
    assert found == out
    return out, kept[0]


def test_the_folder_is_served(trained, city, data):
    out, _ = trained
    assert verify(out) == load_manifest(out).version
    predictor = Predictor.from_artifact(out, city, threads=1)
    predictor.self_check()
    reports = [to_report(report) for report in read_reports(data, city.taxonomy)[:8]]
    answers = predictor.predict(reports)
    topics = [answer.topic for answer in answers if isinstance(answer, Prediction)]
    assert len(topics) == len(reports)
    assert len(set(topics)) > 1


def test_nothing_is_left_beside_the_folder(trained):
    out, _ = trained
    assert [path.name for path in out.parent.iterdir()] == ["model"]
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert names == {
        "manifest.json",
        "model.onnx",
        "tokenizer.json",
        "clauses.npz",
        "card.md",
        "encoder/config.json",
        "encoder/model.safetensors",
        "encoder/heads.safetensors",
    }


def test_what_is_served_is_what_was_trained(trained):
    out, parts = trained
    windows = train._windows(parts, parts.validation)[:16]
    served = Model(Layout(out).model, threads=1).score(windows)
    expected = export.torch_scores(parts.network, windows)
    for field in fields(Scores):
        gap = np.abs(getattr(served, field.name) - getattr(expected, field.name)).max()
        assert gap <= export.TOLERANCE, field.name


def test_int8_is_smaller_and_mostly_says_the_same(trained, tmp_path):
    out, parts = trained
    export.quantise(Layout(out).model, tmp_path / "int8.onnx")
    windows = train._windows(parts, parts.validation)
    plain, small = (
        Model(path, threads=1).score(windows).topic.argmax(1)
        for path in (Layout(out).model, tmp_path / "int8.onnx")
    )
    assert (plain == small).mean() >= 0.9
    assert (tmp_path / "int8.onnx").stat().st_size < 0.7 * Layout(out).model.stat().st_size


def test_the_manifest_says_from_what_it_was_made_and_no_place_on_disk(trained, data, base):
    out, parts = trained
    about = load_manifest(out).about
    assert list(about["training_data"]) == [data.name]
    assert about["export"]["largest_gap_to_torch"] <= export.TOLERANCE
    assert about["export"]["shipped"] == "float32"
    card = Layout(out).card.read_text(encoding="utf-8")
    assert load_manifest(out).version in card
    assert f"{len(parts.validation)} validation texts" in card
    place = str(data.parent.parent).encode()
    assert place not in Layout(out).model.read_bytes()


def test_a_run_that_broke_off_gives_the_same_version_when_it_is_resumed(
    trained, data, base, tmp_path, monkeypatch
):
    out, say = tmp_path / "model", train._say
    options: dict[str, Any] = {"data": [data], "base": str(base), "seed": 3, "epochs": 2}
    resumed: list[dict[str, Any]] = []

    def broken(figures):
        if figures.get("epoch") == 2:
            raise Interrupted
        say(figures)

    monkeypatch.setattr(train, "_say", broken)
    with pytest.raises(Interrupted):
        train.run(out=out, resume=False, **options, **PLAIN)
    assert not out.exists()
    monkeypatch.setattr(train, "_say", resumed.append)
    train.run(out=out, resume=True, **options, **PLAIN)
    assert [figures["epoch"] for figures in resumed if "epoch" in figures] == [2]
    assert load_manifest(out).version == load_manifest(trained[0]).version


def test_an_artifact_is_a_base_that_keeps_its_heads(trained, data, city, capsys):
    out, parts = trained
    again = train.prepare([data], str(out), city, Recipe(seed=3))
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["heads_kept"] is True
    assert figures["train"] + figures["validation"] == ROWS
    windows = train._windows(parts, parts.validation)[:8]
    before, after = (
        export.torch_scores(network, windows) for network in (parts.network, again.network)
    )
    assert np.abs(before.urgency - after.urgency).max() < 0.05  # saved in bfloat16


def test_texts_read_alike_in_training_and_in_service(trained, city):
    out, parts = trained
    predictor = Predictor.from_artifact(out, city, threads=1)
    report = Report("1", "Gọi 0905 123 456, ĐÈN   đường kiệt 7 tắt")
    served = predictor.scores([report])
    model_text = parts.pipeline.read(report).model_text
    expected = export.torch_scores(parts.network, parts.pipeline.windows(model_text))
    assert np.abs(served.topic - expected.topic).max() <= export.TOLERANCE


# --- refusals, before anything is trained --------------------------------------------------------


@pytest.mark.parametrize("kind", ["a folder of something else", "a file"])
def test_nothing_foreign_is_overwritten(tmp_path, data, base, kind):
    out = tmp_path / "mine"
    if kind == "a file":
        out.write_text("precious")
    else:
        out.mkdir()
        (out / "letters.txt").write_text("precious")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(InputInvalid, match="mine: expected an empty folder or an artifact"):
        train.run(data=[data], base=str(base), out=out, seed=0, epochs=1, resume=False, **PLAIN)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_too_few_reports_are_refused_with_how_many_it_takes(tmp_path, data, base, city):
    few = tmp_path / "few.jsonl"
    few.write_text("".join(data.read_text(encoding="utf-8").splitlines(True)[:50]), "utf-8")
    with pytest.raises(InputInvalid, match=r"50 labelled reports leave .* about 200"):
        train.prepare([few], str(base), city, Recipe())
