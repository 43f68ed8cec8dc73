"""
Seven small nets as ONNX files, and PyTorch's results of four short trainings of each: data/models/. Each training takes
three steps of SGD with momentum and weight decay from the weights in the file. A longer training could not be
reproduced: ReLU and max pooling have kinks, and at some step rounding would move a value to the other side of a kink. A
seed is used only if no kink is near the trajectory.
"""

import copy
import io
import json

import numpy as np
import onnx
from onnx import numpy_helper
import torch
import torch.nn.functional as F
from torch import nn

from common import DATA, held, numbers

BATCH, BATCHES, RUNS, STEPS = 8, 4, 4, 3
MOMENTUM, WEIGHT_DECAY = 0.9, 0.01
# triangular(0.02, 0.08, stepSize 4)
RATES = [0.02 + 0.06 * (1 - abs(step % 8 - 4) / 4) for step in range(RUNS * STEPS)]


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.a = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.n = nn.BatchNorm2d(channels)
        self.b = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.m = nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(x + self.m(self.b(F.relu(self.n(self.a(x))))))


class Encoder(nn.Module):
    """One transformer block over 6 positions of width 16, two heads, and a classifier of the mean."""

    def __init__(self, width=16, heads=2, hidden=32, classes=5):
        super().__init__()
        self.heads = heads
        self.n1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.o = nn.Linear(width, width)
        self.n2 = nn.LayerNorm(width)
        self.f1 = nn.Linear(width, hidden)
        self.f2 = nn.Linear(hidden, width)
        self.c = nn.Linear(width, classes)

    def forward(self, x):
        batch, length, width = x.shape

        def split(t):
            return t.reshape(batch, length, self.heads, width // self.heads).transpose(1, 2)

        q, k, v = map(split, self.qkv(self.n1(x)).chunk(3, dim=-1))
        weights = torch.softmax(q @ k.transpose(-1, -2) / (width // self.heads) ** 0.5, dim=-1)
        x = x + self.o((weights @ v).transpose(1, 2).reshape(batch, length, width))
        x = x + self.f2(F.gelu(self.f1(self.n2(x))))
        return self.c(x.mean(dim=1))


def mlp():
    return nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 16), nn.Tanh(), nn.Linear(16, 4))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 8, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(200, 24),
        nn.ReLU(),
        nn.Linear(24, 16),
        nn.ReLU(),
        nn.Linear(16, 10),
    )


def cifar_quick():
    return nn.Sequential(
        nn.Conv2d(3, 16, 5, padding=2),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        nn.ReLU(),
        nn.Conv2d(16, 16, 5, padding=2),
        nn.ReLU(),
        nn.AvgPool2d(3, stride=2, ceil_mode=True),
        nn.Conv2d(16, 32, 5, padding=2),
        nn.ReLU(),
        nn.AvgPool2d(3, stride=2, ceil_mode=True),
        nn.Flatten(),
        nn.Linear(512, 16),
        nn.Linear(16, 10),
    )


def resnet_mini():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        Residual(16),
        nn.Conv2d(16, 16, 3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 10),
    )


def bn_frozen():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.BatchNorm2d(8),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(512, 6),
    )


def regressor():
    return nn.Sequential(nn.Linear(6, 24), nn.Sigmoid(), nn.Linear(24, 24), nn.ELU(), nn.Linear(24, 2))


# name: net, shape of an example, classes (or numbers, for mse), whether batch normalization trains
NETS = {
    "mlp": (mlp, (20,), 4, True),
    "lenet": (lenet, (1, 28, 28), 10, True),
    "cifar-quick": (cifar_quick, (3, 32, 32), 10, True),
    "resnet-mini": (resnet_mini, (3, 16, 16), 10, True),
    "bn-frozen": (bn_frozen, (3, 16, 16), 6, False),
    "encoder": (Encoder, (6, 16), 5, True),
    "regressor": (regressor, (6,), 2, True),
}


def fill(net, random):
    """Random weights and statistics, of full precision so that no inputs of a max pool are equal."""
    norms = (nn.BatchNorm2d, nn.LayerNorm)
    with torch.no_grad():
        for module in net.modules():
            for name, tensor in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
                if name == "num_batches_tracked":
                    continue
                shape = tuple(tensor.shape)
                if isinstance(module, norms):
                    middle = 1 if name in ("weight", "running_var") else 0
                    value = random.uniform(middle - 0.25, middle + 0.25, size=shape)
                else:
                    bound = float(np.prod(module.weight.shape[1:])) ** -0.5
                    value = random.uniform(-bound, bound, size=shape)
                tensor.copy_(torch.tensor(value))


def make_batches(random, shape, outputs, regression):
    batches = []
    for _ in range(BATCHES):
        inputs = random.randint(-16, 16, size=(BATCH, *shape))
        target = random.randint(-8, 9, size=(BATCH, outputs)) / 8 if regression else random.randint(0, outputs, BATCH)
        batches.append((inputs, target))
    return batches


def train(net, batches, regression):
    """All runs, each from a copy of `net`, which stays unchanged."""
    dtype = next(net.parameters()).dtype
    data = [
        (torch.tensor(inputs / 16, dtype=dtype), torch.tensor(target, dtype=dtype if regression else torch.int64))
        for inputs, target in batches
    ]
    loss_of = F.mse_loss if regression else F.cross_entropy
    losses, gradients = [], None
    for run in range(RUNS):
        trained = copy.deepcopy(net)
        optimizer = torch.optim.SGD(trained.parameters(), lr=0, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
        for step in range(STEPS):
            optimizer.param_groups[0]["lr"] = RATES[run * STEPS + step]
            x, y = data[(run + step) % BATCHES]
            optimizer.zero_grad()
            loss = loss_of(trained(x), y)
            loss.backward()
            losses.append(loss.detach())
            gradients = gradients or {name: p.grad.clone() for name, p in trained.named_parameters()}
            optimizer.step()
    buffers = {name: b for name, b in trained.named_buffers() if not name.endswith("num_batches_tracked")}
    return losses, gradients, dict(trained.named_parameters()), buffers if trained.training else {}


def trained(name, seed):
    """The net, the batches and the training for a seed, or None if float32 cannot reproduce the training."""
    make, shape, outputs, training = NETS[name]
    random = np.random.RandomState(seed)
    net = make().train(training)
    fill(net, random)
    regression = name == "regressor"
    batches = make_batches(random, shape, outputs, regression)
    kept = {}

    def run(dtype, nudge):
        moved = copy.deepcopy(net).to(dtype)
        with torch.no_grad():
            for parameter in moved.parameters():
                parameter.copy_(nudge(parameter))
        losses, gradients, parameters, buffers = train(moved, batches, regression)
        kept.setdefault("outcome", (losses, gradients, parameters, buffers))
        result = {key: value.detach().numpy() for key, value in {**parameters, **buffers}.items()}
        # A bias before batch normalization has the gradient 0 except for rounding, so compare relative to the largest.
        floor = max(value.abs().max().item() for value in gradients.values()) / 100
        result |= {f"{key} gradient": np.append(value.numpy().ravel(), floor) for key, value in gradients.items()}
        return {**result, "loss": np.array([loss.item() for loss in losses])}

    return (net, batches, kept["outcome"]) if held(run) else None


def export(net, shape, training):
    """The ONNX file with the weights of `net`. An export in training mode runs the net once and changes its statistics."""
    mode = torch.onnx.TrainingMode.TRAINING if training else torch.onnx.TrainingMode.EVAL
    stream = io.BytesIO()
    torch.onnx.export(
        copy.deepcopy(net),
        torch.zeros(BATCH, *shape),
        stream,
        opset_version=17,
        training=mode,
        do_constant_folding=False,
        input_names=["input"],
        output_names=["output"],
        # the encoder's shapes are fixed, because its reshapes contain the batch size
        dynamic_axes=None if isinstance(net, Encoder) else {"input": {0: "batch"}, "output": {0: "batch"}},
    )
    model = onnx.load_from_string(stream.getvalue())
    state = net.state_dict()
    for initializer in model.graph.initializer:
        if initializer.name in state:
            value = state[initializer.name].detach().numpy()
            initializer.CopyFrom(numpy_helper.from_array(value, initializer.name))
    return model.SerializeToString()


def write(name, net, batches, outcome):
    losses, gradients, parameters, buffers = outcome
    _, shape, _, training = NETS[name]
    blob = bytearray()

    def stored(array):
        place = {"shape": list(array.shape), "offset": len(blob), "length": array.size}
        blob.extend(array.tobytes())
        return place

    def tensors(named):
        return {key: stored(value.detach().numpy().astype("<f4")) for key, value in named.items()}

    record = {
        "loss": "mse" if name == "regressor" else "crossEntropy",
        "optimizer": {"momentum": MOMENTUM, "weightDecay": WEIGHT_DECAY},
        "gradients": tensors(gradients),
        "parameters": tensors(parameters),
        "buffers": tensors(buffers),
    }
    record["batches"] = [
        {"input": stored(inputs.astype(np.int8)), "target": {"shape": list(target.shape), "data": target.ravel().tolist()}}
        for inputs, target in batches
    ]
    losses = [number for loss in losses for number in numbers(loss)]
    record["runs"] = [
        {
            "batches": [(run + step) % BATCHES for step in range(STEPS)],
            "lr": RATES[run * STEPS : (run + 1) * STEPS],
            "losses": losses[run * STEPS : (run + 1) * STEPS],
        }
        for run in range(RUNS)
    ]
    folder = DATA / "models"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(export(net, shape, training))
    (folder / f"{name}.bin").write_bytes(blob)
    lines = ",\n".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in record.items())
    (folder / f"{name}.json").write_text("{\n" + lines + "\n}\n")
    return losses


def main():
    for name in NETS:
        seed, found = next((seed, found) for seed in range(1000) if (found := trained(name, seed)))
        losses = write(name, *found)
        print(f"{name}: seed {seed}, losses {losses}", flush=True)


if __name__ == "__main__":
    main()
