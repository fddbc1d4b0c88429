"""Fine-tuning learns, repeats itself by its seed, can be resumed, and ends in time."""

from __future__ import annotations

import time
from typing import Any

import pytest

from nlp.domain import Kind, Urgency

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("sentence_transformers")
pytestmark = pytest.mark.usefixtures("one_torch_thread")

WORDS = {"den": "đèn đường tắt", "day-dien": "dây điện đứt", "rac": "rác bốc mùi"}
AGENCY = {"den": "chieu-sang", "day-dien": "dien-luc", "rac": "moi-truong-do-thi"}


class Interrupted(Exception):
    pass


@pytest.fixture
def fitting(labelled, small_city, tiny_pipeline):
    """Makes a run from its start: same seed, same start."""
    from transformers import ModernBertModel

    from training.batches import Clauses, Labels, TrainingTexts
    from training.encoder import EncoderShape, encoder_config
    from training.fit import Fitting
    from training.network import build_reader
    from training.recipe import Recipe

    reports = [
        labelled(
            f"{topic}-{n}",
            f"{words} ở kiệt {n}",
            topic=topic,
            agencies=(AGENCY[topic],),
            urgency=Urgency.KHAN_CAP if topic == "day-dien" else Urgency.BINH_THUONG,
            kind=Kind.HOI_DAP if topic == "rac" else Kind.PHAN_ANH,
        )
        for topic, words in WORDS.items()
        for n in range(8)
    ]
    labels = Labels.of(small_city)
    rows = tiny_pipeline.tokenizer.get_vocab_size()
    shape = EncoderShape(vocabulary=rows, layers=2, width=32, heads=2, inner=48, positions=64)
    options: dict[str, Any] = {"pad_id": 0, "device": "cpu"}

    def make(*, seed: int = 0, **numbers):
        recipe = Recipe(**{"epochs": 2, "batch": 6, "clauses": 2, "seed": seed} | numbers)
        torch.manual_seed(seed)
        encoder = ModernBertModel(encoder_config(shape))
        network = build_reader(encoder, kinds=len(Kind), topics=3, dropout=recipe.dropout)
        texts = TrainingTexts(reports, labels, tiny_pipeline, **options)
        clauses = Clauses.of(small_city, tiny_pipeline, "cpu")
        return Fitting(network, texts, clauses, small_city, labels, recipe, **options)

    return make


def run(made, *, minutes=None, checkpoint=None, until=None):
    """Figures of each epoch; ends like a broken run where it is told to."""
    found: list[dict[str, float]] = []

    def report(figures):
        if until is not None and len(found) == until:
            raise Interrupted
        found.append(figures)

    made.run(report, minutes=minutes, checkpoint=checkpoint)
    return found


def weights(made) -> dict:
    return {name: value.clone() for name, value in made.network.state_dict().items()}


def same(one: dict, two: dict) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("twins", [False, True])
def test_two_epochs_lower_the_loss(fitting, twins):
    first, second = run(fitting(twins=twins, encoder_rate=1e-3, head_rate=3e-3))
    assert second["loss"] < 0.95 * first["loss"]
    assert (first["epoch"], second["epoch"]) == (1, 2)
    assert (first["progress"], second["progress"]) == (0.5, 1.0)


def test_the_same_seed_gives_the_same_weights_and_another_one_others(fitting):
    def trained(seed: int) -> dict:
        made = fitting(seed=seed)
        run(made)
        return weights(made)

    first = trained(5)
    assert same(first, trained(5))
    assert not same(first, trained(6))


def test_a_run_that_broke_off_and_is_resumed_equals_an_unbroken_one(fitting, tmp_path):
    unbroken, broken, resumed = (fitting(epochs=3) for _ in range(3))
    run(unbroken)
    with pytest.raises(Interrupted):  # in its second epoch, after the checkpoint of the first
        run(broken, checkpoint=tmp_path, until=1)
    figures = run(resumed, checkpoint=tmp_path)
    assert [each["epoch"] for each in figures] == [2, 3]
    assert same(weights(unbroken), weights(resumed))


def test_a_run_that_was_done_is_not_run_again(fitting, tmp_path):
    done, again = fitting(), fitting()
    run(done, checkpoint=tmp_path)
    assert run(again, checkpoint=tmp_path) == []
    assert same(weights(done), weights(again))


def test_its_minutes_end_it(fitting):
    made = fitting(epochs=100_000)
    started = time.monotonic()
    figures = run(made, minutes=0.02)
    assert time.monotonic() - started < 60
    assert figures[-1]["progress"] == 1.0
    assert len(figures) < 100_000


def test_no_minutes_at_all_leave_the_weights_as_they_were(fitting):
    made = fitting()
    before = weights(made)
    assert run(made, minutes=0) == []
    assert same(weights(made), before)


def test_the_average_of_the_last_steps_is_kept(fitting):
    made = fitting()
    run(made)
    assert same(weights(made), made.average)
    assert not made.network.training


def test_every_weight_is_in_one_group_and_lower_layers_learn_slower(fitting):
    from training.fit import parameter_groups

    made = fitting()
    recipe, network = made.recipe, made.network
    groups = parameter_groups(network, recipe)
    counted = [id(p) for group in groups for p in group["params"]]
    assert sorted(counted) == sorted(map(id, network.parameters()))
    rate = {id(p): group["peak"] for group in groups for p in group["params"]}
    decay = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    first, second = network.encoder.layers
    tables = network.encoder.get_input_embeddings().weight
    order = [tables, first.mlp.Wi.weight, second.mlp.Wi.weight, network.topic.out.weight]
    rates = [rate[id(p)] for p in order]
    assert rates == sorted(set(rates))
    assert rates[-1] == recipe.head_rate
    assert rates[2] == recipe.encoder_rate
    assert decay[id(network.topic.out.bias)] == 0
    assert decay[id(network.topic.out.weight)] == recipe.weight_decay


def test_the_rate_rises_straight_and_falls_to_nothing():
    from training.fit import Schedule

    schedule = Schedule(steps=100, warm_up=0.1, minutes=None, started=0.0)
    scales = []
    for schedule.step in range(101):
        scales.append(schedule.scale)
    top = scales.index(max(scales))
    assert top == 9
    assert scales[:10] == sorted(scales[:10])
    assert scales[9:] == sorted(scales[9:], reverse=True)
    assert scales[100] == pytest.approx(0, abs=1e-9)
