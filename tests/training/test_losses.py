"""Each loss is least where the answer is right, and weighs mistakes as it says."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")
losses = pytest.importorskip("training.losses")
network = pytest.importorskip("training.network")
pytestmark = pytest.mark.usefixtures("one_torch_thread")

GROUPS = torch.tensor([0, 0, 1])
PLAIN = losses.Weights(smoothing=0.0)


def one_hot(index: int, size: int = 3, height: float = 4.0):
    return torch.nn.functional.one_hot(torch.tensor([index]), size).float() * height


def test_the_topic_loss_is_that_of_the_leaf_and_of_its_group():
    logits = torch.tensor([[1.0, 0.5, -0.3]])
    chances = logits.softmax(-1)[0]
    expected = -chances[1].log() - 0.3 * (chances[0] + chances[1]).log()
    found = losses.topic_loss(logits, torch.tensor([1]), GROUPS, PLAIN)
    assert found.item() == pytest.approx(expected.item(), abs=1e-5)


def test_a_wrong_leaf_of_the_right_group_costs_less_than_one_of_another():
    truth = torch.tensor([0])
    near, far = (losses.topic_loss(one_hot(n), truth, GROUPS, PLAIN) for n in (1, 2))
    right = losses.topic_loss(one_hot(0), truth, GROUPS, PLAIN)
    assert right < near < far


def test_topic_scores_far_apart_stay_finite():
    logits = torch.tensor([[1e4, -1e4, -1e4]], requires_grad=True)
    loss = losses.topic_loss(logits, torch.tensor([2]), GROUPS, PLAIN)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_a_rare_kind_is_pulled_up_harder_than_a_common_one():
    prior = torch.tensor([0.9, 0.1]).log()
    common, rare = (
        losses.kind_loss(torch.zeros(1, 2), torch.tensor([kind]), prior, PLAIN) for kind in (0, 1)
    )
    assert rare > common
    flat = losses.Weights(prior=0.0)
    even = [
        losses.kind_loss(torch.zeros(1, 2), torch.tensor([kind]), prior, flat) for kind in (0, 1)
    ]
    assert even[0] == pytest.approx(math.log(2))
    assert even[0] == even[1]


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_urgency_is_least_where_every_line_is_on_its_side(level):
    sides = torch.tensor([[4.0 if level <= line else -4.0 for line in (1, 2, 3)]])
    truth = torch.tensor([level])
    best = losses.urgency_loss(sides, truth, PLAIN)
    for line in range(3):
        wrong = sides.clone()
        wrong[0, line] *= -1
        assert losses.urgency_loss(wrong, truth, PLAIN) > best


def test_a_missed_call_for_help_costs_more_than_a_false_one():
    missed = losses.urgency_loss(torch.tensor([[-3.0, 4.0, 4.0]]), torch.tensor([1]), PLAIN)
    false = losses.urgency_loss(torch.tensor([[3.0, 4.0, 4.0]]), torch.tensor([2]), PLAIN)
    assert missed / false == pytest.approx(PLAIN.missed_khan_cap, rel=0.05)


def test_a_further_topic_that_is_missed_costs_more_than_a_false_one():
    present = torch.tensor([[1.0, 0.0]])
    missed = losses.also_loss(torch.tensor([[-3.0, -9.0]]), present)
    false = losses.also_loss(torch.tensor([[9.0, 3.0]]), present)
    assert missed / false == pytest.approx(4.0, rel=0.02)


def test_an_agency_is_as_near_as_its_nearest_clause():
    clauses = torch.eye(3)  # the first two are of one agency
    owner, wanted = torch.tensor([0, 0, 1]), torch.tensor([[1.0, 0.0]])
    at = [losses.agency_loss(clauses[n : n + 1], clauses, owner, wanted, 0.1) for n in range(3)]
    assert at[0] == pytest.approx(at[1].item(), abs=1e-6)
    assert at[0] < 0.01
    assert at[2] > 5


def test_an_agency_without_clauses_is_never_near():
    wanted = torch.tensor([[1.0, 0.0]])
    loss = losses.agency_loss(torch.eye(2)[:1], torch.eye(2)[:1], torch.tensor([0]), wanted, 0.1)
    assert loss.item() == pytest.approx(0.0, abs=1e-6)


def test_both_of_two_accepted_agencies_are_wanted():
    clauses, owner = torch.eye(3), torch.tensor([0, 1, 2])
    wanted = torch.tensor([[0.5, 0.5, 0.0]])
    between = torch.tensor([[0.5**0.5, 0.5**0.5, 0.0]])
    sides = [losses.agency_loss(clauses[n : n + 1], clauses, owner, wanted, 0.2) for n in (0, 1)]
    assert losses.agency_loss(between, clauses, owner, wanted, 0.2) < min(sides)


def test_twins_that_answer_alike_cost_nothing_and_others_the_same_both_ways():
    def outputs(seed: int):
        made = torch.Generator().manual_seed(seed)
        sizes = (6, 3, 3, 3, 8)
        return network.Outputs(*(torch.randn(2, size, generator=made) for size in sizes))

    one, two = outputs(1), outputs(2)
    assert losses.twin_loss(one, one) == 0
    assert losses.twin_loss(one, two) > 0
    assert losses.twin_loss(one, two) == pytest.approx(losses.twin_loss(two, one).item())
