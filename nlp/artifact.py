"""A model version as one folder: its layout, its manifest, and the checks before it is trusted.

Nothing is unpickled: weights are ONNX with the tensors inside and safetensors, all else is JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from nlp.calibration import Calibration
from nlp.domain import Kind, Urgency
from nlp.errors import ArtifactInvalid, JsonInvalid
from nlp.pipeline import PipelineSpec, TextPipeline
from nlp.routing import RoutingTable
from nlp.strict_json import strict_json

FORMAT = 1
_ABOUT = ("created", "training_data", "metrics", "base", "export")


@dataclass(frozen=True)
class Layout:
    """The files of an artifact folder."""

    folder: Path

    @property
    def manifest(self) -> Path:
        """Everything that is not weights."""
        return self.folder / "manifest.json"

    @property
    def model(self) -> Path:
        """The encoder with its heads, for inference."""
        return self.folder / "model.onnx"

    @property
    def tokenizer(self) -> Path:
        """The tokenizer, in the format of the ``tokenizers`` library."""
        return self.folder / "tokenizer.json"

    @property
    def encoder(self) -> Path:
        """Encoder and heads as safetensors with ``config.json``, for further training."""
        return self.folder / "encoder"

    @property
    def clauses(self) -> Path:
        """Vectors of the mandate clauses it was trained with; may be missing."""
        return self.folder / "clauses.npz"

    @property
    def card(self) -> Path:
        """What the model is, for people."""
        return self.folder / "card.md"


@dataclass(frozen=True)
class Golden:
    """A text whose labels every sound installation gives."""

    text: str
    kind: Kind
    topic: str
    urgency: Urgency


@dataclass(frozen=True)
class Manifest:
    """What an artifact says of itself.

    Attributes:
        kinds: Kinds in the order of their logits.
        topics: Leaf slugs in the order of their logits.
        calibration: Temperatures and thresholds.
        routing: How agencies are scored.
        pipeline: How texts are read.
        fingerprint: What the pipeline made of fixed sentences where it was trained.
        golden: Texts with known answers.
        about: When and from what it was made, with its figures: for people, never used.
        files: sha256 of every other file, by path inside the folder.
    """

    kinds: tuple[Kind, ...]
    topics: tuple[str, ...]
    calibration: Calibration
    routing: RoutingTable
    pipeline: PipelineSpec
    fingerprint: str
    golden: tuple[Golden, ...]
    about: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Hash of all that decides an answer: files, labels, numbers."""
        content = json.dumps(self._decisive(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON values."""
        about = {name: self.about[name] for name in _ABOUT if name in self.about}
        return {"format": FORMAT, "version": self.version} | about | self._decisive()

    def _decisive(self) -> dict[str, Any]:
        return {
            "kinds": list(self.kinds),
            "topics": list(self.topics),
            **asdict(self.calibration),
            "routing": self.routing.to_json(),
            "pipeline": asdict(self.pipeline),
            "fingerprint": self.fingerprint,
            "golden": [
                {"text": g.text, "kind": g.kind, "topic": g.topic, "urgency": g.urgency.slug}
                for g in self.golden
            ],
            "files": dict(sorted(self.files.items())),
        }


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest's JSON object, not yet checked.

    Raises:
        ArtifactInvalid: There is none, or it is not a JSON object.
    """
    path = Layout(folder).manifest
    try:
        value = strict_json(path.read_bytes())
    except OSError as error:
        raise ArtifactInvalid(f"{path}: expected a readable file ({error.strerror})") from error
    except JsonInvalid as error:
        raise ArtifactInvalid(f"{path}: {error.message}") from error
    if not isinstance(value, dict):
        raise ArtifactInvalid(f"{path}: expected a JSON object")
    return value


def load_manifest(folder: Path) -> Manifest:
    """The manifest of a folder, checked, with the checksum of every file it names.

    Raises:
        ArtifactInvalid: Something is missing, damaged or unknown; the message names the file.
    """
    path = Layout(folder).manifest
    value = read_manifest(folder)
    try:
        manifest = _parse(value)
    except ArtifactInvalid as error:
        raise ArtifactInvalid(f"{path}: {error.message}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArtifactInvalid(f"{path}: wrong or missing member ({error})") from error
    if value.get("version") != manifest.version:
        raise ArtifactInvalid(
            f"{path}: version {value.get('version')!r} does not fit its content, "
            f"which has {manifest.version!r}"
        )
    whole = manifest.to_json()
    if odd := [name for name in value if name not in whole or value[name] != whole[name]]:
        raise ArtifactInvalid(f"{path}: {', '.join(odd)}: holds a member that is not known here")
    for name in (Layout(folder).model.name, Layout(folder).tokenizer.name):
        if name not in manifest.files:
            raise ArtifactInvalid(f"{path}: expected {name} among its files")
    for name, expected in manifest.files.items():
        check_file(folder, name, expected)
    return manifest


def check_file(folder: Path, name: str, expected: str) -> None:
    """Compare one file with its checksum.

    Raises:
        ArtifactInvalid: The file is missing, outside the folder, or has another checksum.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ArtifactInvalid(f"{path}: expected a file inside {folder}")
    try:
        found = sha256(path)
    except OSError as error:
        raise ArtifactInvalid(f"{path}: expected a readable file ({error.strerror})") from error
    if found != expected:
        raise ArtifactInvalid(f"{path}: sha256 is {found}, expected {expected}")


def load_pipeline(folder: Path, manifest: Manifest) -> TextPipeline:
    """The text pipeline of an artifact.

    Raises:
        ArtifactInvalid: The tokenizer is damaged, or the pipeline reads the fixed sentences
            differently here than where the model was trained.
    """
    path = Layout(folder).tokenizer
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare exceptions
        raise ArtifactInvalid(f"{path}: not a tokenizer that can be read ({error})") from error
    pipeline = TextPipeline(manifest.pipeline, tokenizer)
    if pipeline.fingerprint != manifest.fingerprint:
        raise ArtifactInvalid(
            f"{folder}: the text pipeline has fingerprint {pipeline.fingerprint}, "
            f"expected {manifest.fingerprint}"
        )
    return pipeline


def verify(folder: Path) -> str:
    """Check that an artifact is whole and can be served by this installation.

    Returns:
        Its version.

    Raises:
        ArtifactInvalid: It is not; the message names the file and what is wrong.
    """
    from nlp.model import Model

    manifest = load_manifest(folder)
    load_pipeline(folder, manifest)
    Model(Layout(folder).model)
    return manifest.version


def write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Take the checksum of every file in the folder and write the manifest last.

    Returns:
        The manifest with its files.
    """
    layout = Layout(folder)
    skipped = (layout.manifest, layout.card)  # the card quotes the version
    files = {
        str(path.relative_to(folder)): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in skipped
    }
    whole = Manifest(**{**manifest.__dict__, "files": files})
    text = json.dumps(whole.to_json(), ensure_ascii=False, indent=1)
    layout.manifest.write_text(text + "\n", encoding="utf-8")
    return whole


def sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parse(value: Mapping[str, Any]) -> Manifest:
    if value.get("format") != FORMAT:
        raise ArtifactInvalid(f"format is {value.get('format')!r}: expected {FORMAT}")
    golden = tuple(
        Golden(g["text"], Kind(g["kind"]), g["topic"], Urgency.from_slug(g["urgency"]))
        for g in value["golden"]
    )
    if not golden:
        raise ArtifactInvalid("golden: expected at least one text")
    return Manifest(
        kinds=tuple(map(Kind, value["kinds"])),
        topics=tuple(value["topics"]),
        calibration=Calibration.from_json(value),
        routing=RoutingTable.from_json(value["routing"]),
        pipeline=PipelineSpec.from_json(value["pipeline"]),
        fingerprint=value["fingerprint"],
        golden=golden,
        about={name: value[name] for name in _ABOUT if name in value},
        files=dict(value["files"]),
    )
