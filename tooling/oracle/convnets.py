"""
Twelve steps of SGD on two tiny convolutional nets, in float32: data/convnets.json.

ReLU and max pooling have kinks. A seed is used only if no kink is so near the trajectory that rounding could cross it.
"""

import numpy as np
import torch
import torch.nn.functional as F

from common import dyadic, held, numbers, write_json

LAYERS = {
    # 16x16, flattened before the last layer: 8 channels of 3x3
    "A": {"conv1": (4, 1, 5, 5), "conv2": (8, 4, 3, 3), "fc": (10, 72)},
    # 8x8, averaged over the plane before the last layer
    "B": {"conv1": (4, 1, 5, 5), "conv2": (8, 4, 3, 3), "fc": (10, 8)},
}
SIZE = {"A": 16, "B": 8}


def forward(net, x, weights):
    layer = lambda name: (weights[f"{name}.weight"], weights[f"{name}.bias"])
    x = F.relu(F.max_pool2d(F.conv2d(x, *layer("conv1"), padding=2), 3, 2))
    x = F.conv2d(x, *layer("conv2"), padding=1)
    x = F.avg_pool2d(x, 3, 2) if net == "A" else F.relu(x).mean(dim=(2, 3))
    return F.linear(x.flatten(1), *layer("fc"))


def start_of(net, random):
    start = {}
    for name, shape in LAYERS[net].items():
        bound = np.prod(shape[1:]) ** -0.5
        start[f"{name}.weight"] = dyadic(random, shape, bound, 1 / 256)
        start[f"{name}.bias"] = dyadic(random, shape[0], bound, 1 / 256)
    return start


def train(net, start, images, labels, batches, cycled, dtype, nudge):
    weights = {name: nudge(torch.tensor(value)).to(dtype).requires_grad_() for name, value in start.items()}
    optimizer = torch.optim.SGD(weights.values(), lr=0.02, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CyclicLR(
        optimizer, 0.02, 0.2, 3, 2, "triangular2", cycle_momentum=cycled, base_momentum=0.8, max_momentum=0.95
    )
    x, y = torch.tensor(images, dtype=dtype), torch.tensor(labels)
    record = {"lr": [], "momentum": [], "loss": [], "correct": []}
    for step, rows in enumerate(batches):
        (group,) = optimizer.param_groups
        optimizer.zero_grad()
        logits = forward(net, x[rows], weights)
        loss = F.cross_entropy(logits, y[rows])
        loss.backward()
        if step == 0:
            gradients = {name: weight.grad.clone() for name, weight in weights.items()}
        record["lr"].append(group["lr"])
        record["momentum"].append(group["momentum"])
        record["loss"].append(loss)
        record["correct"].append((logits.argmax(1) == y[rows]).sum().item())
        optimizer.step()
        scheduler.step()
    whole = F.cross_entropy(forward(net, x, weights), y)
    return record, gradients, weights, whole


def trained(net, seed):
    """The data, the initial weights and both runs for a seed, or None if float32 cannot reproduce the runs."""
    random = np.random.RandomState(seed)
    size = SIZE[net]
    labels = np.arange(64) % 10
    # An image is one of ten patterns plus noise of the same range. So there is something to learn, and hardly any two
    # pixels are equal.
    patterns = random.randint(0, 128, size=(10, size, size))
    images = patterns[labels] + random.randint(0, 128, size=(64, size, size))
    batches = [part.tolist() for _ in range(3) for part in random.permutation(64).reshape(4, 16)]
    start = start_of(net, random)
    runs = []
    for cycled in (False, True):
        kept = {}

        def run(dtype, nudge):
            outcome = train(net, start, (images[:, None] - 128) / 64, labels, batches, cycled, dtype, nudge)
            kept.setdefault("outcome", outcome)
            record, gradients, weights, whole = outcome
            result = {name: value.detach().numpy() for name, value in weights.items()}
            result |= {f"{name} gradient": value.numpy() for name, value in gradients.items()}
            return {**result, "loss": np.array([loss.item() for loss in record["loss"]] + [whole.item()])}

        if not held(run):
            return None
        record, gradients, weights, whole = kept["outcome"]
        runs.append(
            {
                "cycledMomentum": cycled,
                "lr": record["lr"],
                "momentum": record["momentum"],
                "loss": [number for loss in record["loss"] for number in numbers(loss)],
                "correct": record["correct"],
                "gradients": {name: numbers(value) for name, value in gradients.items()},
                "parameters": {name: numbers(value) for name, value in weights.items()},
                "wholeLoss": numbers(whole)[0],
            }
        )
    return {
        "net": net,
        "seed": seed,
        "size": size,
        "images": ["".join(f"{pixel:02x}" for pixel in image.ravel()) for image in images],
        "labels": labels.tolist(),
        "batches": batches,
        "init": {name: {"shape": list(value.shape), "data": value.ravel().tolist()} for name, value in start.items()},
        "runs": runs,
    }


def main():
    nets = []
    for net in LAYERS:
        found = next(filter(None, (trained(net, seed) for seed in range(1000))))
        print(f"net {net}: seed {found['seed']}, losses {found['runs'][1]['loss']}")
        nets.append(found)
    write_json("convnets", torch=torch.__version__, nets=nets)


if __name__ == "__main__":
    main()
