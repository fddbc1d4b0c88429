"""From a trained reader to the graph that serving runs, and the proof that both say the same."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from nlp.errors import ArtifactInvalid
from nlp.model import OUTPUTS, Model, Scores

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import Tensor

    from training.network import ReaderNetwork

#: Largest difference of a raw score between torch and the exported graph, both in float32.
TOLERANCE = 2e-3
OPSET = 18
#: Tables and weights with fewer numbers than this stay in float32.
BIG = 100_000
_OUTPUT = "score."


class _Flat(nn.Module):
    """A reader whose outputs are a plain tuple in the order of ``nlp.model.OUTPUTS``."""

    def __init__(self, network: ReaderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        outputs = self.network(input_ids, attention_mask)
        return tuple(getattr(outputs, name) for name in OUTPUTS)


def export_onnx(network: ReaderNetwork, path: Path, pad_id: int) -> None:
    """Write the float32 graph with its tensors inside; batch and length are free."""
    import onnx

    network = network.float().eval()
    config: Any = network.encoder.config
    config._attn_implementation = "eager"  # fused attention has no ONNX form
    ids = torch.full((2, 16), pad_id + 5, dtype=torch.long)
    mask = torch.ones_like(ids)
    mask[1, 10:] = 0
    free = {0: torch.export.Dim("batch", min=1), 1: torch.export.Dim("length", min=2, max=4096)}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own internals
        raw = Path(folder) / "raw.onnx"
        torch.onnx.export(
            _Flat(network),
            (ids, mask),
            str(raw),
            input_names=["input_ids", "attention_mask"],
            output_names=[_OUTPUT + name for name in OUTPUTS],
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes={"input_ids": free, "attention_mask": free},
            external_data=False,
            verbose=False,
        )
        onnx.save_model(_named(_without_local_paths(onnx.load(raw))), str(path))


def _named(model: ModelProto) -> ModelProto:
    """The graph with outputs named as ``OUTPUTS``; the exporter has an inner "embedding" too."""
    graph = model.graph
    names = {_OUTPUT + name: name for name in OUTPUTS} | {name: f"inner.{name}" for name in OUTPUTS}
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.value_info, *graph.output, *graph.initializer):
        value.name = names.get(value.name, value.name)
    return model


def _without_local_paths(model: ModelProto) -> ModelProto:
    """The graph without notes on where on this machine each node came from."""
    model.doc_string = ""
    graph = model.graph
    for part in (*graph.node, *graph.initializer, *graph.value_info, *graph.input, *graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    del graph.metadata_props[:]
    del model.metadata_props[:]
    del model.functions[:]
    return model


def quantise(source: Path, target: Path) -> None:
    """A small copy of a graph: products in int8 with weights per channel, the rest in float16.

    Look-up tables stay out of int8, which would save no time there and, with one scale for a whole
    table, cost 1.1 points of topic accuracy. So do the products that lead from the wide inner layer
    back: their inputs have a few large entries that spoil the scale of all others. Leaving them out
    takes a fifth more time and brings the divergence of the topic from 0.0092 to 0.0007 nats.
    """
    import logging

    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().setLevel(logging.ERROR)  # the library advises on the root logger
    quantize_dynamic(
        str(source),
        str(target),
        per_channel=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul"],
        nodes_to_exclude=_products_from_wide(onnx.load(source)),
        extra_options={"MatMulConstBOnly": True},
    )
    onnx.save_model(_with_halves(onnx.load(target)), str(target))


def _products_from_wide(model: Any) -> list[str]:  # noqa: ANN401 - protobuf has no static types
    """Names of the products whose weights have clearly more rows than columns."""
    shapes = {i.name: tuple(i.dims) for i in model.graph.initializer}
    weights = {
        n.name: shapes.get(n.input[1], ()) for n in model.graph.node if n.op_type == "MatMul"
    }
    return [name for name, shape in weights.items() if len(shape) == 2 and _from_wide(*shape)]


def _from_wide(rows: int, columns: int) -> bool:
    return columns > 1 and rows >= 1.5 * columns


def _with_halves(model: Any) -> Any:  # noqa: ANN401 - protobuf messages have no static types
    """Big float32 tables and weights in float16, cast back where they are used."""
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    big = {
        i.name: i
        for i in graph.initializer
        if i.data_type == TensorProto.FLOAT and len(i.dims) == 2 and np.prod(i.dims) >= BIG
    }
    nodes = []
    for node in graph.node:
        place = 0 if node.op_type == "Gather" else 1
        used = node.input[place] if node.op_type in {"Gather", "MatMul"} else ""
        if used not in big:
            nodes.append(node)
            continue
        weights = big[used]
        weights.CopyFrom(
            numpy_helper.from_array(numpy_helper.to_array(weights).astype(np.float16), used)
        )
        if node.op_type == "Gather":  # only the rows that are looked up
            rows = node.output[0]
            node.output[0] = f"{rows}.half"
            nodes += [
                node,
                helper.make_node("Cast", [f"{rows}.half"], [rows], to=TensorProto.FLOAT),
            ]
        else:  # cast once, when the graph is loaded
            node.input[1] = f"{used}.whole"
            nodes += [
                helper.make_node("Cast", [used], [f"{used}.whole"], to=TensorProto.FLOAT),
                node,
            ]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


@torch.no_grad()
def torch_scores(network: ReaderNetwork, windows: Sequence[Sequence[int]]) -> Scores:
    """Scores of windows by the trained network itself, one window at a time."""
    network.eval()
    rows = []
    for window in windows:
        ids = torch.tensor([list(window)])
        rows.append(network(ids, torch.ones_like(ids)))
    return Scores(*(torch.cat([getattr(r, n) for r in rows]).float().numpy() for n in OUTPUTS))


def check_export(network: ReaderNetwork, path: Path, windows: Sequence[Sequence[int]]) -> float:
    """Compare the float32 graph with the network it came from.

    Returns:
        The largest difference of a score.

    Raises:
        ArtifactInvalid: It is over ``TOLERANCE``.
    """
    expected = torch_scores(network, windows)
    found = Model(path).score(windows)
    gap = max(
        float(np.abs(getattr(expected, f.name) - getattr(found, f.name)).max())
        for f in fields(Scores)
    )
    if gap > TOLERANCE:
        raise ArtifactInvalid(f"{path}: exported scores differ by {gap:.2g}, over {TOLERANCE}")
    return gap
