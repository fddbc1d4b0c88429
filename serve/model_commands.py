"""``phananh models``: which versions there are, and which of them answers."""

from __future__ import annotations

import getpass
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlp.errors import ArtifactInvalid, InputInvalid
from serve.console import settings_of

if TYPE_CHECKING:
    from nlp.registry import Registry

models = typer.Typer(
    help="Model versions: list them, show one, promote one, go back.", no_args_is_help=True
)

Root = Annotated[
    Path | None,
    typer.Option("--registry", help="Folder of the versions; else PHANANH_MODEL_FOLDER."),
]


@models.command("list")
def list_versions(
    registry: Root = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per version.")] = False,
) -> None:
    """List the versions and what each is: champion, challenger, previous.

    For example:

        phananh models list --registry models
    """
    for row in _rows(_registry(registry)):
        roles = ", ".join(row["roles"])
        words = f"{row['version']}  {row['created'] or '-'}  {roles}".rstrip()
        typer.echo(json.dumps(row, ensure_ascii=False) if as_json else words)


@models.command()
def show(
    version: Annotated[str, typer.Argument(help="A version or a pointer.")] = "champion",
    registry: Root = None,
) -> None:
    """Show the manifest of a version as JSON: labels, thresholds, data, metrics.

    For example:

        phananh models show challenger --registry models
    """
    from nlp.registry import read_manifest

    manifest = read_manifest(_registry(registry).resolve(version))
    typer.echo(json.dumps(manifest, ensure_ascii=False, indent=2))


@models.command()
def promote(
    version: Annotated[
        str, typer.Argument(help="A version, `challenger`, `shipped`, or a folder to add first.")
    ],
    registry: Root = None,
) -> None:
    """Make a version the champion, once it verifies. The old champion becomes `previous`.

    For example:

        phananh models promote challenger --registry models

        phananh models promote build/model --registry models
    """
    versions = _registry(registry)
    if "/" in version or (Path(version) / "manifest.json").is_file():
        version = versions.add(Path(version), by=_who())
    typer.echo(f"champion: {versions.promote(version, by=_who())}")


@models.command()
def rollback(registry: Root = None) -> None:
    """Make `previous` the champion again.

    For example:

        phananh models rollback --registry models
    """
    typer.echo(f"champion: {_registry(registry).rollback(by=_who())}")


def _registry(root: Path | None) -> Registry:
    from nlp.registry import Registry

    root = root or settings_of().model_folder
    if root is None:
        raise InputInvalid("expected --registry or PHANANH_MODEL_FOLDER to name a folder")
    if (root / "manifest.json").exists():
        raise InputInvalid(f"{root}: expected a folder of versions, got a single artifact")
    return Registry(root)


def _rows(registry: Registry) -> list[dict[str, Any]]:
    from nlp.registry import POINTERS, SHIPPED, read_manifest

    rows = []
    for version in (SHIPPED, *registry.versions()):
        try:
            created = read_manifest(registry.resolve(version)).get("created")
        except ArtifactInvalid:
            created = None
        roles = [name for name in POINTERS if registry.pointer(name) == version]
        rows.append({"version": version, "created": created, "roles": roles})
    return rows


def _who() -> str:
    """The name of the person at the console, for the history."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return f"uid {os.getuid()}"
