"""Pre-training, run small: two layers of width 32 on a corpus of a few sentences."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nlp.errors import InputInvalid  # noqa: E402
from training.contrastive import ContrastiveRecipe, contrast, thinned  # noqa: E402
from training.encoder import EncoderShape, save_encoder  # noqa: E402
from training.masked_network import MaskedNetwork, folded_encoder, load_checkpoint  # noqa: E402
from training.pretrain import Plan, run  # noqa: E402
from training.pretraining import PretrainingRecipe, rate_scale  # noqa: E402
from training.text_corpus import load_tokenizer  # noqa: E402
from training.throughput import Clock  # noqa: E402
from training.token_noise import NoiseTables, TokenNoise, write_tables  # noqa: E402
from training.token_streams import (  # noqa: E402
    FIRST_WORD,
    IGNORED,
    TokenStream,
    hide,
    load_streams,
    sequences,
)
from training.vocabulary import CLS, MASK, SEP, SPECIAL, VocabularyShape  # noqa: E402

PLAN = Plan(
    vocabulary=VocabularyShape(size=400, pieces=150, stems=20, rarest_character=1),
    shape=EncoderShape(layers=2, width=32, heads=2, inner=48, positions=64),
    masked=PretrainingRecipe(steps=12, batch=8, length=24, warm_up=3, learning_rate=5e-3),
    embedding=ContrastiveRecipe(steps=3, batch=8, twin_length=12, prefixes=(16,)),
)
SENTENCES = (
    "Đường Nguyễn Huệ bị ngập nước sau mưa lớn",
    "Đèn đường hẻm này hỏng đã ba ngày không ai sửa",
    "Rác thải bốc mùi hôi thối trước cổng trường",
    "Không biết gọi ai khi mất điện lúc nửa đêm",
)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "texts"
    folder.mkdir()
    rows = [
        {"text": f"{sentence} lần {n}", "source": "s", "register": "informal"}
        for n in range(20)
        for sentence in SENTENCES
    ]
    (folder / "informal.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return folder


@pytest.fixture(scope="module")
def encoder(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("encoder")
    run(data=[data], out=out, plan=PLAN, say=lambda _: None)
    return out


def test_result_loads_as_a_hugging_face_encoder(encoder):
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(encoder)
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    batch = tokenizer(["Đường ngập", "gọi <phone>"], return_tensors="pt", padding=True)
    assert tokenizer.mask_token_id == MASK
    assert tokenizer.convert_ids_to_tokens(batch.input_ids[1].tolist())[2] == "<phone>"
    assert model(**batch).last_hidden_state.shape == (2, batch.input_ids.shape[1], 32)
    assert model.dtype == torch.float32


def test_run_says_what_it_came_to_and_leaves_no_checkpoint(encoder):
    facts = json.loads((encoder / "run.json").read_text("utf-8"))
    assert facts["steps"] == 12
    assert facts["tokens"] == 12 * 8 * 24
    assert facts["loss"] < math.log(400)
    assert facts["tokens_per_second"] > 0
    assert 0 < facts["mfu"] < 1
    assert not (encoder / "checkpoint.safetensors").exists()


def test_interrupted_run_resumes_from_its_weights(data, tmp_path, monkeypatch):
    class PowerCut(Exception):
        pass

    def cut(*_: object, **__: object) -> None:
        raise PowerCut

    lines: list[str] = []
    half = replace(PLAN, masked=replace(PLAN.masked, steps=6))
    with monkeypatch.context() as patched:
        patched.setattr("training.pretrain.train_embedding", cut)
        with pytest.raises(PowerCut):
            run(data=[data], out=tmp_path, plan=half, say=lines.append)
    assert (tmp_path / "checkpoint.safetensors").is_file()
    run(data=[data], out=tmp_path, plan=PLAN, resume=True, say=lines.append)
    assert (tmp_path / "model.safetensors").is_file()
    assert sum(line.startswith("step 6 ") for line in lines) == 1  # the first stage ran once


def test_masked_stage_goes_on_where_it_stopped(data, tmp_path, monkeypatch):
    from training import pretraining

    monkeypatch.setattr(pretraining, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr("training.masked_network.save_checkpoint", _stop_after(5))
    with pytest.raises(KeyboardInterrupt):
        run(data=[data], out=tmp_path, plan=PLAN, say=lambda _: None)
    monkeypatch.undo()
    run(data=[data], out=tmp_path, plan=PLAN, resume=True, say=lambda _: None)
    facts = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert facts["resumed_at_step"] == 5
    assert facts["steps"] == 12


def _stop_after(steps: int):
    from training.masked_network import save_checkpoint

    def save(network, file, notes):
        save_checkpoint(network, file, notes)
        if notes.get("steps") == str(steps):
            raise KeyboardInterrupt

    return save


def test_checkpoint_of_other_data_is_refused(data, encoder, tmp_path, monkeypatch):
    monkeypatch.setattr("training.masked_network.save_checkpoint", _stop_after(12))
    with pytest.raises(KeyboardInterrupt):
        run(data=[data], out=tmp_path, plan=PLAN, say=lambda _: None)
    (tmp_path / "texts.jsonl").write_text('{"text": "Chuyện khác hẳn, chữ khác hẳn"}', "utf-8")
    with pytest.raises(InputInvalid, match="the data and seed that it was begun with"):
        run(
            data=[tmp_path / "texts.jsonl"],
            out=tmp_path,
            plan=PLAN,
            resume=True,
            say=lambda _: None,
        )


def test_nothing_to_resume_is_said(data, tmp_path):
    with pytest.raises(InputInvalid, match="expected a checkpoint"):
        run(data=[data], out=tmp_path, resume=True, plan=PLAN)


def test_clock_ends_a_run_that_has_steps_left(data, tmp_path):
    endless = replace(
        PLAN,
        masked=replace(PLAN.masked, steps=10**9),
        embedding=replace(PLAN.embedding, steps=10**9),
    )
    started = time.monotonic()
    run(data=[data], out=tmp_path, minutes=0.03, plan=endless, say=lambda _: None)
    assert time.monotonic() - started < 10
    assert (tmp_path / "model.safetensors").is_file()


def test_minutes_that_the_corpus_takes_are_said(data, tmp_path):
    with pytest.raises(InputInvalid, match="the corpus alone took them"):
        run(data=[data], out=tmp_path, minutes=0.0, plan=PLAN, say=lambda _: None)


def test_folded_encoder_reads_as_the_network_did(encoder, tmp_path):
    from transformers import AutoModel

    torch.manual_seed(0)
    tokenizer = load_tokenizer(encoder / "corpus")
    shape = replace(PLAN.shape, vocabulary=tokenizer.get_vocab_size())
    tables = NoiseTables.load(encoder / "corpus" / "noise.npz")
    network = MaskedNetwork(shape, tables.plain).eval()
    save_encoder(folded_encoder(network), tokenizer, tmp_path, shape)
    ids = torch.tensor([tokenizer.encode("Đường bị ngập nước").ids])
    loaded = AutoModel.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        expected = network.states(ids, network.table())
        assert torch.allclose(loaded(input_ids=ids).last_hidden_state, expected, atol=1e-5)


def test_weights_of_another_shape_are_refused(encoder, tmp_path):
    from training.masked_network import save_checkpoint

    shape = replace(PLAN.shape, vocabulary=400)
    save_checkpoint(MaskedNetwork(shape, torch.arange(400)), tmp_path / "c.safetensors", {})
    other = MaskedNetwork(replace(shape, layers=3), torch.arange(400))
    with pytest.raises(InputInvalid, match="expected the weights of"):
        load_checkpoint(other, tmp_path / "c.safetensors")


def test_hiding_never_hides_special_tokens():
    generator = torch.Generator().manual_seed(0)
    clean = torch.randint(len(SPECIAL), 400, (64, 20), generator=generator)
    clean[:, 0] = CLS
    clean[:32, 5:] = SEP  # rows with too few words
    read, positions, labels = hide(clean, clean, 0.4, 400, generator)
    control = clean < FIRST_WORD
    assert (read[control] == clean[control]).all()
    assert ((labels == IGNORED) == control.gather(1, positions)).all()
    words = ~control.gather(1, positions)
    assert (labels[words] == clean.gather(1, positions)[words]).all()
    assert (read == MASK).sum() / words.sum() == pytest.approx(0.85, abs=0.05)


def test_noised_tokens_often_stay_visible():
    generator = torch.Generator().manual_seed(0)
    clean = torch.full((64, 50), 300)
    seen = torch.full((64, 50), 200)
    read, positions, labels = hide(clean, seen, 0.5, 400, generator)
    assert (labels == 300).all()
    assert (read.gather(1, positions) == 200).float().mean() == pytest.approx(0.47, abs=0.05)


def test_noise_tables_lead_to_plain_short_and_dialect_forms(tmp_path):
    vocabulary = [*SPECIAL, "không", "ko", "khong", "gì", "gi", "chi", "xe", "##ệ", "##e"]
    write_tables(vocabulary, tmp_path / "noise.npz")
    tables = NoiseTables.load(tmp_path / "noise.npz")
    ids = {token: number for number, token in enumerate(vocabulary)}
    assert tables.plain[ids["không"]] == ids["khong"]
    assert tables.plain[ids["##ệ"]] == ids["##e"]
    assert tables.plain[: len(SPECIAL)].tolist() == list(range(len(SPECIAL)))
    assert set(tables.short[ids["không"]].tolist()) == {ids["ko"]}
    assert set(tables.dialect[ids["gì"]].tolist()) == {ids["chi"]}
    assert set(tables.short[ids["xe"]].tolist()) == {ids["xe"]}


def test_vocabulary_that_is_not_closed_has_no_tables(tmp_path):
    with pytest.raises(KeyError):
        write_tables([*SPECIAL, "không"], tmp_path / "noise.npz")


def test_about_a_quarter_of_the_sequences_lose_all_accents():
    plain = torch.zeros(10, dtype=torch.long)
    same = torch.arange(10)[:, None].expand(10, 6)
    noise = TokenNoise(NoiseTables(plain, same, same))
    clean = torch.full((4_000, 8), 7)
    noised = noise(clean, torch.Generator().manual_seed(0))
    assert noised.shape == clean.shape
    assert (noised == 0).all(1).float().mean() == pytest.approx(0.22 + 0.03 * 0.7**8, abs=0.02)


def test_streams_are_drawn_by_weight_and_short_ones_repeat(tmp_path):
    np.save(tmp_path / "few.npy", np.array([40_000, 40_001], dtype=np.uint16))
    np.save(tmp_path / "none.npy", np.zeros(0, np.uint16))
    streams = load_streams(tmp_path, {"few": 1.0, "none": 1.0, "missing": 1.0}, "cpu", 9)
    streams.append(TokenStream(torch.full((50,), 7, dtype=torch.int16), 3.0))
    rows = next(sequences(streams, 800, 9, torch.Generator().manual_seed(0)))
    assert (rows[:, 0] == CLS).all()
    assert set(rows[:, 1:].flatten().tolist()) == {7, 40_000, 40_001}
    assert (rows[:, 1] == 7).float().mean() == pytest.approx(0.75, abs=0.06)
    with pytest.raises(InputInvalid, match="expected a packed corpus"):
        load_streams(tmp_path, {"none": 1.0}, "cpu", 9)


def test_learning_rate_warms_up_holds_and_cools_down_to_nothing():
    recipe = PretrainingRecipe(warm_up=100, cool_down=0.5)
    scales = [rate_scale(step, step / 5_000, recipe) for step in range(0, 5_001, 50)]
    assert scales[0] == pytest.approx(0.01)
    assert scales[10] == scales[50] == 1.0
    assert scales[75] == pytest.approx(0.5)
    assert scales[-1] == 0.0
    assert rate_scale(0, 0.2, recipe) == 1.0  # a short run is not all warm-up


def test_clock_goes_by_whichever_is_further():
    clock = Clock(steps=10, seconds=1e9, done=5)
    assert clock.share() == 0.5
    clock = Clock(steps=10**9, seconds=10.0, started=time.monotonic() - 20)
    assert clock.share() >= 2.0


def test_contrast_is_lower_for_partners_than_for_strangers():
    torch.manual_seed(0)
    vectors = torch.randn(8, 32)
    near = vectors + 0.1 * torch.randn(8, 32)
    recipe = ContrastiveRecipe(prefixes=(16, 64))
    assert contrast(vectors, near, recipe) < contrast(vectors, near.flip(0), recipe)


def test_thinning_keeps_the_first_token():
    ids = torch.full((200, 10), 9)
    thin = thinned(ids, 0.5, torch.Generator().manual_seed(0))
    assert (thin[:, 0] == 9).all()
    assert (thin[:, 1:] == 0).float().mean() == pytest.approx(0.5, abs=0.05)
