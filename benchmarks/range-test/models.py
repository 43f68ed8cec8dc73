"""Writes the benchmark's nets as ONNX files, one per seed of the initial weights.

Run with PyTorch 1.13 (Debian's python3-torch): /usr/bin/python3 models.py
The files are kept in git, so that this is only needed to add a net; delete a net's files to change it.
"""

import pathlib

import torch
from torch import nn

SEEDS = (1, 2, 3)
FOLDER = pathlib.Path(__file__).parent / "models"


def dense(*sizes, activation=nn.ReLU):
    layers = [nn.Flatten()]
    for i, (size, following) in enumerate(zip(sizes, sizes[1:])):
        layers += [nn.Linear(size, following)]
        if i < len(sizes) - 2:
            layers += [activation()]
    return nn.Sequential(*layers)


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(8, 16, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def quick():
    """The paper's CIFAR-10 quick net, half as wide, for images of 16 x 16."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(16, 16, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(128, 32), nn.Linear(32, 10),
    )  # fmt: skip


def unit(inputs, outputs, stride=1):
    return [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def batch_norm():
    return nn.Sequential(
        *unit(3, 16), nn.MaxPool2d(2), *unit(16, 32), nn.MaxPool2d(2), *unit(32, 32),
        nn.AvgPool2d(4), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(*unit(inputs, outputs, stride), *unit(outputs, outputs)[:2])
        narrow = inputs == outputs and stride == 1
        self.skip = nn.Identity() if narrow else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x):
        return torch.relu(self.body(x) + self.skip(x))


def resnet():
    return nn.Sequential(
        *unit(3, 12), Residual(12, 12, 1), Residual(12, 24, 2), Residual(24, 32, 2),
        nn.AvgPool2d(4), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip


class Transformer(nn.Module):
    """One pre-norm block over 16 tokens of a vocabulary of 12, mean-pooled."""

    def __init__(self, width=32, heads=2, vocabulary=12, length=16, classes=12):
        super().__init__()
        self.heads, self.length, self.width = heads, length, width
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Parameter(0.5 * torch.randn(1, length, width))
        self.before, self.between, self.after = (nn.LayerNorm(width) for _ in range(3))
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.head = nn.Linear(width, classes)

    def split(self, x):
        return x.reshape(-1, self.length, self.heads, self.width // self.heads).transpose(1, 2)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.places
        y = self.before(x)
        q, k, v = self.split(self.q(y)), self.split(self.k(y)), self.split(self.v(y))
        scores = q.matmul(k.transpose(2, 3)) / (self.width // self.heads) ** 0.5
        mixed = torch.softmax(scores, -1).matmul(v).transpose(1, 2).reshape(-1, self.length, self.width)
        x = x + self.out(mixed)
        x = x + self.down(torch.relu(self.up(self.between(x))))
        return self.head(self.after(x).mean(1))


class Signal(nn.Module):
    """Three 1-D convolutions with group normalisation and SiLU."""

    def __init__(self, classes=6):
        super().__init__()
        sizes = [(1, 12), (12, 24), (24, 32)]
        self.convs = nn.ModuleList(nn.Conv1d(a, b, 5, 2, 2) for a, b in sizes)
        self.norms = nn.ModuleList(nn.GroupNorm(4, b) for _, b in sizes)
        self.head = nn.Linear(32, classes)

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = nn.functional.silu(norm(conv(x)))
        return self.head(x.mean(2))


def separable(inputs, outputs, stride):
    return [
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False), nn.BatchNorm2d(inputs), nn.ReLU6(),
        nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU6(),
    ]  # fmt: skip


def mobile():
    return nn.Sequential(
        *unit(3, 16), *separable(16, 24, 2), *separable(24, 32, 1), *separable(32, 48, 2),
        nn.AvgPool2d(4), nn.Flatten(), nn.Linear(48, 10),
    )  # fmt: skip


def layer_norm():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 96), nn.LayerNorm(96), nn.GELU(),
        nn.Linear(96, 48), nn.LayerNorm(48), nn.GELU(),
        nn.Linear(48, 10),
    )  # fmt: skip


class Deep(nn.Module):
    """Six dense layers with skips and ELU, no normalisation."""

    def __init__(self, inputs=20, width=40, classes=6):
        super().__init__()
        self.stem = nn.Linear(inputs, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(6))
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.stem(x)
        for layer in self.layers:
            x = x + nn.functional.elu(layer(x))
        return self.head(x)


class Attention(nn.Module):
    """A linear embedding of patches of a signal, one post-norm block, mean-pooled."""

    def __init__(self, width=24, heads=3, patches=8, patch=8, classes=6):
        super().__init__()
        self.shape = (patches, heads, width // heads)
        self.embed = nn.Linear(patch, width)
        self.places = nn.Parameter(0.1 * torch.randn(1, patches, width))
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.head = nn.Linear(width, classes)

    def forward(self, signal):
        patches, heads, size = self.shape
        x = self.embed(signal.reshape(-1, patches, 64 // patches)) + self.places
        q, k, v = (f(x).reshape(-1, patches, heads, size).transpose(1, 2) for f in (self.q, self.k, self.v))
        mixed = torch.softmax(q.matmul(k.transpose(2, 3)) / size**0.5, -1).matmul(v)
        x = self.first(x + self.out(mixed.transpose(1, 2).reshape(-1, patches, heads * size)))
        x = self.second(x + self.down(nn.functional.gelu(self.up(x))))
        return self.head(x.mean(1))


NETS = {
    "tabular-mlp": (lambda: dense(20, 64, 64, 6), (20,)),
    "tabular-tanh": (lambda: dense(20, 48, 48, 48, 6, activation=nn.Tanh), (20,)),
    "mnist-mlp": (lambda: dense(784, 64, 10), (1, 28, 28)),
    "lenet": (lenet, (1, 28, 28)),
    "quick": (quick, (3, 16, 16)),
    "batch-norm": (batch_norm, (3, 16, 16)),
    "resnet": (resnet, (3, 16, 16)),
    "transformer": (Transformer, None),
    "signal": (Signal, (1, 64)),
    "mobile": (mobile, (3, 16, 16)),
    "layer-norm": (layer_norm, (1, 28, 28)),
    "deep": (Deep, (20,)),
    "attention": (Attention, (1, 64)),
}


def main():
    FOLDER.mkdir(exist_ok=True)
    for name, (make, shape) in NETS.items():
        for seed in SEEDS:
            if (FOLDER / f"{name}-{seed}.onnx").exists():
                continue
            torch.manual_seed(seed)
            net = make().train()
            example = torch.zeros(2, 16, dtype=torch.int64) if shape is None else torch.randn(2, *shape)
            torch.onnx.export(
                net,
                example,
                str(FOLDER / f"{name}-{seed}.onnx"),
                input_names=["input"],
                output_names=["logits"],
                dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
                opset_version=17,
                training=torch.onnx.TrainingMode.TRAINING,
                do_constant_folding=False,
            )
            print(name, seed, sum(p.numel() for p in net.parameters()))


if __name__ == "__main__":
    main()
