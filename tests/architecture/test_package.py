"""What pyproject.toml promises: pinned dependencies for every import, and data that is installed."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

DATA_PACKAGES = ("nlp", "corpora", "serve")
OURS = {"nlp", "corpora", "training", "serve"}
#: Needed to install or to run others, imported by nobody here.
NOT_IMPORTED = {"httptools", "uvloop"}


@pytest.fixture(scope="module")
def project(read) -> dict:
    return tomllib.loads(read("pyproject.toml"))


def names(requirements: list[str]) -> set[str]:
    """Names of distributions, spelt alike."""
    return {re.split(r"[\[=<>~! ]", one)[0].lower().replace("_", "-") for one in requirements}


def imported(sources, packages) -> set[str]:
    """Distributions that the sources of some packages import, at any place in them."""
    modules = set()
    for source in sources:
        if source.name.split("/")[0] in packages:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Import):
                    modules |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    modules.add(node.module.partition(".")[0])
    homes = packages_distributions()
    foreign = modules - OURS - sys.stdlib_module_names
    return {home.lower().replace("_", "-") for each in foreign for home in homes.get(each, [each])}


def test_every_dependency_is_pinned(project):
    extras = project["project"]["optional-dependencies"].values()
    every = [*project["project"]["dependencies"], *(one for extra in extras for one in extra)]
    assert [one for one in every if not re.fullmatch(r"[\w.\[\]-]+==[\w.]+", one)] == []


def test_the_base_has_what_serving_imports_and_nothing_else(project, package_sources):
    base = names(project["project"]["dependencies"])
    optional = {"datasketch"}  # only for making a split, which training does
    assert imported(package_sources, ("nlp", "corpora", "serve")) - optional <= base
    assert base - NOT_IMPORTED <= imported(package_sources, OURS)


def test_what_training_imports_is_in_the_base_or_in_its_extra(project, package_sources):
    extra = names(project["project"]["optional-dependencies"]["train"])
    assert imported(package_sources, ("training",)) <= extra | names(
        project["project"]["dependencies"]
    )


@pytest.mark.parametrize("package", DATA_PACKAGES)
def test_every_data_file_is_installed_with_its_package(project, files, root, package):
    patterns = project["tool"]["setuptools"]["package-data"][package]
    installed = {path for pattern in patterns for path in (root / package).glob(pattern)}
    installed |= {path for folder in installed if folder.is_dir() for path in folder.rglob("*")}
    data = {path for path in files if path.is_relative_to(root / package) and path.suffix != ".py"}
    assert {path.name for path in data - installed} == {"README.md"}
