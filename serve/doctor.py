"""``phananh doctor``: what is installed, whether it works, what is missing and how to get it."""

from __future__ import annotations

import enum
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Protocol

from nlp.city import City
from nlp.domain import Answer, Prediction, Report
from nlp.errors import PhanAnhError
from nlp.registry import read_manifest, served_artifact
from serve.settings import Settings

#: What the service can't run without.
BASE = ("fastapi", "uvicorn", "pydantic", "pydantic-settings", "numpy", "onnxruntime", "tokenizers")
#: What each extra is for, and the packages that show whether it is there.
EXTRAS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "train": ("training and pretraining", ("torch", "transformers", "safetensors")),
    "ray": ("backlog runs on several machines", ("ray",)),
    "postgres": ("reports stored in PostgreSQL", ("psycopg",)),
    "dev": ("tests and checks of the code", ("pytest", "hypothesis", "ruff", "mypy")),
}
#: Passes over the sample; the median of an odd number is one of them.
TIMED_PASSES = 5

_SAMPLE = Report(id="doctor", text="Đèn đường trước nhà tôi tắt ba hôm nay, đi lại rất nguy hiểm.")


class Mark(enum.StrEnum):
    """How a part is."""

    OK = "ok"
    MISSING = "missing"  # can be installed
    BROKEN = "broken"  # is there and does not work


@dataclass(frozen=True, slots=True)
class Check:
    """What was found about one part."""

    part: str
    mark: Mark
    says: str
    remedy: str = ""  # what to do; empty for ok
    needed: bool = True  # whether the service can't run without
    figures: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found about all parts."""

    checks: tuple[Check, ...]

    @property
    def can_run(self) -> bool:
        """Whether the service can run."""
        return all(check.mark is Mark.OK for check in self.checks if check.needed)


class Checkable(Protocol):
    """What of a predictor is examined."""

    @property
    def version(self) -> str:
        """Content hash of the model."""
        ...

    def self_check(self) -> None:
        """Raise ArtifactInvalid unless the golden text is answered as it was in training."""
        ...

    def predict(self, reports: Sequence[Report]) -> list[Answer]:
        """One answer per report."""
        ...


def _load_city(settings: Settings) -> City:
    from corpora.city_files import load_city

    return load_city(settings.city_folder, agencies=settings.agencies_file)


def _load_predictor(folder: Path, city: City, threads: int) -> Checkable:
    from nlp.predictor import Predictor

    return Predictor.from_artifact(folder, city, threads=threads)


def examine(
    settings: Settings,
    *,
    load_city: Callable[[Settings], City] = _load_city,
    load_predictor: Callable[[Path, City, int], Checkable] = _load_predictor,
) -> Examination:
    """Look at every part. Takes as long as starting the service; nothing is changed.

    Args:
        settings: Which model and which city.
        load_city: Reads the city's data.
        load_predictor: Loads a model folder for a city, with that many threads.
    """
    checks = [_python(), _packages()]
    city: City | None = None
    try:
        city = load_city(settings)
        checks.append(_city(city))
    except Exception as error:  # whatever it is, it is the finding
        checks.append(_broken("city data", error, "check the files of the city"))
    if city is not None:
        checks.append(_model(settings, city, load_predictor))
    return Examination((*checks, *(_extra(name) for name in EXTRAS)))


# --------------------------------------------------------------------------------------- the parts


def _python() -> Check:
    return Check("python", Mark.OK, ".".join(map(str, sys.version_info[:3])))


def _installed(names: Sequence[str]) -> dict[str, str | None]:
    """The version of each distribution, None for one that is not installed."""

    def found(name: str) -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    return {name: found(name) for name in names}


def _packages() -> Check:
    versions = _installed(BASE)
    if lacking := [name for name, found in versions.items() if found is None]:
        says = f"{', '.join(lacking)} not installed"
        remedy = "`pip install phananh`, or `make install` in a clone"
        return Check("packages", Mark.MISSING, says, remedy, figures=versions)
    says = ", ".join(f"{name} {found}" for name, found in versions.items())
    return Check("packages", Mark.OK, says, figures=versions)


def _extra(name: str) -> Check:
    purpose, packages = EXTRAS[name]
    versions = _installed(packages)
    lacking = [package for package, found in versions.items() if found is None]
    if lacking:
        says = f"for {purpose}: {', '.join(lacking)} not installed"
        remedy = f"`pip install 'phananh[{name}]'`, or `make install EXTRAS={name}` in a clone"
        return Check(f"extra {name}", Mark.MISSING, says, remedy, needed=False, figures=versions)
    says = ", ".join(f"{package} {found}" for package, found in versions.items())
    return Check(f"extra {name}", Mark.OK, f"for {purpose}: {says}", needed=False, figures=versions)


def _city(city: City) -> Check:
    figures = {
        "city": city.name,
        "topics": len(city.taxonomy.topics),
        "agencies": len(city.agencies),
        "wards": len(city.gazetteer.wards),
        "taxonomy_version": city.taxonomy.version,
        "agencies_version": city.agencies_version,
        "wards_version": city.gazetteer.version,
    }
    says = (
        f"{city.name}: {figures['topics']} topics (version {city.taxonomy.version}), "
        f"{figures['agencies']} agencies ({city.agencies_version}), "
        f"{figures['wards']} wards ({city.gazetteer.version})"
    )
    return Check("city data", Mark.OK, says, figures=figures)


def _model(settings: Settings, city: City, load: Callable[[Path, City, int], Checkable]) -> Check:
    remedy = "take another with --model, go back with `phananh models rollback`, or install again"
    try:
        folder = served_artifact(settings.model_folder)
        manifest = read_manifest(folder)
        figures = _exercise(lambda: load(folder, city, settings.threads))
    except Exception as error:  # whatever it is, it is the finding
        return _broken("model", error, remedy)
    about = {key: manifest[key] for key in ("created", "training_data") if key in manifest}
    says = (
        f"version {figures['version']}, made {about.get('created', 'at an unknown time')}, "
        f"trained on {_names(about.get('training_data'))}, from {folder}; self-check passed; {figures['milliseconds']} ms for one report, "
        f"{figures['memory_mb']} MB of memory"
    )
    return Check("model", Mark.OK, says, figures={"folder": str(folder), **about, **figures})


def _names(data: object) -> str:
    """The names of the training files, from a mapping of names to hashes or a list of names."""
    names = [str(name) for name in data] if isinstance(data, Mapping | list | tuple) else []
    return ", ".join(names) or "data that it does not name"


def _exercise(load: Callable[[], Checkable]) -> dict[str, object]:
    """Load a model and let it work."""
    started = time.perf_counter()
    predictor = load()
    predictor.self_check()
    ready = time.perf_counter() - started
    times = [_milliseconds(predictor) for _ in range(TIMED_PASSES)]
    return {
        "version": predictor.version,
        "ready_after_seconds": round(ready, 2),
        "milliseconds": round(median(times), 1),
        "memory_mb": _memory_mb(),
    }


def _milliseconds(predictor: Checkable) -> float:
    started = time.perf_counter()
    (answer,) = predictor.predict([_SAMPLE])
    if not isinstance(answer, Prediction):
        raise PhanAnhError(f"a plain report was refused: {answer.code}")
    return (time.perf_counter() - started) * 1000


def _memory_mb() -> int:
    """Resident memory of this process."""
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() // 1_000_000
    except OSError:  # no /proc: the peak, which counts bytes there
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000_000


def _broken(part: str, error: Exception, remedy: str) -> Check:
    if isinstance(error, ModuleNotFoundError):
        return Check(part, Mark.MISSING, f"{error.name} is not installed", "`pip install phananh`")
    says = error.message if isinstance(error, PhanAnhError) else type(error).__name__
    return Check(part, Mark.BROKEN, says, remedy)


# -------------------------------------------------------------------------------------- saying it


def as_words(examination: Examination) -> str:
    """The findings for a person, a line per part and a last line with the conclusion."""
    lines = []
    for check in examination.checks:
        lines.append(f"{check.mark:<8} {check.part}: {check.says}")
        if check.remedy:
            lines.append(f"{'':<8}   to do: {check.remedy}")
    lines.append("The service can run." if examination.can_run else "The service can't run.")
    return "\n".join(lines)


def to_json(examination: Examination) -> str:
    """The findings for a program: ``{"can_run": …, "checks": [...]}`` on one line."""
    found = {"can_run": examination.can_run, "checks": [asdict(c) for c in examination.checks]}
    return json.dumps(found, ensure_ascii=False, default=str)
