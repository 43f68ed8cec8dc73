"""
PyTorch's losses and their gradients with respect to the output, in float64: data/losses.json.

Every number is computed in float64, so that the file holds the true values.
"""

import numpy as np
import torch
import torch.nn.functional as F

from common import dyadic, write_json

random = np.random.RandomState(17)


def doubles(tensor):
    return [float(f"{value:.10g}") for value in tensor.detach().numpy().ravel()]


def case(name, options, y, target, loss, **more):
    """One loss of the output `y` and the `target`."""
    loss.backward()
    return {
        "name": name,
        "loss": options,
        "dims": list(y.shape),
        "output": doubles(y),
        "targetDims": list(target.shape),
        "target": doubles(target) if target.is_floating_point() else target.numpy().ravel().tolist(),
        "value": float(f"{loss.item():.10g}"),
        "gradient": doubles(y.grad),
        **more,
    }


def output(*shape):
    return torch.tensor(dyadic(random, shape, 2, 1 / 16), dtype=torch.float64, requires_grad=True)


def labels(*shape, classes):
    return torch.tensor(random.randint(0, classes, size=shape))


def classes():
    """Cross-entropy: every option alone and together, classes on axis 1 and on the last axis."""
    weights = [0.5, 2, 1, 0.25]
    options = [
        {},
        {"ignoreIndex": -100},
        {"ignoreIndex": 1},
        {"classWeights": weights},
        {"labelSmoothing": 0.125},
        {"ignoreIndex": -100, "classWeights": weights},
        {"ignoreIndex": 2, "labelSmoothing": 0.125},
        {"ignoreIndex": -100, "classWeights": weights, "labelSmoothing": 0.25},
    ]
    for last in (False, True):
        for given in options:
            shape = (3, 5, 4) if last else (3, 4, 5)
            y, target = output(*shape), labels(3, 5, classes=4)
            if given.get("ignoreIndex") is not None:
                target[:, 1] = given["ignoreIndex"]
            loss = F.cross_entropy(
                y.movedim(-1, 1) if last else y,
                target,
                weight=torch.tensor(weights, dtype=torch.float64) if "classWeights" in given else None,
                ignore_index=given.get("ignoreIndex", -1),
                label_smoothing=given.get("labelSmoothing", 0.0),
            )
            settings = {"type": "crossEntropy", "axis": -1 if last else 1, **given}
            yield case("cross_entropy", settings, y, target, loss)
    for given in [{}, {"classWeights": weights}, {"labelSmoothing": 0.125, "classWeights": weights}]:
        y = output(6, 4)
        shares = torch.tensor(dyadic(random, (6, 4), 1, 1 / 8), dtype=torch.float64).abs() + 0.125
        target = shares / shares.sum(1, keepdim=True)
        loss = F.cross_entropy(
            y,
            target,
            weight=torch.tensor(weights, dtype=torch.float64) if "classWeights" in given else None,
            label_smoothing=given.get("labelSmoothing", 0.0),
        )
        yield case("cross_entropy of shares", {"type": "crossEntropy", **given}, y, target, loss)


def elements():
    """Elementwise losses. One prediction equals its target; for binary cross-entropy, one target is 1."""
    for name, settings, loss_of in [
        ("mse_loss", "mse", F.mse_loss),
        ("l1_loss", "l1", F.l1_loss),
        ("huber_loss", "huber", F.huber_loss),
        ("huber_loss delta 0.5", {"type": "huber", "delta": 0.5}, lambda y, t: F.huber_loss(y, t, delta=0.5)),
        ("binary_cross_entropy_with_logits", "bceWithLogits", F.binary_cross_entropy_with_logits),
    ]:
        y = output(4, 3)
        target = torch.tensor(dyadic(random, (4, 3), 2, 1 / 16), dtype=torch.float64)
        if settings == "bceWithLogits":
            target = target.abs() / 2
        target[0, 0] = y[0, 0].detach()
        if settings == "bceWithLogits":
            target[0, 0] = 1
        yield case(name, settings, y, target, loss_of(y, target))


def sequences():
    """CTC: repeated labels, examples with fewer labels or none, another blank, steps on the first axis."""
    labels_of = [[1, 2, 2, 3], [3, 1, 0, 0], [0, 0, 0, 0]]
    for settings, lengths in [
        ({}, [4, 2, 0]),
        ({"blank": 4}, [4, 2, 1]),
        ({"timeAxis": 0}, [4, 2, 0]),
        ({"timeAxis": 0, "blank": 4}, [3, 4, 4]),
    ]:
        first = settings.get("timeAxis", 1) == 0
        y = output(7, 3, 5) if first else output(3, 7, 5)
        target = torch.tensor(labels_of)
        loss = F.ctc_loss(
            F.log_softmax(y if first else y.transpose(0, 1), 2),
            target,
            torch.full((3,), 7),
            torch.tensor(lengths),
            blank=settings.get("blank", 0),
        )
        padded = target.clone()
        for row, length in enumerate(lengths):
            padded[row, length:] = -1
        yield case("ctc_loss", {"type": "ctc", **settings}, y, padded, loss)


write_json("losses", cases=[*classes(), *elements(), *sequences()])
