"""The story of ``phananh pretrain``: corpus, masked-token stage, embedding stage, encoder.

Everything goes to one folder. ``corpus/`` is built once; ``checkpoint.safetensors`` holds the
weights while a stage runs, with the stage and its steps. The state of the optimiser is left out:
the schedule has a plateau, so a resumed run warms up again from the weights and goes on.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from nlp.errors import InputInvalid
from training.contrastive import ContrastiveRecipe, load_pairs, train_embedding
from training.encoder import EncoderShape, save_encoder
from training.pretraining import PretrainingRecipe, train_masked
from training.text_corpus import build_corpus, load_tokenizer
from training.throughput import Say, print_now
from training.token_noise import NoiseTables, TokenNoise
from training.token_streams import load_streams
from training.vocabulary import VocabularyShape

if TYPE_CHECKING:
    from training.masked_network import MaskedNetwork

__all__ = ["Plan", "run", "save_encoder"]

#: How often a sequence comes from each stream. Citizens write informally, but about the matters
#: of formal texts. The reports are few: at this weight each is read about sixty times.
MASKED_WEIGHTS = {"informal": 0.27, "formal": 0.20, "reports": 0.03, "news": 0.50}
EMBEDDING_WEIGHTS = {"informal": 0.45, "formal": 0.15, "reports": 0.10, "news": 0.30}

_EMBEDDING_SHARE = 0.1  # of the minutes
# One step of the full batch takes a CPU half a minute.
_CPU_BATCH = 16
_CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Plan:
    """Every number of a run. The defaults are those of the shipped encoder."""

    vocabulary: VocabularyShape = field(default_factory=VocabularyShape)
    shape: EncoderShape = field(default_factory=EncoderShape)  # but for its vocabulary
    masked: PretrainingRecipe = field(default_factory=PretrainingRecipe)
    embedding: ContrastiveRecipe = field(default_factory=ContrastiveRecipe)
    masked_weights: Mapping[str, float] = field(default_factory=lambda: MASKED_WEIGHTS)
    embedding_weights: Mapping[str, float] = field(default_factory=lambda: EMBEDDING_WEIGHTS)

    def on_cpu(self) -> Plan:
        """The same plan with batches that a CPU gets through."""
        masked = replace(self.masked, batch=min(self.masked.batch, _CPU_BATCH))
        embedding = replace(self.embedding, batch=min(self.embedding.batch, _CPU_BATCH))
        return replace(self, masked=masked, embedding=embedding)

    def within(self, minutes: float, seed: int) -> Plan:
        """The same plan, bounded by the clock, with everything drawn by another chance."""
        masked = replace(self.masked, minutes=minutes * (1 - _EMBEDDING_SHARE), seed=seed)
        embedding = replace(self.embedding, minutes=minutes * _EMBEDDING_SHARE, seed=seed + 1)
        return replace(self, masked=masked, embedding=embedding)


def run(
    *,
    data: Iterable[Path],
    out: Path,
    seed: int = 0,
    resume: bool = False,
    minutes: float | None = None,
    plan: Plan | None = None,
    say: Say = print_now,
) -> None:
    """Train an encoder on plain texts and write it as a folder of Hugging Face files.

    Args:
        data: Files of JSON lines or folders of them, see ``build_corpus``.
        out: Gets the encoder; in it, ``corpus/`` and, until all is done, the checkpoint.
        seed: Of everything drawn by chance.
        resume: Go on from the checkpoint in ``out``.
        minutes: For the whole of this run; without it, the plan's number of steps alone counts.
        plan: Other numbers than those of the shipped encoder.
        say: Takes the lines of the log.

    Raises:
        InputInvalid: The data is held out or of another form, there is nothing to resume, or the
            corpus alone took the minutes.
        ExtraMissing: The data is compressed and zstandard is not installed.
    """
    started = time.monotonic()
    checkpoint = out / _CHECKPOINT
    if resume and not checkpoint.is_file():
        raise InputInvalid(f"{checkpoint}: expected a checkpoint to resume from")
    plan = plan or Plan()
    report = build_corpus(data, out / "corpus", seed=seed, shape=plan.vocabulary)
    say(f"corpus: {json.dumps(report['streams'])}")
    left = math.inf if minutes is None else minutes - (time.monotonic() - started) / 60
    if left <= 0:
        raise InputInvalid(f"{minutes} minutes: the corpus alone took them, but is built now")
    _train(out, plan.within(left, seed), resume=resume, say=say)


def _train(out: Path, plan: Plan, *, resume: bool, say: Say) -> None:
    import torch

    from training.masked_network import MaskedNetwork, folded_encoder

    device = "cuda" if torch.cuda.is_available() else "cpu"
    plan = plan if device == "cuda" else plan.on_cpu()
    torch.manual_seed(plan.masked.seed)
    torch.set_float32_matmul_precision("high")
    tokenizer = load_tokenizer(out / "corpus")
    shape = replace(plan.shape, vocabulary=tokenizer.get_vocab_size())
    tables = NoiseTables.load(out / "corpus" / "noise.npz").to(device)
    network = MaskedNetwork(shape, tables.plain).to(device)
    checkpoint = out / _CHECKPOINT
    notes = {"tokenizer": sha256((out / "corpus" / "tokenizer.json").read_bytes()).hexdigest()}
    if resume:
        notes = _resume(network, checkpoint, notes)
    noise = TokenNoise(tables)
    say(f"{shape} on {device}, {notes}")
    if notes.get("stage") != "embedding":
        _masked_stage(network, out, plan, noise, notes, say)
    _embedding_stage(network, out / "corpus", plan, noise, say)
    save_encoder(folded_encoder(network), tokenizer, out, shape)
    checkpoint.unlink()


def _resume(
    network: MaskedNetwork, checkpoint: Path, begun_with: Mapping[str, str]
) -> dict[str, str]:
    """Load the weights and return the notes, if both belong to the same data."""
    from training.masked_network import load_checkpoint, read_notes

    notes = read_notes(checkpoint)
    if begun_with.items() - notes.items():
        raise InputInvalid(f"{checkpoint}: expected the data and seed that it was begun with")
    load_checkpoint(network, checkpoint)
    return notes


def _masked_stage(
    network: MaskedNetwork,
    out: Path,
    plan: Plan,
    noise: TokenNoise,
    notes: Mapping[str, str],
    say: Say,
) -> None:
    from training.masked_network import save_checkpoint

    done = int(notes.get("steps", 0))
    device = network.plain_id.device.type
    streams = load_streams(out / "corpus", plan.masked_weights, device, plan.masked.length)

    def save(steps: int) -> None:
        save_checkpoint(network, out / _CHECKPOINT, {**notes, "steps": str(steps)})

    result = train_masked(network, streams, noise, plan.masked, done=done, save=save, say=say)
    facts = {"device": device, "resumed_at_step": done, **asdict(result)}
    (out / "run.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    save_checkpoint(network, out / _CHECKPOINT, {**notes, "stage": "embedding"})


def _embedding_stage(
    network: MaskedNetwork, corpus: Path, plan: Plan, noise: TokenNoise, say: Say
) -> None:
    device = network.plain_id.device.type
    recipe = plan.embedding
    streams = load_streams(corpus, plan.embedding_weights, device, recipe.twin_length)
    pairs = load_pairs(corpus, device)
    train_embedding(network, pairs, streams, noise, recipe, say=say)
