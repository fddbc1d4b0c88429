"""What holds for every file: it is short, explained, of this project alone, and loads no pickle."""

from __future__ import annotations

import ast
import re

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50

# Written apart, so that this file does not find itself.
MACHINE_PATHS = re.compile(
    r"(?<![\w.])/(?:ho" r"me|Use" r"rs|ro" r"ot|wo" r"rk|fa" r"rm|mnt)/\w|[A-Z]:\\Use" r"rs"
)
PACKAGE_HOSTS = re.compile(
    r"py" r"pi\.org|python" r"hosted|npm" r"js\.|download\.pyto" r"rch|deb\.deb" r"ian|ghc" r"r\.io"
)
READ_TO_RUN = {
    "pickle": "runs what is in the file",
    "joblib": "unpickles",
    "dill": "unpickles",
    "marshal": "is not safe to read",
    "shelve": "unpickles",
}
CALLS_TO_RUN = {"eval", "exec", "torch.load", "yaml.load", "yaml.unsafe_load"}


def test_no_file_is_longer_than_a_reader_can_hold(sources):
    lengths = {source.name: source.text.count("\n") for source in sources}
    assert {name: n for name, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_a_screen(package_sources):
    lengths = {
        f"{source.name}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for source in package_sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: n for name, n in lengths.items() if n > MAX_FUNCTION_LINES} == {}


def test_everything_public_says_what_it_is(package_sources):
    silent = [
        f"{source.name}:{getattr(node, 'name', '')}"
        for source in package_sources
        for node in (source.tree, *_public(source.tree))
        if not ast.get_docstring(node)
    ]
    assert silent == []


def _public(tree):
    """Public functions and classes of a module, and public methods of those classes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, kinds) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def test_files_are_named_after_what_they_are_about(package_sources):
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "manager"}
    assert [source.name for source in package_sources if source.path.stem in drawers] == []


def test_no_file_knows_the_machine_it_was_written_on(files):
    found = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # weights
        found += [(path.name, m[0]) for m in MACHINE_PATHS.finditer(text)]
        found += [(path.name, m[0]) for m in PACKAGE_HOSTS.finditer(text)]
    assert found == []


def test_nothing_is_read_that_could_run(package_sources):
    imported = [
        f"{source.name}: {name} {READ_TO_RUN[name]}"
        for source in package_sources
        for node in ast.walk(source.tree)
        for name in _imports(node)
        if name in READ_TO_RUN
    ]
    called = [
        f"{source.name}:{node.lineno} {ast.unparse(node.func)}"
        for source in package_sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CALLS_TO_RUN
    ]
    allowing = [
        source.name for source in package_sources if re.search(r"allow_pickle\s*=\s*T", source.text)
    ]
    assert imported + called + allowing == []


def _imports(node):
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module.partition(".")[0]]
    return []


def test_no_rule_is_switched_off_without_its_name(package_sources):
    unexplained = [
        f"{source.name}: {line.strip()}"
        for source in package_sources
        for line in source.text.splitlines()
        if re.search(r"# (?:noqa|type: ignore|pragma)(?!(?:: |\[)[\w-]+)", line)
    ]
    assert unexplained == []
