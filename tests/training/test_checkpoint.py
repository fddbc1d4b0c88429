"""A run on disk comes back whole, and a broken write leaves the last whole one."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
checkpoint = pytest.importorskip("training.checkpoint")
pytestmark = pytest.mark.usefixtures("one_torch_thread")


class Run:
    """A network with an optimiser that has a state, and an average."""

    def __init__(self, seed: int, steps: int = 2) -> None:
        torch.manual_seed(seed)
        self.network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
        self.average = {k: v.clone() + 1 for k, v in self.network.state_dict().items()}
        groups = [{"params": self.network.parameters(), "peak": 0.5, "lr": 0.1 * (seed + 1)}]
        self.optimiser = torch.optim.AdamW(groups)
        for _ in range(steps):
            self.step()

    def step(self) -> None:
        self.network(torch.arange(6.0).view(2, 3)).square().sum().backward()
        self.optimiser.step()
        self.optimiser.zero_grad()

    def save(self, folder, epochs: int) -> None:
        checkpoint.save_checkpoint(folder, self.network, self.average, self.optimiser, epochs)

    def load(self, folder) -> int:
        return checkpoint.load_checkpoint(folder, self.network, self.average, self.optimiser)

    def state(self) -> dict:
        moments = self.optimiser.state_dict()["state"]
        flat = {f"{n}.{k}": v for n, state in moments.items() for k, v in state.items()}
        kept = {**self.network.state_dict(), **{f"a.{k}": v for k, v in self.average.items()}}
        return {k: torch.as_tensor(v).clone() for k, v in {**kept, **flat}.items()}


def same(one: dict, two: dict) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


def test_everything_comes_back_and_goes_on_alike(tmp_path):
    saved, loaded = Run(1), Run(2, steps=0)
    saved.save(tmp_path / "new", 7)
    assert loaded.load(tmp_path / "new") == 7
    assert same(saved.state(), loaded.state())
    for run in (saved, loaded):
        run.optimiser.param_groups[0]["lr"] = 0.05  # the schedule sets it before each step
        run.step()
    assert same(saved.state(), loaded.state())


def test_without_a_checkpoint_nothing_changes(tmp_path):
    run = Run(1)
    before = run.state()
    assert run.load(tmp_path / "none") == 0
    assert same(before, run.state())


def test_the_last_one_alone_is_kept(tmp_path):
    run = Run(1)
    for epochs in (1, 2, 3):
        run.save(tmp_path, epochs)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3-state.safetensors", "place.json"]


def test_a_write_that_broke_off_leaves_the_one_before(tmp_path, monkeypatch):
    run, loaded = Run(1), Run(2)
    run.save(tmp_path, 1)
    before = run.state()
    run.step()

    def broken(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("training.checkpoint.os.replace", broken)
    with pytest.raises(OSError, match="no space"):
        run.save(tmp_path, 2)
    assert loaded.load(tmp_path) == 1
    assert same(before, loaded.state())


def test_nothing_is_pickled(tmp_path):
    Run(1).save(tmp_path, 1)
    (weights,) = tmp_path.glob("*.safetensors")
    head = weights.read_bytes()[:9]
    assert int.from_bytes(head[:8], "little") < weights.stat().st_size
    assert head[8:] == b"{"
