"""A predictor with weights of chance, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from nlp.artifact import Layout, Manifest, load_manifest, load_pipeline
from nlp.city import City
from nlp.clauses import Vectors, load_clauses
from nlp.model import Model
from nlp.pipeline import TextPipeline
from nlp.predictor import Predictor


@pytest.fixture(scope="session")
def manifest(tiny_artifact: Path) -> Manifest:
    return load_manifest(tiny_artifact)


@pytest.fixture(scope="session")
def pipeline(tiny_artifact: Path, manifest: Manifest) -> TextPipeline:
    return load_pipeline(tiny_artifact, manifest)


@pytest.fixture(scope="session")
def model(tiny_artifact: Path) -> Model:
    return Model(Layout(tiny_artifact).model, threads=1)


@pytest.fixture(scope="session")
def remembered(tiny_artifact: Path) -> Mapping[str, Vectors]:
    """The clause vectors of the artifact, so that a predictor need not read the clauses."""
    return load_clauses(Layout(tiny_artifact).clauses)


@pytest.fixture(scope="session")
def predictor(tiny_artifact: Path, city: City) -> Predictor:
    return Predictor.from_artifact(tiny_artifact, city, threads=1)
