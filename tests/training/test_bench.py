"""The benchmark times everybody on the same texts and tells it without a slip."""

from __future__ import annotations

import json

import pytest

from corpora.reports import read_reports
from training import bench, contestants
from training.contestants import BATCHED, EXPLAINED, OURS, RIVAL, SINGLE, WORDS, Reader, Task

pytest.importorskip("underthesea")

PAGE = "# Title\n\n<!-- bench -->\nold\n<!-- /bench -->\n\nafter\n"


@pytest.fixture
def quick(monkeypatch):
    """A rival that costs nothing."""

    def stub(task: Task) -> Reader:
        return Reader(list, lambda texts: [len(text.split()) for text in texts], slow=True)

    monkeypatch.setitem(contestants.CONTESTANTS, RIVAL, stub)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A page and a file of results to write to."""
    page, results = tmp_path / "README.md", tmp_path / "bench.json"
    page.write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr(bench, "README", page)
    monkeypatch.setattr(bench, "RESULTS", results)
    return page, results


def run(model, *options: str) -> int:
    arguments = ["--model", str(model), "--texts", "4", "--repeats", "2", "--threads", "1"]
    return bench.main([*arguments, *options], measured=contestants.measure)


def test_figures_go_to_the_page_and_to_the_file(tiny_artifact, quick, places, capsys):
    assert run(tiny_artifact, "--write") == 0
    page, results = (place.read_text(encoding="utf-8") for place in places)
    assert page.startswith("# Title\n\n<!-- bench -->\n|")
    assert page.endswith("<!-- /bench -->\n\nafter\n")
    assert "old" not in page
    found = json.loads(results)
    assert found["texts"] == 4
    assert set(found["contestants"]) == {OURS, RIVAL, WORDS}
    ours = found["contestants"][OURS]
    assert {SINGLE, EXPLAINED, BATCHED} <= set(ours)
    assert 0 < ours[SINGLE]["p50_ms"] <= ours[SINGLE]["p99_ms"]
    assert ours["threads"] == 1
    assert ours["peak_mib"] > 20
    assert all(ratio > 0 for ratio in found["ratios"].values())
    assert "What a report costs" in capsys.readouterr().out


def test_without_being_asked_it_writes_nothing(tiny_artifact, quick, places):
    assert run(tiny_artifact) == 0
    page, results = places
    assert page.read_text(encoding="utf-8") == PAGE
    assert not results.exists()


def test_it_tells_no_text(tiny_artifact, quick, places, city, capsys):
    run(tiny_artifact, "--write")
    told = capsys.readouterr().out + "".join(place.read_text("utf-8") for place in places)
    assert not [
        report.id for report in read_reports(bench.TEXTS, city.taxonomy) if report.text[:40] in told
    ]


@pytest.mark.parametrize("wrong", ["no model", "no marks"])
def test_what_is_wrong_is_said_without_a_traceback(tiny_artifact, quick, places, capsys, wrong):
    places[0].write_text("# Title\n", encoding="utf-8")
    model = places[0].parent / "none" if wrong == "no model" else tiny_artifact
    assert run(model, "--write") == 2
    assert ("manifest.json" if wrong == "no model" else "marks") in capsys.readouterr().err


def test_a_contestant_can_be_timed_in_a_process_of_its_own(tiny_artifact):
    task = Task(("Đèn đường tắt", "Rác bốc mùi"), (0,), (1,), tiny_artifact, 1, repeats=1)
    result = bench.measure_apart(WORDS, task)
    assert (result.name, result.threads) == (WORDS, 1)
    assert result.timing(SINGLE).texts == (0, 1)
    assert max(result.lengths) <= 3


def test_medians_are_taken_over_the_repeats():
    timing = contestants.Timing(SINGLE, (4, 7), ((10.0, 30.0), (20.0, 40.0), (12.0, 900.0)))
    assert timing.percentile(0.0) == 12.0
    assert timing.percentile(0.99) == 40.0
    assert timing.per_second == pytest.approx(2000 / 60)
    assert timing.total([7]) == 40.0
    assert timing.total([4, 7]) == 52.0


def test_batches_have_no_time_of_a_single_text():
    timing = contestants.Timing(BATCHED, (0, 1, 2, 3), ((500.0,), (400.0,), (2000.0,)))
    assert timing.percentile(0.5) is None
    assert timing.per_second == 8.0


def test_ratios_compare_the_same_texts_only():
    task = Task(("a", "b", "c"), (1,), (1,), bench.ROOT, repeats=1)

    def result(name: str, timings) -> contestants.Result:
        made = (contestants.Timing(way, texts, (calls,)) for way, texts, calls in timings)
        return contestants.Result(name, tuple(made), 1.0, 100.0, 1, (1, 1, 1))

    results = {
        OURS: result(OURS, [(SINGLE, (0, 1, 2), (1.0, 2.0, 9.0)), (BATCHED, (0, 1, 2), (6.0,))]),
        RIVAL: result(RIVAL, [(SINGLE, (1,), (8.0,)), (BATCHED, (1,), (4.0,))]),
        WORDS: result(WORDS, [(SINGLE, (0, 1, 2), (2.0, 2.0, 2.0))]),
    }
    assert bench.Bench(task, "data", results).ratios() == {
        "to_phobert_shaped_single": 0.25,
        "to_phobert_shaped_batched": 0.5,
        "to_word_segmentation": 2.0,
    }


@pytest.mark.parametrize("count", [1, 3, 10, 99])
def test_chosen_texts_are_of_all_lengths(count):
    texts = ["x" * ((7 * n) % 30 + 1) for n in range(30)]
    chosen = bench.evenly(texts, count)
    assert len(set(chosen)) == len(chosen) == min(count, 30)
    mean = sum(len(texts[index]) for index in chosen) / len(chosen)
    assert mean == pytest.approx(15.5, abs=1)


def test_the_rival_has_the_shape_of_phobert_base():
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    with torch.device("meta"):
        encoder = contestants.phobert_shaped(torch.get_num_threads())
    assert sum(p.numel() for p in encoder.parameters()) == pytest.approx(135e6, rel=0.01)


def test_the_rival_reads_every_row_in_padded_batches(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(contestants, "_BATCH_TOKENS", 8)
    seen: list[list[int]] = []

    def encoder(*, input_ids, attention_mask):
        assert input_ids.numel() <= 8
        seen.extend(
            ids[mask > 0].tolist() for ids, mask in zip(input_ids, attention_mask, strict=True)
        )

    rows = [[1], [2, 3, 4], [5, 6], [7, 8, 9, 10]]
    contestants.encode(encoder, rows)
    assert sorted(seen) == sorted(rows)
    assert torch.is_inference_mode_enabled() is False
