"""A tiny artifact with weights of chance, made as a real one is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nlp.artifact import Golden, Layout, Manifest, write_manifest
from nlp.calibration import Calibration
from nlp.city import City
from nlp.clauses import save_clauses
from nlp.domain import Kind, Prediction, Report, Urgency
from nlp.model import Model
from nlp.pipeline import PipelineSpec, TextPipeline
from nlp.predictor import Predictor
from nlp.routing import RoutingTable, mandate_clauses
from tests.checkpoints import SENTENCES

#: Small windows, so that a text of some lines has several.
SPEC = PipelineSpec(window=64, overlap=8, windows=6)
GOLDEN = "Đèn đường trước chợ tắt mấy bữa ni mà không ai sửa."


def write_artifact(folder: Path, city: City) -> Path:
    """Write a folder that ``Predictor.from_artifact`` loads; its clause vectors are in it."""
    layout = Layout(folder)
    tokenizer = _write_network(layout, len(city.taxonomy.topics))
    pipeline = TextPipeline(SPEC, tokenizer)
    manifest = Manifest(
        kinds=tuple(Kind),
        topics=tuple(city.taxonomy.topics),
        calibration=Calibration(),
        routing=RoutingTable(),
        pipeline=SPEC,
        fingerprint=pipeline.fingerprint,
        golden=(),
        about={"created": "2026-01-01T00:00:00+00:00", "base": "chance"},
    )
    predictor = Predictor(manifest, pipeline, Model(layout.model, threads=1), city)
    (answer,) = predictor.predict([Report("golden", GOLDEN)])
    assert isinstance(answer, Prediction)
    clauses = mandate_clauses(city)
    save_clauses(layout.clauses, clauses, predictor.embed([Report("", c) for c in clauses]))
    layout.card.write_text("# Chance\n", encoding="utf-8")
    golden = Golden(GOLDEN, answer.kind, answer.topic, answer.urgency)
    write_manifest(folder, replace(manifest, golden=(golden,)))
    return folder


def _write_network(layout: Layout, topics: int):
    import torch
    from transformers import ModernBertModel

    from training.encoder import EncoderShape, encoder_config
    from training.export import export_onnx
    from training.network import build_reader
    from training.vocabulary import PAD, SPECIAL, build_tokenizer, count_words, plain_form

    torch.set_num_threads(1)
    torch.manual_seed(3)
    words = sorted(count_words(SENTENCES))
    letters = sorted(set("".join(words) + "abcdefghijklmnopqrstuvwxyz0123456789"))
    tokens = [*letters, *(f"##{c}" for c in letters), *words]
    vocabulary = list(dict.fromkeys([*SPECIAL, *tokens, *map(plain_form, tokens)]))
    tokenizer = build_tokenizer(vocabulary)
    tokenizer.save(str(layout.tokenizer))
    shape = EncoderShape(
        vocabulary=len(vocabulary), layers=2, width=32, heads=2, inner=48, positions=128
    )
    encoder = ModernBertModel(encoder_config(shape))
    network = build_reader(encoder, kinds=len(Kind), topics=topics, levels=len(Urgency))
    with torch.no_grad():  # weights of chance hardly tell one text from another: louder
        for head in (network.kind, network.topic, network.urgency, network.also):
            head.question.weight.mul_(20)
            head.out.weight.mul_(12)
        network.also.out.bias.fill_(-6.0)
    export_onnx(network, layout.model, PAD)
    return tokenizer
