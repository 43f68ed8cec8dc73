"""
The batch sharpness of the nets of models.py on each of their batches: data/sharpness.json.

Computes d H d / (g d) in float64 with exact Hessian-vector products. The weights come from the ONNX files, so they are
exact float32 numbers. g is the gradient of a batch, H the Hessian of the same batch's loss, and d the direction of the
update: g itself for plain SGD, g / (|g| + 1e-8) for the first step of Adam.
"""

import json

import onnx
from onnx import numpy_helper
import torch
import torch.nn.functional as F

from common import DATA, write_json
from models import NETS

FOLDER = DATA / "models"


def stored(name):
    """The net with the weights in its file, in float64, and its batches."""
    make, _, _, training = NETS[name]
    net = make().double().train(training)
    initializers = onnx.load(str(FOLDER / f"{name}.onnx")).graph.initializer
    values = {tensor.name: torch.tensor(numpy_helper.to_array(tensor)) for tensor in initializers}
    with torch.no_grad():
        for key, tensor in net.state_dict().items():
            if not key.endswith("num_batches_tracked"):
                tensor.copy_(values[key])
    record = json.loads((FOLDER / f"{name}.json").read_text())
    blob = (FOLDER / f"{name}.bin").read_bytes()
    regression = record["loss"] == "mse"
    batches = []
    for batch in record["batches"]:
        place, target = batch["input"], batch["target"]
        sixteenths = torch.frombuffer(bytearray(blob), dtype=torch.int8, offset=place["offset"], count=place["length"])
        inputs = sixteenths.double().reshape(place["shape"]) / 16
        labels = torch.tensor(target["data"], dtype=torch.float64 if regression else torch.int64)
        batches.append((inputs, labels.reshape(target["shape"])))
    return net, batches, F.mse_loss if regression else F.cross_entropy


def dot(a, b):
    return sum((x * y).sum() for x, y in zip(a, b))


def sharpness(net, inputs, target, loss_of, direction):
    parameters = list(net.parameters())
    gradient = torch.autograd.grad(loss_of(net(inputs), target), parameters, create_graph=True)
    fixed = [direction(g.detach()) for g in gradient]
    slope = dot(gradient, fixed)
    curvature = dot(torch.autograd.grad(slope, parameters), fixed)
    return (curvature / slope).item()


def main():
    cases = []
    for name in NETS:
        net, batches, loss_of = stored(name)
        for index, (inputs, target) in enumerate(batches):
            sgd = sharpness(net, inputs, target, loss_of, lambda g: g)
            adam = sharpness(net, inputs, target, loss_of, lambda g: g / (g.abs() + 1e-8))
            cases.append({"model": name, "batch": index, "sgd": sgd, "adam": adam})
            print(cases[-1], flush=True)
    write_json("sharpness", cases=cases)


if __name__ == "__main__":
    main()
