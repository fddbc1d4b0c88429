"""The model card: what a version is, what it was made from and what it can't do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp.artifact import Layout, Manifest

if TYPE_CHECKING:
    from training.parts import Parts

_CARD = """\
# Model card: version {version}

Reads Vietnamese texts that citizens send to their city and tags kind, topic, urgency; gives an
embedding by which the responsible agency is found. Made {created}.

## What it is
- Encoder: {encoder}, from {base}. Heads for kind ({kinds}), topic ({topics} leaves), urgency
  (ordinal, four levels), further topics, and a unit embedding of {width} numbers; a linear branch
  over words and word pairs beside the topic head.
- Graph: `model.onnx`, {shipped}. Topic accuracy on the validation texts: float32 {float32},
  int8 {int8}. Largest difference of a raw score to the trained network: {gap}.
- Texts longer than {window} tokens are read in windows; at most {windows} windows.

## What it was trained on
{data}
Personal data is masked before the model reads a text, in training and in use.
{notes}
## Decisions
Temperatures: {temperatures}.
Thresholds: {thresholds}. They come from {validation} validation texts,
but for the lines of `auto`, which are at most 0.8, 0.7 and 0.5: those were chosen on the
development texts. All can be changed in `manifest.json` without retraining; that makes a new version,
whose name the refusal to load then says.

## Figures
See the tables in the project's README, made by `phananh evaluate`.

## Limits
- A label is a proposal. Every khan-cap, every restricted text and every unsure answer is marked
  for review; nothing may be closed or dropped by it.
- It has learnt from invented reports of one city. Other cities need their own agencies file, and
  labelled reports of their own to be as good.
- Names without a title, numbers in unusual spellings and house numbers in words can escape masking.
- It reads text only: no photos, no recordings.
"""


def write_card(folder: Path, manifest: Manifest, parts: Parts, notes: str = "") -> None:
    """Write ``card.md`` for a finished artifact."""
    about, calibration = manifest.about, manifest.calibration
    export = about.get("export", {})
    config: Any = parts.network.encoder.config
    text = _CARD.format(
        version=manifest.version,
        created=about.get("created", "at an unknown time"),
        encoder=(
            f"{config.model_type}, {config.num_hidden_layers} layers of width {config.hidden_size}"
        ),
        base=about.get("base", "an unnamed base"),
        kinds=len(manifest.kinds),
        topics=len(manifest.topics),
        width=config.hidden_size,
        shipped=export.get("shipped", "unknown precision"),
        float32=export.get("topic_accuracy_float32", "not measured"),
        int8=export.get("topic_accuracy_int8", "not measured"),
        gap=export.get("largest_gap_to_torch", "not measured"),
        window=manifest.pipeline.window,
        windows=manifest.pipeline.windows,
        data="".join(
            f"- `{name}`, sha256 `{digest}`\n" for name, digest in about["training_data"].items()
        ),
        notes=notes,
        temperatures=_numbers(calibration.temperatures.__dict__),
        thresholds=_numbers(calibration.thresholds.__dict__),
        validation=len(parts.validation),
    )
    Layout(folder).card.write_text(text, encoding="utf-8")


def _numbers(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())
