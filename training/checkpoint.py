"""A fine-tuning run on disk: weights, averages and optimiser state as safetensors and JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file, save_file

if TYPE_CHECKING:
    from torch import Tensor, nn

_STATE, _PLACE = "state.safetensors", "place.json"


def save_checkpoint(
    folder: Path,
    network: nn.Module,
    average: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
    epochs: int,
) -> None:
    """Write the run after some whole epochs; the file that names them is replaced last."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"network.{k}": v for k, v in network.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in average.items()}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{k}": torch.as_tensor(v) for k, v in state.items()}
    save_file(
        {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()},
        folder / f"{epochs}-{_STATE}",
    )
    temporary = folder / f".{_PLACE}"
    temporary.write_text(json.dumps({"epochs": epochs}), encoding="utf-8")
    os.replace(temporary, folder / _PLACE)
    for old in folder.glob(f"*-{_STATE}"):
        if old.name != f"{epochs}-{_STATE}":
            old.unlink()


def load_checkpoint(
    folder: Path, network: nn.Module, average: dict[str, Tensor], optimiser: torch.optim.Optimizer
) -> int:
    """Restore a run in place; the number of epochs done, 0 where there is no checkpoint."""
    if not (folder / _PLACE).exists():
        return 0
    epochs = int(json.loads((folder / _PLACE).read_text(encoding="utf-8"))["epochs"])
    tensors = load_file(folder / f"{epochs}-{_STATE}")
    network.load_state_dict(_under("network.", tensors))
    for name, value in _under("average.", tensors).items():
        average[name].copy_(value)
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _under("optimiser.", tensors).items():
        number, key = name.split(".", 1)
        state.setdefault(int(number), {})[key] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    return epochs


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
