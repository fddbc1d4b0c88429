"""Who may import whom, and what is loaded at run time."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "transformers", "sentence_transformers", "sklearn", "scipy", "datasets", "onnx"}


def in_a_process_of_its_own(root, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )


def test_every_contract_of_pyproject_is_kept(root):
    # Apart, because the linter sets up logging for the whole process.
    program = "import sys; from importlinter.cli import lint_imports as lint; sys.exit(lint(no_cache=True))"
    done = in_a_process_of_its_own(root, program)
    assert " 0 broken" in done.stdout, done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    "module",
    [
        "nlp.predictor",
        "corpora.city_files",
        "serve.app",
        "serve.cli",
        "serve.doctor",
        "training.evaluate",
    ],
)
def test_what_serves_and_what_measures_loads_nothing_that_trains(root, module):
    program = f"import sys, {module}; print(*sys.modules, sep='\\n')"
    done = in_a_process_of_its_own(root, program)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert module.partition(".")[0] in loaded
    assert loaded & HEAVY == set()


def test_the_command_line_answers_help_without_loading_training(root):
    program = "import sys, serve.cli; print(any(m.startswith('training') for m in sys.modules))"
    done = in_a_process_of_its_own(root, program)
    assert done.stdout.strip() == "False"
