"""README says all there is, and nothing that is not so."""

from __future__ import annotations

import json
import re
import shlex

import pytest
import typer
import yaml
from typer.testing import CliRunner

from corpora.reports import read_reports
from nlp.items import answer_to_json, parse_item
from nlp.registry import default_artifact
from serve.app import create_app
from serve.cli import main
from serve.http import page
from serve.http.contract import ClassifyAnswer, ClassifyCall
from serve.settings import Settings

READMES = ("README.md", "README.vi.md")
PACKAGES = ("nlp", "corpora", "training", "serve")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEREDOC = re.compile(r"<<'(\w+)'\n(.*?)^\1$", re.MULTILINE | re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return [block for name, block in BLOCK.findall(text) if name == language]


def shell_commands(text: str) -> list[str]:
    """Every command of the shell blocks, without what is piped into it or written behind it."""
    lines = "".join(HEREDOC.sub("\n", block) for block in blocks(text, "bash"))
    lines = lines.replace("\\\n", " ")
    return [part.strip() for line in lines.splitlines() for part in line.split(" | ")]


def command_names(app: typer.Typer) -> set[str]:
    """Each command with the group before it, as one types it."""
    group = typer.main.get_command(app)
    return {
        " ".join(filter(None, (name, sub)))
        for name, command in getattr(group, "commands", {}).items()
        for sub in getattr(command, "commands", {"": None})
    }


def calls_of_phananh(text: str) -> list[list[str]]:
    found = re.findall(r"`(phananh [^`\n]+)`", text) + shell_commands(text)
    return [shlex.split(call, comments=True)[1:] for call in found if call.startswith("phananh ")]


@pytest.fixture(params=READMES)
def readme(request, read) -> str:
    return read(request.param)


# ------------------------------------------------------------------------ all that is there is said


def test_every_command_is_in_the_table(readme):
    rows = "\n".join(line for line in readme.splitlines() if line.startswith("| `phananh"))
    said = set()
    for row in rows.splitlines():
        words = re.findall(r"`([^`]+)`", row.split("|")[1])
        groups = [word.split()[1] for word in words if len(word.split()) == 3]
        for word in words:
            parts = word.removeprefix("phananh ").split()
            said.add(" ".join(groups[:1] + parts if groups and len(parts) == 1 else parts))
    assert said == command_names(main)


def test_every_route_is_said_and_none_that_is_not_there(read):
    app = create_app(Settings())
    documented = app.openapi()["paths"]
    there = {f"{method.upper()} {path}" for path, item in documented.items() for method in item}
    for route in (*app.routes, *page.router.routes):  # what OpenAPI leaves out
        methods, path = getattr(route, "methods", None) or (), getattr(route, "path", "")
        there |= {f"{method} {path}" for method in methods}
    there -= {"HEAD /openapi.json", "POST /"}  # the latter is the form of the page
    assert len(there) > 5
    said = set(re.findall(r"`((?:GET|POST|PUT|DELETE) /[^`]*)`", read("README.md")))
    assert said == there


def test_every_setting_is_in_the_table_with_its_default(read):
    table = [line for line in read("README.md").splitlines() if line.startswith("| `PHANANH_")]
    said: dict[str, str] = {}
    for row in table:
        names, defaults = (cell.strip() for cell in row.split("|")[1:3])
        names = re.findall(r"`(\w+)`", names)
        values = defaults.split(", ") if len(names) > 1 else [defaults] * len(names)
        said |= dict(zip(names, values, strict=True))
    fields = Settings.model_fields
    assert set(said) == {f"PHANANH_{name.upper()}" for name in fields}
    for name, field in fields.items():
        told = said[f"PHANANH_{name.upper()}"]
        if isinstance(field.default, bool):
            assert told == str(field.default).lower()
        elif isinstance(field.default, int | float):
            assert float(told.split(":")[0]) == field.default
        elif isinstance(field.default, str):
            assert told == field.default


def test_every_target_of_make_that_is_named_exists(read):
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    for name in READMES:
        assert set(re.findall(r"(?<=[`\n])make ([a-z]+)", read(name))) <= targets


def test_every_extra_that_is_named_exists(read):
    import tomllib

    extras = tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"]
    for name in READMES:
        assert set(re.findall(r"EXTRAS=(\w+)", read(name))) <= set(extras)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_says_briefly_what_it_is_and_may_import(root, package):
    text = (root / package / "README.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 60
    assert "**May import**" in text
    assert "## Why" in text


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_is_named_in_the_readme_of_its_folder(root, package):
    text = (root / package / "README.md").read_text(encoding="utf-8")
    modules = {path.stem for path in (root / package).glob("*.py") if path.stem != "__init__"}
    assert {name for name in modules if not re.search(rf"`{name}(?:\.py)?`", text)} == set()


def test_files_that_are_linked_or_drawn_are_there(root, readme):
    for target in re.findall(r"\]\(([^)#]+)", readme):
        assert (root / target).exists()


# ------------------------------------------------------------------------------- what is said is so


def test_every_call_can_be_made_as_it_stands(readme):
    calls = calls_of_phananh(readme)
    assert len(calls) > 10
    for call in calls:
        done = CliRunner().invoke(main, [*call, "--help"])
        assert (call, done.exit_code) == (call, 0), done.output


def test_what_is_sent_is_a_call_of_readable_items(readme):
    sent = [body for block in blocks(readme, "bash") for _, body in HEREDOC.findall(block)]
    assert sent
    for body in sent:
        call = json.loads(body)
        ClassifyCall.model_validate(call)
        for item in call["items"]:
            parse_item(item)


def test_every_line_piped_into_classify_is_a_readable_item(read):
    lines = re.findall(r"echo '(\{.*?\})' \| phananh classify", read("README.md"))
    assert lines
    assert all(parse_item(json.loads(line)).text for line in lines)


def test_json_is_an_answer_or_a_labelled_report(read, tmp_path, city):
    answers: list[object] = []
    reports: list[object] = []
    for block in blocks(read("README.md"), "json"):
        value = json.loads(block)
        (answers if "results" in value else reports).append(value)
    assert answers
    for answer in answers:
        ClassifyAnswer.model_validate(answer)
    file = tmp_path / "reports.jsonl"
    file.write_text("".join(f"{json.dumps(report)}\n" for report in reports), encoding="utf-8")
    assert len(read_reports(file, city.taxonomy, city=city)) == len(reports) == 1


def test_the_agency_shown_is_one_that_is_accepted(read, tmp_path):
    from corpora.city_files import DEFAULT_FOLDER, load_city

    (block,) = blocks(read("README.md"), "yaml")
    (agency,) = yaml.safe_load(block)
    file = tmp_path / "agencies.yaml"
    file.write_text((DEFAULT_FOLDER / "agencies.yaml").read_text("utf-8") + block, "utf-8")
    assert agency["id"] in load_city(agencies=file).agencies


def test_the_example_is_what_the_shipped_model_answers(read, city):
    """Probabilities may differ by a little from one processor to another; words may not.

    To bring the example up to date: `make serve`, and send what README sends.
    """
    if not (default_artifact() / "manifest.json").exists():
        pytest.skip("no artifact is shipped with this tree")
    from nlp.predictor import Predictor

    text = read("README.md")
    sent = next(body for block in blocks(text, "bash") for _, body in HEREDOC.findall(block))
    shown = next(json.loads(b) for b in blocks(text, "json") if "results" in json.loads(b))
    predictor = Predictor.from_artifact(default_artifact(), city)
    answers = predictor.predict([parse_item(item) for item in json.loads(sent)["items"]])
    assert rounded([answer_to_json(answer) for answer in answers]) == rounded(shown["results"])


def rounded(value: object) -> object:
    """The same with numbers that are equal if they are close, and without versions."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return pytest.approx(value, abs=0.02)
    if isinstance(value, list):
        return [rounded(each) for each in value]
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items() if not k.endswith("_version")}
    return value


def test_numbers_of_the_city_are_those_of_its_files(readme, city):
    topics, agencies, wards = (
        len(city.taxonomy.topics),
        len(city.agencies),
        len(city.gazetteer.wards),
    )
    english = f"{topics} topics, {agencies} agencies and {wards} wards"
    vietnamese = f"{topics} lĩnh vực, {agencies} cơ quan, {wards} phường xã"
    assert english in readme.replace("\n", " ") or vietnamese in readme.replace("\n", " ")


def test_a_call_that_is_wrong_does_not_pass_for_one_that_can_be_made():
    done = CliRunner().invoke(main, ["classify", "--no-such-option", "--help"])
    assert done.exit_code == 2
