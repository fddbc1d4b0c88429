"""``phananh doctor``: what works, what is missing, how to get it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nlp.city import City
from nlp.domain import Answer, Refusal, Report
from nlp.errors import ArtifactInvalid, CityDataInvalid
from serve import cli, doctor
from serve.doctor import BASE, EXTRAS, Check, Examination, Mark, as_words, examine, to_json
from serve.settings import Settings
from tests.fakes import FakePredictor, made_up_city

CITY = made_up_city()


class Ill(FakePredictor):
    def self_check(self) -> None:
        raise ArtifactInvalid("model.onnx answers the golden text otherwise than in training")


class Refusing(FakePredictor):
    def predict(self, reports: Sequence[Report], *, explain: bool = False) -> list[Answer]:
        return [Refusal(report.id, "inference_failed", "no") for report in reports]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    data = {"reports.jsonl": "0" * 64}
    manifest = {"version": "m1", "created": "2026-05-01T00:00:00Z", "training_data": data}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return Settings(model_folder=tmp_path)


def found(settings: Settings, predictor: FakePredictor) -> Examination:
    return examine(
        settings,
        load_city=lambda _settings: CITY,
        load_predictor=lambda _folder, _city, _threads: predictor,
    )


def part(examination: Examination, name: str) -> Check:
    return next(check for check in examination.checks if check.part == name)


def test_a_healthy_installation_can_run(settings: Settings) -> None:
    examination = found(settings, FakePredictor(CITY))
    model = part(examination, "model")
    assert examination.can_run
    assert model.mark is Mark.OK
    assert model.figures["version"] == "fake-0123456789ab"
    assert model.figures["created"] == "2026-05-01T00:00:00Z"
    assert "made 2026-05-01T00:00:00Z, trained on reports.jsonl" in model.says
    assert float(str(model.figures["milliseconds"])) >= 0
    assert int(str(model.figures["memory_mb"])) > 10


def test_the_city_is_counted(settings: Settings) -> None:
    city = part(found(settings, FakePredictor(CITY)), "city data")
    assert city.figures["wards"] == 3
    assert "Thành phố Mẫu" in city.says
    assert "w-1" in city.says


@pytest.mark.parametrize(
    ("predictor", "words"), [(Ill(CITY), "golden text"), (Refusing(CITY), "inference_failed")]
)
def test_a_model_that_does_not_work_is_broken(
    settings: Settings, predictor: FakePredictor, words: str
) -> None:
    examination = found(settings, predictor)
    model = part(examination, "model")
    assert not examination.can_run
    assert model.mark is Mark.BROKEN
    assert words in model.says
    assert "rollback" in model.remedy


def test_a_model_folder_without_a_manifest_is_broken(tmp_path: Path) -> None:
    examination = found(Settings(model_folder=tmp_path / "nowhere"), FakePredictor(CITY))
    assert part(examination, "model").mark is Mark.BROKEN
    assert "manifest.json" in part(examination, "model").says


def test_broken_city_data_is_the_finding_and_the_model_is_not_tried(settings: Settings) -> None:
    def refuse(_settings: Settings) -> City:
        raise CityDataInvalid("agencies.yaml: agency x has no mandate")

    def never(_folder: Path, _city: City, _threads: int) -> FakePredictor:
        raise AssertionError

    examination = examine(settings, load_city=refuse, load_predictor=never)
    assert not examination.can_run
    assert part(examination, "city data").says == "agencies.yaml: agency x has no mandate"


def test_an_error_that_nobody_foresaw_is_named_by_its_type_alone(settings: Settings) -> None:
    def fail(_settings: Settings) -> City:
        raise RuntimeError("some citizen's text")

    city = part(examine(settings, load_city=fail), "city data")
    assert (city.mark, city.says) == (Mark.BROKEN, "RuntimeError")


def test_a_missing_library_is_missing_and_not_broken(settings: Settings) -> None:
    def fail(_folder: Path, _city: City, _threads: int) -> FakePredictor:
        raise ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")

    model = part(examine(settings, load_city=lambda _settings: CITY, load_predictor=fail), "model")
    assert (model.mark, model.says) == (Mark.MISSING, "onnxruntime is not installed")


def test_a_missing_extra_says_how_to_get_it_and_stops_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "version", lacking("ray"))
    examination = found(settings, FakePredictor(CITY))
    assert examination.can_run
    assert part(examination, "extra ray").mark is Mark.MISSING
    assert "make install EXTRAS=ray" in part(examination, "extra ray").remedy
    assert part(examination, "extra train").mark is Mark.OK


def test_a_missing_base_package_stops_the_service(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "version", lacking("uvicorn"))
    examination = found(settings, FakePredictor(CITY))
    assert not examination.can_run
    assert "uvicorn" in part(examination, "packages").says


def lacking(missing: str) -> object:
    def version(name: str) -> str:
        if name == missing:
            raise PackageNotFoundError(name)
        return "1.0"

    return version


def test_the_words_give_each_part_its_mark_and_a_conclusion() -> None:
    ok = Check("python", Mark.OK, "3.11.9")
    broken = Check("model", Mark.BROKEN, "model.onnx: wrong checksum", "install again")
    assert as_words(Examination((ok,))).splitlines() == [
        "ok       python: 3.11.9",
        "The service can run.",
    ]
    words = as_words(Examination((ok, broken)))
    assert "broken   model: model.onnx: wrong checksum" in words
    assert "to do: install again" in words
    assert words.endswith("The service can't run.")


def test_json_says_the_same_on_one_line(settings: Settings) -> None:
    line = to_json(found(settings, FakePredictor(CITY)))
    said = json.loads(line)
    assert "\n" not in line
    assert said["can_run"] is True
    assert {check["part"] for check in said["checks"]} >= {"python", "packages", "model"}


@pytest.mark.parametrize(("predictor", "code"), [(FakePredictor(CITY), 0), (Ill(CITY), 1)])
def test_the_exit_code_says_whether_the_service_can_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, predictor: FakePredictor, code: int
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _settings: found(settings, predictor))
    done = CliRunner().invoke(cli.main, ["doctor", "--json"])
    assert done.exit_code == code
    assert json.loads(done.stdout)["can_run"] is (code == 0)


def test_what_is_examined_is_what_the_package_depends_on() -> None:
    pyproject = Path(doctor.__file__).parents[1] / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    declared = {requirement.partition("==")[0] for requirement in project["dependencies"]}
    assert declared.issuperset(BASE)


def test_every_extra_says_what_it_is_for() -> None:
    assert all(purpose and packages for purpose, packages in EXTRAS.values())
