"""From labelled reports to an artifact: the whole story, from top to bottom."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import corpora
from corpora.city_files import load_city
from corpora.splits import split
from nlp.artifact import Layout, sha256
from nlp.errors import InputInvalid
from nlp.pipeline import TextPipeline
from nlp.registry import default_artifact
from training.parts import Parts
from training.recipe import Recipe

if TYPE_CHECKING:
    from corpora.reports import LabelledReport
    from nlp.city import City

DEFAULT_ROWS = Path(corpora.__file__).parent / "reports" / "train.jsonl"


def run(
    *,
    data: Sequence[Path],
    base: str | None,
    out: Path | None,
    seed: int,
    epochs: int | None,
    resume: bool,
    minutes: float | None,
    agencies: Path | None,
) -> Path:
    """Train, export, calibrate and write an artifact.

    Args:
        data: Files of labelled reports; the project's own where none is given.
        base: What to start from (``training.bases.load_base``); the shipped artifact by default.
        out: Folder of the new artifact; ``build/model`` by default.
        seed: Of everything random: same seed, data and base, same weights on one machine.
        epochs: Passes over the texts.
        resume: Go on from the checkpoint beside ``out``.
        minutes: Wall clock for fine-tuning.
        agencies: Another city's agencies file.

    Returns:
        The artifact folder.

    Raises:
        InputInvalid: ``out`` holds something else.
        ReportsInvalid: A row is wrong.
    """
    out = out or Path("build/model")
    if out.exists() and not (Layout(out).manifest.exists() or _is_empty(out)):
        raise InputInvalid(f"{out}: expected an empty folder or an artifact to replace")
    recipe = Recipe(seed=seed)
    recipe = replace(recipe, epochs=epochs) if epochs else recipe
    files = list(data) or [DEFAULT_ROWS]
    city = load_city(agencies=agencies)
    started = time.monotonic()
    parts = prepare(files, base or str(default_artifact()), city, recipe)
    checkpoint = out.with_name(out.name + ".checkpoint")
    if not resume:
        shutil.rmtree(checkpoint, ignore_errors=True)
    fine_tune(parts, recipe, minutes=minutes, checkpoint=checkpoint)
    finish(parts, recipe, out, _about(files, base))
    shutil.rmtree(checkpoint, ignore_errors=True)
    _say({"artifact": str(out), "seconds": round(time.monotonic() - started)})
    return out


def _is_empty(out: Path) -> bool:
    return out.is_dir() and not any(out.iterdir())


def _about(files: Sequence[Path], base: str | None) -> dict[str, Any]:
    return {
        "created": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "training_data": {file.name: sha256(file) for file in files if file.is_file()},
        "base": base or "the artifact shipped with the package",
    }


def prepare(files: Sequence[Path], base: str, city: City, recipe: Recipe) -> Parts:
    """Rows, their split, and a network on the base, with the base's heads if they fit."""
    import torch

    from training.bases import load_base
    from training.batches import Labels
    from training.network import build_reader, load_heads
    from training.rows import read_rows

    rows = read_rows(files, city)
    train, validation = split(rows, recipe.validation, recipe.seed)
    if len(validation) < 20:
        raise InputInvalid(
            f"{len(rows)} labelled reports leave {len(validation)} for validation: "
            "expected at least 20, which takes about 200 reports"
        )
    torch.manual_seed(recipe.seed)
    loaded = load_base(base)
    labels = Labels.of(city)
    network = build_reader(
        loaded.encoder,
        kinds=len(labels.kinds),
        topics=len(labels.topics),
        dropout=recipe.dropout,
    )
    kept = bool(loaded.heads) and load_heads(network, loaded.heads)
    _say({"train": len(train), "validation": len(validation), "heads_kept": kept})
    pipeline = TextPipeline(loaded.pipeline, loaded.tokenizer)
    return Parts(city, labels, loaded, pipeline, network, train, validation)


def fine_tune(parts: Parts, recipe: Recipe, *, minutes: float | None, checkpoint: Path) -> None:
    """Train encoder and heads, then fit the lexical branch and weigh it on validation texts."""
    import torch

    from training.batches import Clauses, TrainingTexts
    from training.fit import Fitting

    device = "cuda" if torch.cuda.is_available() else "cpu"
    options: dict[str, Any] = {"pad_id": parts.base.pad_id, "device": device}
    texts = TrainingTexts(parts.train, parts.labels, parts.pipeline, **options)
    clauses = Clauses.of(parts.city, parts.pipeline, device)
    fitting = Fitting(parts.network, texts, clauses, parts.city, parts.labels, recipe, **options)
    started = time.monotonic()

    def report(figures: dict[str, float]) -> None:
        gone = time.monotonic() - started
        left = gone / max(figures["progress"], 1e-6) - gone
        _say({**figures, "seconds": round(gone), "seconds_left": round(left)})

    fitting.run(report, minutes=minutes, checkpoint=checkpoint)
    parts.network.to("cpu")
    join_lexical(parts)


def join_lexical(parts: Parts) -> float:
    """Fit the lexical branch on the training texts and weigh it on the validation texts."""
    import numpy as np

    from training.calibrate import lexical_weight
    from training.export import torch_scores
    from training.lexical import LexicalBranch, fit_lexical, plain_ids

    topics = parts.labels.topics
    branch = LexicalBranch(plain_ids(parts.base.tokenizer), len(topics))
    fit_lexical(branch, _windows(parts, parts.train), _topic_index(parts, parts.train))
    windows = _windows(parts, parts.validation)
    encoder = torch_scores(parts.network, windows).topic
    parts.network.lexical = branch
    both = torch_scores(parts.network, windows).topic
    weight = lexical_weight(
        encoder, both - encoder, np.array(_topic_index(parts, parts.validation))
    )
    branch.table.weight.mul_(weight)
    _say({"lexical_weight": weight})
    return weight


def finish(parts: Parts, recipe: Recipe, out: Path, about: dict[str, Any]) -> None:
    """Export, check, choose int8 or float32, calibrate, and write the folder in one move."""
    from training.assemble import assemble

    folder = out.with_name(out.name + ".new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    assemble(parts, recipe, folder, about, _windows(parts, parts.validation))
    if out.exists():
        shutil.rmtree(out)
    folder.rename(out)


def _windows(parts: Parts, reports: Sequence[LabelledReport]) -> list[list[int]]:
    """The first window of each text."""
    from corpora.reports import to_report

    texts = [parts.pipeline.read(to_report(report)).model_text for report in reports]
    return [windows[0] for windows in parts.pipeline.windows_of(texts)]


def _topic_index(parts: Parts, reports: Sequence[LabelledReport]) -> list[int]:
    place = {slug: number for number, slug in enumerate(parts.labels.topics)}
    return [place[report.topic] for report in reports]


def _say(figures: dict[str, Any]) -> None:
    print(json.dumps(figures, ensure_ascii=False), flush=True)
