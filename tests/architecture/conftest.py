"""The project's own files, as its tests look at them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("nlp", "corpora", "training", "serve")
#: What the project is made of; whatever else lies beside it was made by tools.
FOLDERS = (*PACKAGES, "tests", ".ci")


@dataclass(frozen=True)
class Source:
    """A Python file."""

    path: Path
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)

    @property
    def name(self) -> str:
        """Its path from the root."""
        return self.path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """Every file of the project."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    above = [path for path in ROOT.iterdir() if path.suffix in (".md", ".toml") or path.name in TOP]
    return [path for path in (*above, *inside) if path.is_file() and _is_ours(path)]


TOP = ("Makefile", "Dockerfile", "LICENSE", ".dockerignore", ".gitignore")


def _is_ours(path: Path) -> bool:
    return "__pycache__" not in path.parts


@pytest.fixture(scope="session")
def sources(files) -> list[Source]:
    """Every Python file, parsed."""
    texts = {path: path.read_text(encoding="utf-8") for path in files if path.suffix == ".py"}
    return [Source(path, text, ast.parse(text)) for path, text in texts.items()]


@pytest.fixture(scope="session")
def package_sources(sources) -> list[Source]:
    """The Python files that are installed."""
    return [source for source in sources if source.path.relative_to(ROOT).parts[0] in PACKAGES]


@pytest.fixture(scope="session")
def read() -> Callable[[str], str]:
    """The text of a file by its path from the root."""
    return lambda name: (ROOT / name).read_text(encoding="utf-8")
