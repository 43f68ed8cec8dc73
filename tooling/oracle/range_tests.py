"""
Range tests of a small net on scikit-learn's digits, the best fixed rates, and synthetic curves. Every curve has the
results of fastai's rules. Written to data/range_tests.json.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

from common import write_json
from fastai_rules import views_of

BUDGETS = {16: 400, 64: 220, 256: 120}
# first and last rate of the exponential sweep, of the linear one, and of the grid of fixed rates
RANGES = {
    "sgd": [(1e-4, 100.0), (1e-3, 4.0), (3e-3, 30.0)],
    "momentum": [(1e-5, 10.0), (1e-4, 0.8), (3e-4, 3.0)],
    "adam": [(1e-6, 1.0), (1e-5, 0.12), (3e-5, 0.5)],
}
GRID, SEEDS, TAIL = 14, 3, 20


def data():
    digits = load_digits()
    order = np.random.RandomState(0).permutation(len(digits.target))
    inputs = torch.tensor(digits.data[order] / 16, dtype=torch.float32)
    classes = torch.tensor(digits.target[order])
    return (inputs[:1437], classes[:1437]), (inputs[1437:], classes[1437:])


TRAIN, VALIDATION = data()


def optimizer_of(kind, net):
    if kind == "adam":
        return torch.optim.Adam(net.parameters(), lr=0)
    return torch.optim.SGD(net.parameters(), lr=0, momentum=0.9 if kind == "momentum" else 0)


def batches(size, seed):
    random = np.random.RandomState(seed)
    while True:
        order = torch.tensor(random.permutation(len(TRAIN[0])))
        for first in range(0, len(order) - size + 1, size):
            rows = order[first : first + size]
            yield TRAIN[0][rows], TRAIN[1][rows]


def train(kind, size, seed, rates):
    """Trains a net. Returns it, and the loss and accuracy of each batch before its update."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = optimizer_of(kind, net)
    losses, accuracies = [], []
    for rate, (x, y) in zip(rates, batches(size, seed)):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        logits = net(x)
        loss = F.cross_entropy(logits, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        accuracies.append((logits.argmax(1) == y).float().mean().item())
    return net, losses, accuracies


def plain(values, digits):
    return [float(f"{value:.{digits}g}") if math.isfinite(value) else None for value in values]


def curve(name, schedule, ends, rates, losses, accuracies=None):
    """A curve with the results of fastai's rules. Losses are rounded to 8 digits before they are stored and judged."""
    kept = plain(losses, 8)
    entry = {"id": name, "schedule": schedule, "startLr": ends[0], "endLr": ends[1], "steps": len(rates)}
    entry["lr"], entry["loss"] = rates, kept
    if accuracies:
        entry["accuracy"] = plain(accuracies, 5)
    readable = [math.nan if loss is None else loss for loss in kept]
    return {**entry, "views": views_of(rates, readable, len(rates))}


def sweeps(kind, size):
    steps = BUDGETS[size]
    exponential, linear, _ = RANGES[kind]
    for schedule, (start, end) in [("exp", exponential), ("linear", linear)]:
        for seed in range(2 if size == 64 else 1):
            if schedule == "exp":  # as in fastai, the end is never quite reached
                rates = [start * (end / start) ** (step / steps) for step in range(steps)]
            else:
                rates = [start + (end - start) * step / (steps - 1) for step in range(steps)]
            _, losses, accuracies = train(kind, size, seed, rates)
            name = f"digits-{kind}-{size}-{schedule}-{seed}"
            yield curve(name, schedule, (start, end), rates, losses, accuracies)


def fixed(kind, size, rate):
    """The results of three trainings at one rate. Stable means that each ends finite and below its first loss."""
    stable, accuracies = True, []
    for seed in range(SEEDS):
        net, losses, _ = train(kind, size, seed, [rate] * BUDGETS[size])
        tail = sum(losses[-TAIL:]) / TAIL
        stable = stable and math.isfinite(tail) and tail < losses[0]
        with torch.no_grad():
            accuracies.append((net(VALIDATION[0]).argmax(1) == VALIDATION[1]).double().mean().item())
    return {"lr": rate, "stable": stable, "accuracy": round(sum(accuracies) / SEEDS, 6)}


def grid(kind, size):
    low, high = RANGES[kind][2]
    rates = [float(f"{low * (high / low) ** (index / (GRID - 1)):.4g}") for index in range(GRID)]
    rows = [fixed(kind, size, rate) for rate in rates]
    best = max(range(GRID), key=lambda index: rows[index]["accuracy"])
    largest = best
    while largest + 1 < GRID and rows[largest + 1]["stable"]:
        largest += 1
    return {"rows": rows, "bestAccuracy": rows[best]["accuracy"], "largestStable": rows[largest]["lr"]}


def made_up():
    """Synthetic curves: no noise, no valley, two valleys, ties, a cliff, very short."""
    noise = np.random.RandomState(0).standard_normal(100)
    at = np.linspace(-7, 1, 100, endpoint=False)  # log10 of the rate
    falling = 2.3 - 2 / (1 + np.exp(-3 * (at + 2.5)))
    classic = falling + np.exp(np.clip(3 * (at + 0.5), None, 6))
    shapes = {
        "classic": classic,
        "classic-noisy": classic + 0.02 * noise,
        "explode": falling + 10.0 ** np.clip(2 * (at + 1), -9, 9),
        "falling": 2.3 - 0.02 * np.arange(100) + 1e-5 * np.arange(100) ** 2,
        "rising": 2.3 + 0.01 * np.arange(100) + 1e-5 * np.arange(100) ** 2,
        "flat": np.full(100, 2.302585),
        "flat-noisy": 2.3 + 0.01 * noise,
        "two-valleys": 2.3 - np.exp(-((at + 4) ** 2)) - 1.5 * np.exp(-2 * (at + 1) ** 2),
        "plateau-cliff": np.where(at < -0.5, 2.3, 50.0),
        "ties": np.round(classic, 1),
        "short": classic[::8][:12],
    }
    for name, losses in shapes.items():
        steps = len(losses)
        rates = [1e-7 * 1e8 ** (step / steps) for step in range(steps)]
        yield curve(f"made-up-{name}", "exp", (1e-7, 10.0), rates, losses.tolist())


def main():
    curves, settings = [], []
    for kind in RANGES:
        for size, steps in BUDGETS.items():
            of = f"digits-{kind}-{size}"
            curves += [{"setting": of, **one} for one in sweeps(kind, size)]
            setting = {"setting": of, "optimizer": kind, "batchSize": size, "budgetSteps": steps, **grid(kind, size)}
            print(of, "best", setting["bestAccuracy"], "largest stable", setting["largestStable"], flush=True)
            settings.append(setting)
    write_json("range_tests", torch=torch.__version__, settings=settings, curves=curves + list(made_up()))


if __name__ == "__main__":
    main()
