"""The reader answers for each text alone, and takes over heads only where they fit."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
network_module = pytest.importorskip("training.network")
pytestmark = pytest.mark.usefixtures("one_torch_thread")

WIDTH, TOPICS = 8, 5


class Table(torch.nn.Module):  # type: ignore[name-defined, misc]
    """An encoder that looks each token up and sees no neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.config = SimpleNamespace(hidden_size=WIDTH)
        self.table = torch.nn.Embedding(30, WIDTH)

    def forward(self, input_ids, attention_mask):
        return SimpleNamespace(last_hidden_state=self.table(input_ids))


def reader(topics: int = TOPICS, seed: int = 0):
    torch.manual_seed(seed)
    return network_module.build_reader(Table(), kinds=6, topics=topics).eval()


def values(outputs):
    return {name: getattr(outputs, name) for name in type(outputs).__dataclass_fields__}


def test_outputs_have_a_score_for_each_class_and_a_unit_vector():
    outputs = reader()(torch.randint(0, 30, (3, 7)), torch.ones(3, 7, dtype=torch.long))
    shapes = {name: tuple(value.shape) for name, value in values(outputs).items()}
    assert shapes == {
        "kind": (3, 6),
        "topic": (3, TOPICS),
        "urgency": (3, 3),
        "also": (3, TOPICS),
        "embedding": (3, WIDTH),
    }
    assert torch.allclose(outputs.embedding.norm(dim=1), torch.ones(3))


def test_padding_changes_nothing():
    network, ids = reader(), torch.randint(0, 30, (1, 5))
    short = network(ids, torch.ones_like(ids))
    padded = torch.cat((ids, torch.full((1, 4), 17)), dim=1)
    mask = (torch.arange(9) < 5).long()[None]
    for name, value in values(network(padded, mask)).items():
        assert torch.allclose(value, values(short)[name], atol=1e-6), name


def test_each_question_has_its_own_attention():
    network = reader()
    ids = torch.randint(0, 30, (1, 6))
    before = values(network(ids, torch.ones_like(ids)))
    with torch.no_grad():
        network.urgency.question.weight.add_(5.0)
    after = values(network(ids, torch.ones_like(ids)))
    changed = {name for name in before if not torch.allclose(before[name], after[name])}
    assert changed == {"urgency"}


def test_a_lexical_branch_is_added_to_the_topic_alone():
    network, ids = reader(), torch.randint(0, 30, (2, 6))
    before = values(network(ids, torch.ones_like(ids)))

    class Three(torch.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, ids, mask):
            return torch.full((len(ids), TOPICS), 3.0)

    network.lexical = Three()
    after = values(network(ids, torch.ones_like(ids)))
    assert torch.allclose(after["topic"], before["topic"] + 3.0)
    assert all(torch.equal(after[name], before[name]) for name in before if name != "topic")


def test_heads_of_the_same_shapes_are_taken_over():
    giver, taker = reader(seed=1), reader(seed=2)
    encoder = taker.encoder.table.weight.clone()
    state = {k: v.to(torch.bfloat16) for k, v in network_module.heads_state(giver).items()}
    assert network_module.load_heads(taker, state)
    for name, value in network_module.heads_state(taker).items():
        assert value.dtype == torch.float32
        assert torch.equal(value, state[name].float())
    assert torch.equal(taker.encoder.table.weight, encoder)


@pytest.mark.parametrize("change", ["another city", "a head less", "nothing"])
def test_heads_that_do_not_fit_leave_all_as_it_was(change):
    taker = reader()
    before = {k: v.clone() for k, v in taker.state_dict().items()}
    state = network_module.heads_state(reader(TOPICS + (change == "another city"), seed=1))
    if change == "a head less":
        state.pop("kind.out.bias")
    assert not network_module.load_heads(taker, {} if change == "nothing" else state)
    assert all(torch.equal(before[name], value) for name, value in taker.state_dict().items())


def test_the_lexical_branch_and_the_encoder_are_no_heads():
    network = reader()
    network.lexical = torch.nn.Linear(2, 2)
    assert {name.partition(".")[0] for name in network_module.heads_state(network)} == {
        "kind", "topic", "urgency", "also", "project",
    }  # fmt: skip
