"""The last steps of training: from a trained network to a checked, calibrated artifact folder."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corpora.reports import to_report
from nlp.artifact import Golden, Layout, Manifest, write_manifest
from nlp.calibration import Calibration
from nlp.clauses import save_clauses
from nlp.domain import Kind, Prediction, Report, Urgency
from nlp.errors import ArtifactInvalid
from nlp.model import Model, Scores
from nlp.predictor import Predictor
from nlp.routing import Router, RoutingTable, mandate_clauses
from training.calibrate import calibrate, fit_routing, known_cases, past_cases
from training.card import write_card
from training.export import check_export, export_onnx, quantise

if TYPE_CHECKING:
    from torch import Tensor

    from training.parts import Parts
    from training.recipe import Recipe

#: Most accuracy of the topic that int8 may cost on the validation texts.
INT8_COST = 0.005
#: Texts that every installation must read alike, and how sure the model must be of them.
GOLDEN_TEXTS, GOLDEN_SURE = 8, 0.8


def assemble(
    parts: Parts,
    recipe: Recipe,
    folder: Path,
    about: dict[str, Any],
    windows: Sequence[Sequence[int]],
) -> Manifest:
    """Fill an empty folder with a whole artifact.

    Args:
        parts: The trained network with what it was trained from.
        recipe: The numbers of the run.
        folder: Where to write.
        about: What the manifest says of the run.
        windows: Token rows of the validation texts, for the choice of int8.

    Returns:
        The manifest as written.
    """
    about = about | {"export": export(parts, folder, windows)}
    save_for_training(parts, folder)
    draft = replace(_neutral_manifest(parts, recipe, {}), golden=_placeholder(parts))
    draft = write_manifest(folder, draft)
    draft = replace(draft, calibration=_calibration(parts, folder))
    draft = write_manifest(folder, draft)
    draft = _with_routing(parts, folder, draft)
    draft = write_manifest(folder, draft)
    draft = replace(draft, golden=_golden(parts, folder), about=about)
    manifest = write_manifest(folder, draft)
    Predictor.from_artifact(folder, parts.city).self_check()
    write_card(folder, manifest, parts)
    return manifest


def export(parts: Parts, folder: Path, windows: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Write ``model.onnx``, in int8 where that costs little enough; figures about both."""
    target, plain, small = (folder / f"{name}.onnx" for name in ("model", "float32", "int8"))
    export_onnx(parts.network, plain, parts.base.pad_id)
    gap = check_export(parts.network, plain, windows[:64])
    quantise(plain, small)
    truth = np.array([parts.labels.topics.index(r.topic) for r in parts.validation])
    before, after = (_accuracy(Model(p), windows, truth) for p in (plain, small))
    chosen = small if before - after <= INT8_COST else plain
    chosen.rename(target)
    for left in (plain, small):
        left.unlink(missing_ok=True)
    return {
        "largest_gap_to_torch": float(f"{gap:.2g}"),
        "topic_accuracy_float32": round(before, 4),
        "topic_accuracy_int8": round(after, 4),
        "shipped": "int8" if chosen is small else "float32",
    }


def save_for_training(parts: Parts, folder: Path) -> None:
    """Encoder and heads as bfloat16 safetensors, and the tokenizer."""
    import torch
    from safetensors.torch import save_file

    from training.bases import HEADS_FILE
    from training.network import heads_state

    layout = Layout(folder)
    # A copy: the network that was trained stays as precise as it is.
    encoder: Any = deepcopy(parts.network.encoder).to(torch.bfloat16)
    encoder.save_pretrained(layout.encoder)
    heads: dict[str, Tensor] = heads_state(parts.network)
    save_file(
        {k: v.detach().to(torch.bfloat16).contiguous() for k, v in heads.items()},
        layout.encoder / HEADS_FILE,
    )
    tokenizer = parts.base.tokenizer
    tokenizer.no_truncation()  # windows are the pipeline's, not the file's
    tokenizer.save(str(layout.tokenizer))
    tokenizer.enable_truncation(
        max_length=parts.pipeline.spec.window, stride=parts.pipeline.spec.overlap
    )


def _neutral_manifest(parts: Parts, recipe: Recipe, about: dict[str, Any]) -> Manifest:
    """The manifest before calibration."""
    return Manifest(
        kinds=parts.labels.kinds,
        topics=parts.labels.topics,
        calibration=Calibration(),
        routing=RoutingTable(sharpness=recipe.sharpness, cases=past_cases(parts.train)),
        pipeline=parts.pipeline.spec,
        fingerprint=parts.pipeline.fingerprint,
        golden=(),
        about=about,
    )


def _accuracy(model: Model, windows: Sequence[Sequence[int]], truth: np.ndarray) -> float:
    return float((model.score(windows).topic.argmax(1) == truth).mean())


def _scores(parts: Parts, folder: Path) -> tuple[Predictor, Scores]:
    predictor = Predictor.from_artifact(folder, parts.city)
    return predictor, predictor.scores([to_report(r) for r in parts.validation])


def _calibration(parts: Parts, folder: Path) -> Calibration:
    _, scores = _scores(parts, folder)
    return calibrate(scores, parts.validation, parts.labels)


def _with_routing(parts: Parts, folder: Path, draft: Manifest) -> Manifest:
    predictor, _ = _scores(parts, folder)
    reports = known_cases(parts.city, parts.validation)
    scores = predictor.scores([to_report(r) for r in reports])
    words = mandate_clauses(parts.city)
    clauses = predictor.embed([Report("", clause) for clause in words])
    save_clauses(Layout(folder).clauses, words, clauses)
    table, auto = fit_routing(
        lambda table: Router(parts.city, draft.topics, clauses, table),
        scores.embedding @ clauses.T,
        draft.calibration.topic(scores.topic),
        reports,
        draft.routing,
        list(parts.city.agencies),
    )
    thresholds = replace(draft.calibration.thresholds, auto_agency=auto)
    return replace(
        draft, routing=table, calibration=replace(draft.calibration, thresholds=thresholds)
    )


def _placeholder(parts: Parts) -> tuple[Golden, ...]:
    """A first golden text, never checked, so that the draft is a well-formed artifact."""
    topic = parts.labels.topics[0]
    text = parts.city.taxonomy.topics[topic].examples[0]
    return (Golden(text, Kind.PHAN_ANH, topic, Urgency.BINH_THUONG),)


def _golden(parts: Parts, folder: Path) -> tuple[Golden, ...]:
    """Examples of the taxonomy that the model is sure of; never texts that citizens sent."""
    examples = [
        (topic.slug, text)
        for topic in parts.city.taxonomy.topics.values()
        for text in topic.examples
        if not topic.restricted
    ]
    predictor = Predictor.from_artifact(folder, parts.city)
    answers = predictor.predict([Report(str(n), text) for n, (_, text) in enumerate(examples)])
    sure = [
        (min(a.topic_probability, a.kind_probability), text, a)
        for (slug, text), a in zip(examples, answers, strict=True)
        if isinstance(a, Prediction)
        and a.topic == slug
        and not any("close to the line" in reason for reason in a.reasons)
    ]
    sure.sort(key=lambda found: -found[0])
    chosen = [found for found in sure if found[0] >= GOLDEN_SURE][:GOLDEN_TEXTS] or sure[:1]
    if not chosen:
        raise ArtifactInvalid("the model reads none of the taxonomy's examples as they are meant")
    return tuple(Golden(text, a.kind, a.topic, a.urgency) for _, text, a in chosen)
