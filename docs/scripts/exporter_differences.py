"""Shows the behaviour in the rows "PyTorch's exporter" of docs/known-differences.md. Run with Debian 12's python3-torch and python3-onnx:

    apt-get install python3-torch python3-onnx && /usr/bin/python3 docs/scripts/exporter_differences.py

Prints one line per row and exits with 1 if the behaviour has changed.
"""

import io
import sys
import warnings

import onnx
import torch
from onnx import numpy_helper
from torch import nn

warnings.filterwarnings("ignore")


def export(module, args, opset=13):
    """Exports a module with PyTorch and returns the graph."""
    file = io.BytesIO()
    torch.onnx.export(module, args, file, opset_version=opset)
    file.seek(0)
    return onnx.load(file).graph


def constants(graph):
    return {
        node.output[0]: numpy_helper.to_array(node.attribute[0].t).tolist()
        for node in graph.node
        if node.op_type == "Constant"
    }


class ScatterAdd(nn.Module):
    def forward(self, x, index, values):
        return x.scatter_add(0, index, values)


def circular_padding():
    """Circular padding by 1 prepends x[-1]. The exported model prepends x[-2:-1]."""
    graph = export(nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular"), torch.zeros(1, 1, 6))
    known = constants(graph)
    first = next(node for node in graph.node if node.op_type == "Slice")
    return [known[first.input[1]], known[first.input[2]]], [[-2], [-1]]


def scatter_add():
    """Below opset 16, scatter_add is exported as an assignment."""

    def reduction(opset):
        arguments = (torch.zeros(3), torch.tensor([0, 0]), torch.ones(2))
        graph = export(ScatterAdd(), arguments, opset)
        node = next(node for node in graph.node if node.op_type == "ScatterElements")
        return next((a.s.decode() for a in node.attribute if a.name == "reduction"), "none")

    return [reduction(15), reduction(16)], ["none", "add"]


def equal_parameters():
    """Two layers with equal fresh parameters share one copy; an Identity marks each merged parameter."""
    graph = export(nn.Sequential(nn.LayerNorm(4), nn.LayerNorm(4)), torch.zeros(1, 4))
    merged = sorted(node.input[0] for node in graph.node if node.op_type == "Identity")
    return [sorted(i.name for i in graph.initializer), merged], [["0.bias", "0.weight"], ["0.bias", "0.weight"]]


def max_norm():
    """The exported model does not renormalize rows to max_norm."""
    graph = export(nn.Embedding(3, 2, max_norm=1.0), torch.tensor([0]))
    return [node.op_type for node in graph.node], ["Gather"]


rows = {
    "torch-circular-padding": circular_padding,
    "torch-scatter-add": scatter_add,
    "torch-equal-parameters": equal_parameters,
    "torch-max-norm": max_norm,
}

print(f"PyTorch {torch.__version__}, onnx {onnx.__version__}")
changed = False
for name, see in rows.items():
    seen, known = see()
    print(f"{name}: {see.__doc__.strip()} Seen: {seen}{'' if seen == known else f', CHANGED from {known}'}")
    changed = changed or seen != known
sys.exit(1 if changed else 0)
