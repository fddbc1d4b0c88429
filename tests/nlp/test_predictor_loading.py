"""What a predictor checks before it answers, and what it takes from its artifact."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp.artifact import Layout, load_manifest, write_manifest
from nlp.clauses import save_clauses
from nlp.domain import Prediction, Report, Urgency
from nlp.errors import ArtifactInvalid
from nlp.predictor import Predictor
from nlp.routing import mandate_clauses

TEXT = "Rác thải sinh hoạt chất đống ở đầu ngõ hai tuần nay không ai thu gom."


def answer_of(predictor: Predictor) -> Prediction:
    (answer,) = predictor.predict([Report("r", TEXT)])
    assert isinstance(answer, Prediction)
    return answer


@pytest.fixture
def folder(tiny_artifact, tmp_path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(tiny_artifact, tmp_path / "artifact"))


def test_a_sound_artifact_passes_its_own_check(predictor):
    predictor.self_check()


def test_a_golden_text_with_another_label_is_told_by_its_number_alone(
    manifest, pipeline, model, city, remembered
):
    (golden,) = manifest.golden
    other = next(level for level in Urgency if level is not golden.urgency)
    wrong = replace(manifest, golden=(golden, replace(golden, urgency=other)))
    with pytest.raises(ArtifactInvalid, match="golden text 1") as caught:
        Predictor(wrong, pipeline, model, city, remembered=remembered).self_check()
    assert golden.text not in caught.value.message


def test_a_golden_text_that_is_refused_fails_the_check(manifest, pipeline, model, city, remembered):
    unreadable = replace(manifest.golden[0], text="!!")
    wrong = replace(manifest, golden=(unreadable,))
    checked = Predictor(wrong, pipeline, model, city, remembered=remembered)
    with pytest.raises(ArtifactInvalid, match="golden text 0: text_empty"):
        checked.self_check()


def test_topics_that_the_city_does_not_have_are_refused_by_name(manifest, pipeline, model, city):
    other = replace(manifest, topics=("bay-len-sao-hoa", *manifest.topics[1:]))
    with pytest.raises(ArtifactInvalid, match="bay-len-sao-hoa"):
        Predictor(other, pipeline, model, city)


def test_a_damaged_artifact_is_not_loaded(folder, city):
    with (folder / "model.onnx").open("r+b") as file:
        file.seek(100)
        file.write(b"\x00\x01\x02")
    with pytest.raises(ArtifactInvalid, match=r"model\.onnx: sha256 is \w{64}, expected \w{64}"):
        Predictor.from_artifact(folder, city)


def test_another_pipeline_is_not_loaded(folder, city):
    write_manifest(folder, replace(load_manifest(folder), fingerprint="0" * 16))
    with pytest.raises(ArtifactInvalid, match="fingerprint"):
        Predictor.from_artifact(folder, city)


def test_an_artifact_without_clause_vectors_reads_them_and_answers_the_same(
    folder, city, predictor
):
    Layout(folder).clauses.unlink()
    write_manifest(folder, predictor.manifest)
    found = answer_of(Predictor.from_artifact(folder, city))
    known = answer_of(predictor)
    assert [a.id for a in found.agencies] == [a.id for a in known.agencies]
    for new, old in zip(found.agencies, known.agencies, strict=True):
        assert new.score == pytest.approx(old.score, abs=0.02)


def test_clause_vectors_that_no_checksum_covers_are_not_trusted(folder, city, predictor):
    Layout(folder).clauses.unlink()
    write_manifest(folder, predictor.manifest)
    clauses = mandate_clauses(city)
    turned = np.roll(predictor.embed([Report("", clause) for clause in clauses]), 1, axis=0)
    save_clauses(Layout(folder).clauses, clauses, turned)
    found = answer_of(Predictor.from_artifact(folder, city))
    known = answer_of(predictor)
    assert [a.because for a in found.agencies] == [a.because for a in known.agencies]


def test_embeddings_are_unit_vectors_one_for_each_text(predictor):
    vectors = predictor.embed([Report("a", TEXT), Report("b", f"{TEXT}\n" * 12)])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
