"""Writes lenet.onnx: PyTorch's export of LeNet-5 (with ReLU and max pooling) with its initial weights.

    python3 scripts/export-lenet.py    # torch 1.13, which made the file in this folder
"""

from pathlib import Path

import torch
from torch import nn

torch.manual_seed(1)
lenet = nn.Sequential(
    nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(400, 120), nn.ReLU(),
    nn.Linear(120, 84), nn.ReLU(),
    nn.Linear(84, 10),
)
torch.onnx.export(
    lenet,
    torch.zeros(1, 1, 28, 28),
    str(Path(__file__).parent.parent / "lenet.onnx"),
    input_names=["image"],
    output_names=["logits"],
    dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
    opset_version=17,
    do_constant_folding=True,
)
