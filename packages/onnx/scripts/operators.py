"""Writes test/operators.json: the operators of ONNX's schema, for the test of operators without a gradient.

Run it with Debian's python3-onnx (1.12, opset 17): python3 scripts/operators.py
Operators of later opsets are listed below by hand, from the changelog of the standard.
A row holds the operator, domain, opset, the numbers of required inputs and of outputs, and the inputs that accept a float tensor.
"""
import json
import os

import onnx

later = [
    ["AffineGrid", "", 20, 2, 1, [0]],
    ["Attention", "", 23, 3, 1, [0, 1, 2]],
    ["CenterCropPad", "", 18, 2, 1, [0]],
    ["Col2Im", "", 18, 3, 1, [0]],
    ["CumProd", "", 26, 2, 1, [0]],
    ["DeformConv", "", 19, 3, 1, [0, 1, 2]],
    ["Gelu", "", 20, 1, 1, [0]],
    ["GroupNormalization", "", 18, 3, 1, [0, 1, 2]],
    ["Mish", "", 18, 1, 1, [0]],
    ["RMSNormalization", "", 23, 2, 1, [0, 1]],
    ["RotaryEmbedding", "", 23, 3, 1, [0, 1, 2]],
    ["Swish", "", 24, 1, 1, [0]],
    ["TensorScatter", "", 24, 2, 1, [0, 1]],
]
variadic = onnx.defs.OpSchema.FormalParameterOption.Variadic


def row(schema):
    takes = [i for i, given in enumerate(schema.inputs) if "tensor(float)" in given.types]
    outputs = len([given for given in schema.outputs if given.option != variadic]) or 1
    inputs = max([schema.min_input] + [i + 1 for i in takes])
    return [schema.name, schema.domain, schema.since_version, inputs, min(outputs, max(schema.min_output, 1)), takes]


schemas = [s for s in onnx.defs.get_all_schemas() if s.domain in ("", "ai.onnx.ml") and not s.deprecated]
rows = sorted([row(s) for s in schemas] + later, key=lambda r: (r[1], r[0]))
path = os.path.join(os.path.dirname(__file__), "..", "test", "operators.json")
with open(path, "w") as file:
    file.write("[\n" + ",\n".join("  " + json.dumps(r) for r in rows) + "\n]\n")
