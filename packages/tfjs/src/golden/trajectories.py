"""Writes trajectories.json in this folder: PyTorch's optimizers under a cycled rate and momentum, in float64.

f(w) = 1/2 sum(a (w - c)^2). Run with any PyTorch from 1.13: python3 trajectories.py
"""

import json
import pathlib
import torch

A, C, W0 = [1.0, 0.25, 3.0], [1.0, -2.0, 0.5], [0.0, 1.0, -1.0]
STEPS = 12
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=1),
    "momentum": lambda p: torch.optim.SGD(p, lr=1, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=1, eps=1e-8),
    "adamax": lambda p: torch.optim.Adamax(p, lr=1, eps=1e-8),
}


def run(name, cycled):
    w = torch.tensor(W0, dtype=torch.float64, requires_grad=True)
    a, c = torch.tensor(A, dtype=torch.float64), torch.tensor(C, dtype=torch.float64)
    optimizer = OPTIMIZERS[name]([w])
    group = optimizer.param_groups[0]
    weights = []
    for step in range(STEPS):
        position = step % 8
        height = position / 4 if position <= 4 else (8 - position) / 4
        group["lr"] = 0.01 + 0.09 * height
        if cycled:
            momentum = 0.95 - 0.25 * height
            if "betas" in group:
                group["betas"] = (momentum, group["betas"][1])
            else:
                group["momentum"] = momentum
        optimizer.zero_grad()
        (0.5 * (a * (w - c) ** 2).sum()).backward()
        optimizer.step()
        weights.append(w.detach().tolist())
    return {"optimizer": name, "cycled": cycled, "weights": weights}


runs = [run(name, cycled) for name in OPTIMIZERS for cycled in (False, True) if not (cycled and name == "sgd")]
golden = {
    "torch": torch.__version__,
    "a": A,
    "c": C,
    "w0": W0,
    "policy": {"type": "triangular", "baseLr": 0.01, "maxLr": 0.1, "stepSize": 4},
    "momentum": {"base": 0.7, "max": 0.95},
    "runs": runs,
}
pathlib.Path(__file__).with_name("trajectories.json").write_text(json.dumps(golden) + "\n")
