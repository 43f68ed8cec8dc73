"""Shared code of the scripts: exact random numbers, files, and the check that float32 can reproduce a result."""

import json
import pathlib

import numpy as np
import torch

DATA = pathlib.Path(__file__).parent / "data"
torch.set_num_threads(1)


def dyadic(random, shape, bound, unit):
    """Uniform random multiples of `unit` in [-bound, bound]. They are exact in float16, and compress well."""
    top = round(bound / unit)
    return random.randint(-top, top + 1, size=shape) * unit


def numbers(tensor):
    """A tensor as a list of the shortest decimals from which the same float32 (or float64) can be read back."""
    return [float(str(value)) for value in tensor.detach().numpy().ravel()]


def write_json(name, **fields):
    """Writes a JSON file with one line per list entry, so that a change of one case changes one line."""
    lines = []
    for key, value in fields.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join(json.dumps(row, separators=(",", ":"), allow_nan=False) for row in value)
            lines.append(f"{json.dumps(key)}:[\n{rows}\n]")
        else:
            lines.append(f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'), allow_nan=False)}")
    (DATA / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def largest_difference(first, second):
    """
    The largest difference between two results, each a dict of arrays. It is relative to the largest value of its array,
    or to 1e-3 if that value is smaller.
    """
    worst = 0.0
    for name, value in first.items():
        value = np.asarray(value, dtype=np.float64)
        other = np.asarray(second[name], dtype=np.float64)
        worst = max(worst, np.abs(value - other).max() / max(np.abs(value).max(), 1e-3))
    return worst


def held(run, limit=1e-5, draws=4, noise=1e-6):
    """
    Returns True if a result stays within `limit` when the initial weights change by `noise`, and when everything is
    computed in float64. `run(dtype, nudge)` trains and returns a dict of arrays; `nudge` changes one weight tensor. The
    differences are large if inputs of a ReLU or a max pool are close to a kink. Then float32 implementations need not
    agree.
    """
    result = run(torch.float32, lambda weight: weight)
    if largest_difference(result, run(torch.float64, lambda weight: weight)) > limit:
        return False
    for seed in range(draws):
        random = np.random.RandomState(seed)

        def nudge(weight):
            return weight * (1 + noise * torch.from_numpy(random.uniform(-1, 1, size=tuple(weight.shape))))

        if largest_difference(result, run(torch.float32, nudge)) > limit:
            return False
    return True
