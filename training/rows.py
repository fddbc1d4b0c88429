"""Labelled reports for training: any number of JSON-lines files, by the ``datasets`` library."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from corpora.reports import LabelledReport, read_reports
from nlp.city import City
from nlp.errors import ExtraMissing, ReportsInvalid


def read_rows(files: Sequence[Path], city: City) -> list[LabelledReport]:
    """Rows of all files in order, checked against the city, each text once.

    ``datasets`` reads and concatenates what is not in the project's own format too (a folder of
    shards, compressed lines); every row then goes through the project's own checks.

    Raises:
        ReportsInvalid: A row is wrong (the message names file, line and field), or there is none.
        ExtraMissing: ``datasets`` is not installed.
    """
    try:
        from datasets import load_dataset
        from datasets.utils.logging import disable_progress_bar
    except ImportError as error:
        raise ExtraMissing("training needs `datasets`: install the extra `train`") from error
    disable_progress_bar()
    rows: list[LabelledReport] = []
    for file in files:
        if file.suffix == ".jsonl" and file.is_file():
            rows += read_reports(file, city.taxonomy, city=city)
            continue
        parts = [str(file)] if file.is_file() else sorted(map(str, file.glob("*.jsonl*")))
        if not parts:
            raise ReportsInvalid(f"{file}: expected a file, or a folder with *.jsonl files")
        with tempfile.TemporaryDirectory() as folder:
            table = load_dataset("json", data_files=parts, split="train", cache_dir=folder)
            plain = Path(folder) / f"{file.stem}.jsonl"
            _write_plain(table, plain)
            rows += read_reports(plain, city.taxonomy, city=city)
    unique = list({row.text: row for row in rows}.values())
    if not unique:
        raise ReportsInvalid(f"{', '.join(map(str, files))}: expected labelled reports, found none")
    return unique


def _write_plain(table: Iterable[dict[str, object]], path: Path) -> None:
    """Write rows as JSON lines, without the nulls that a table has where a row lacks a column."""
    with path.open("w", encoding="utf-8") as out:
        for row in table:
            present = {name: value for name, value in row.items() if value is not None}
            out.write(json.dumps(present, ensure_ascii=False) + "\n")
