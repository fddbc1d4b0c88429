"""The command line: ``phananh``. Thin commands; what they do is elsewhere and imported when used."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from nlp.errors import ExtraMissing
from serve.console import SOME_FAILED, Commands, settings_of
from serve.model_commands import models

if TYPE_CHECKING:
    from nlp.predictor import Predictor
    from serve.settings import Settings

main = typer.Typer(
    cls=Commands,
    name="phananh",
    help="Reads what citizens write to their city, in Vietnamese, and names who is responsible.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks print local variables: citizens' texts
)
main.add_typer(models, name="models")

Model = Annotated[
    Path | None,
    typer.Option(
        "--model", help="Folder of a model artifact or of a registry.", show_default=False
    ),
]
Agencies = Annotated[
    Path | None,
    typer.Option("--agencies", help="YAML file of agencies instead of the city's own."),
]
Seed = Annotated[int, typer.Option(help="Of everything drawn by chance.")]


@main.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.")] = None,
    model: Model = None,
    agencies: Agencies = None,
) -> None:
    """Start the web service. Everything can also be set by PHANANH_* variables.

    For example:

        phananh serve

        phananh serve --host 0.0.0.0 --port 8080 --agencies new-agencies.yaml
    """
    from serve.app import serve as serve_app

    settings = settings_of(host=host, port=port, model_folder=model, agencies_file=agencies)
    serve_app(settings)


@main.command()
def classify(
    file: Annotated[str, typer.Argument(help="JSON lines; - reads the standard input.")] = "-",
    out: Annotated[
        Path | None, typer.Option(help="Write here instead of to the standard output.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add the spans of the text that moved the answer.")
    ] = False,
    agencies: Agencies = None,
    model: Model = None,
) -> None:
    """Answer reports: JSON lines in, JSON lines out, in the same order.

    A line is an object with id and text, perhaps title, place, channel, sent_at.

    A line that can't be answered gets an error in its place.

    Exit codes: 0 all answered, 1 some failed, 2 the call itself was wrong.

    For example:

        phananh classify reports.jsonl --out answers.jsonl

        echo '{"id": "1", "text": "Đèn đường tắt 3 hôm nay"}' | phananh classify
    """
    from serve.classify import CHUNK, classify_stream, open_result
    from serve.progress import reporting

    on_terminal = (out is None and sys.stdout.isatty()) or (file == "-" and sys.stdin.isatty())
    # The output is opened before the model is loaded: a wrong path is said at once.
    with _open_source(file) as source, open_result(out) as target:
        predictor = _predictor(settings_of(model_folder=model, agencies_file=agencies))
        with reporting(_size(source), shares_terminal=on_terminal) as report:
            tally = classify_stream(
                source,
                target,
                lambda reports: predictor.predict(reports, explain=explain),
                chunk=1 if source.isatty() else CHUNK,
                on_chunk=report,
            )
    report.finish(tally)
    if tally.failed:
        raise typer.Exit(SOME_FAILED)


@main.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="Labelled reports, JSON lines.")],
    model: Model = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the report.")] = None,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Compare with a linear model on character n-grams.")
    ] = False,
    no_accents: Annotated[
        bool, typer.Option("--no-accents", help="Ask every text again without its accents.")
    ] = False,
    agencies: Agencies = None,
) -> None:
    """Measure a model on labelled reports, through the same door that serves.

    For example:

        phananh evaluate corpora/reports/test.jsonl

        phananh evaluate test.jsonl --model models/5f2c --out report --baseline
    """
    settings = settings_of(model_folder=model, agencies_file=agencies)
    _training(
        "evaluate",
        file=file,
        model=settings.model_folder,
        out=out,
        baseline=baseline,
        no_accents=no_accents,
        agencies=settings.agencies_file,
    )


@main.command()
def train(
    data: Annotated[
        list[Path] | None, typer.Option(help="Labelled reports; may be given several times.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Encoder to start from: a folder or a name on the Hub.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the new artifact.")] = None,
    seed: Seed = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the data.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Stop training in time for this.")
    ] = None,
    agencies: Agencies = None,
) -> None:
    """Train a model on labelled reports and write it as an artifact.

    For example:

        phananh train --out build/model

        phananh train --data reports.jsonl --data corrections.jsonl --epochs 4 --out build/model
    """
    _training(
        "train",
        "torch",
        data=data or [],
        base=base,
        out=out,
        seed=seed,
        epochs=epochs,
        resume=resume,
        minutes=minutes,
        agencies=agencies,
    )


@main.command()
def pretrain(
    data: Annotated[list[Path], typer.Option(help="Plain text; may be given several times.")],
    out: Annotated[Path, typer.Option(help="Folder for the encoder.")],
    seed: Seed = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Stop training in time for this.")
    ] = None,
) -> None:
    """Train the encoder on plain Vietnamese text, before it learns any label.

    For example:

        phananh pretrain --data texts/ --out build/encoder --minutes 90
    """
    _training("pretrain", "torch", data=data, out=out, seed=seed, resume=resume, minutes=minutes)


@main.command()
def doctor(
    model: Model = None,
    agencies: Agencies = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for programs.")] = False,
) -> None:
    """Say what is installed, whether it works, what is missing and how to get it.

    Exit codes: 0 the service can run, 1 it can't.

    For example:

        phananh doctor

        phananh doctor --model build/model --json
    """
    from serve.doctor import as_words, examine, to_json

    examination = examine(settings_of(model_folder=model, agencies_file=agencies))
    typer.echo(to_json(examination) if as_json else as_words(examination))
    if not examination.can_run:
        raise typer.Exit(1)


@main.command()
def version() -> None:
    """Say which version of the program this is.

    For example:

        phananh version
    """
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        typer.echo(f"phananh {installed('phananh')}")
    except PackageNotFoundError:
        typer.echo("phananh (run from its source, not installed)")


def _open_source(file: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")


def _size(source: BinaryIO) -> int | None:
    """Bytes of the input; None for a pipe or a terminal."""
    try:
        status = os.fstat(source.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _predictor(settings: Settings) -> Predictor:
    from corpora.city_files import load_city
    from nlp.predictor import Predictor
    from nlp.registry import served_artifact

    city = load_city(settings.city_folder, agencies=settings.agencies_file)
    folder = served_artifact(settings.model_folder)
    return Predictor.from_artifact(folder, city, threads=settings.threads)


def _training(command: str, *needs: str, **options: object) -> None:
    """Hand over to ``training.<command>.run``, which may need more than a base installation."""
    for library in needs:
        if find_spec(library) is None:
            raise _missing(library)
    try:
        import_module(f"training.{command}").run(**options)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in ("", "nlp", "corpora", "training", "serve"):
            raise
        raise _missing(library) from error


def _missing(library: str) -> ExtraMissing:
    return ExtraMissing(
        f"{library} is not installed; this command needs the training libraries: "
        "`pip install 'phananh[train]'`, or `make install EXTRAS=train` in a clone"
    )
