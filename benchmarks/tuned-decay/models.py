"""Writes this benchmark's nets as ONNX files, one per seed of the initial weights.

Run with PyTorch 1.13 (Debian's python3-torch): /usr/bin/python3 models.py
The files are kept in git, so that this is only needed to add a net; delete a net's files to change it.
"""

import pathlib
import sys

import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "range-test"))
from models import Attention, Deep, Residual, Signal, Transformer, dense, separable, unit  # noqa: E402

SEEDS = (1, 2)
FOLDER = pathlib.Path(__file__).parent / "models"


def convnet():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip


def quick():
    """The paper's CIFAR-10 quick net at a third of its width, for images of 16 x 16."""
    return nn.Sequential(
        nn.Conv2d(3, 10, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(10, 10, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(10, 20, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(80, 20), nn.Linear(20, 10),
    )  # fmt: skip


def normed():
    return nn.Sequential(
        *unit(3, 8), nn.MaxPool2d(2), *unit(8, 16), nn.MaxPool2d(2), *unit(16, 24),
        nn.AvgPool2d(4), nn.Flatten(), nn.Linear(24, 10),
    )  # fmt: skip


def residual():
    return nn.Sequential(
        *unit(3, 8, 2), Residual(8, 8, 1), Residual(8, 16, 2), Residual(16, 24, 2),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(24, 10),
    )  # fmt: skip


class Chars(nn.Module):
    """A causal transformer of one block that predicts the next character at each of 24 positions; logits [N, classes, 24]."""

    def __init__(self, vocabulary=96, width=32, heads=2, length=24):
        super().__init__()
        self.split = (length, heads, width // heads)
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Parameter(0.1 * torch.randn(1, length, width))
        self.before, self.between, self.after = (nn.LayerNorm(width) for _ in range(3))
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.head = nn.Linear(width, vocabulary)
        self.register_buffer("mask", torch.full((length, length), -1e4).triu(1))

    def forward(self, tokens):
        length, heads, size = self.split
        x = self.tokens(tokens) + self.places
        y = self.before(x)
        q, k, v = (f(y).reshape(-1, length, heads, size).transpose(1, 2) for f in (self.q, self.k, self.v))
        mixed = torch.softmax(q.matmul(k.transpose(2, 3)) / size**0.5 + self.mask, -1).matmul(v)
        x = x + self.out(mixed.transpose(1, 2).reshape(-1, length, heads * size))
        x = x + self.down(nn.functional.gelu(self.up(self.between(x))))
        return self.head(self.after(x)).transpose(1, 2)


class CharConvs(nn.Module):
    """Three causal convolutions over characters, with skips."""

    def __init__(self, vocabulary=96, width=32):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.convs = nn.ModuleList(nn.Conv1d(width, width, 3, dilation=2**i) for i in range(3))
        self.head = nn.Conv1d(width, vocabulary, 1)

    def forward(self, tokens):
        x = self.tokens(tokens).transpose(1, 2)
        for i, conv in enumerate(self.convs):
            x = x + torch.relu(conv(nn.functional.pad(x, (2 ** (i + 1), 0))))
        return self.head(x)


def layer_norm():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(196, 48), nn.LayerNorm(48), nn.GELU(),
        nn.Linear(48, 32), nn.LayerNorm(32), nn.GELU(),
        nn.Linear(32, 10),
    )  # fmt: skip


def strided():
    """Plain convolutions whose strides halve the image, with GELU, for images of 16 x 16."""
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, 2, 1), nn.GELU(),
        nn.Conv2d(12, 16, 3, 1, 1), nn.GELU(),
        nn.Conv2d(16, 24, 3, 2, 1), nn.GELU(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(96, 10),
    )  # fmt: skip


def mobile():
    return nn.Sequential(
        *unit(3, 12, 2), *separable(12, 24, 1), *separable(24, 32, 2),
        nn.AvgPool2d(4), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip


def norm_dense(*sizes):
    layers = []
    for size, following in zip(sizes[:-1], sizes[1:-1]):
        layers += [nn.Linear(size, following, bias=False), nn.BatchNorm1d(following), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


def digits():
    """A convolutional net for images of 8 x 8."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip


def mnist_norm():
    return nn.Sequential(
        *unit(1, 6), nn.MaxPool2d(2), *unit(6, 12), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(108, 10),
    )  # fmt: skip


def mnist_wide():
    return nn.Sequential(
        *unit(1, 10, 2), *unit(10, 16, 2), nn.Flatten(), nn.Linear(256, 32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip


class Words(nn.Module):
    """Predicts the next character from a window of 16, by dense layers."""

    def __init__(self, vocabulary=96, width=10, hidden=64, length=16):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.body = dense(length * width, hidden, vocabulary)

    def forward(self, tokens):
        return self.body(self.tokens(tokens))


class News(nn.Module):
    """Predicts the next character from a window of 16, by convolutions."""

    def __init__(self, vocabulary=96, width=16):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.first, self.second = nn.Conv1d(width, 24, 4, 2), nn.Conv1d(24, 32, 4)
        self.head = nn.Linear(128, vocabulary)

    def forward(self, tokens):
        x = torch.relu(self.first(self.tokens(tokens).transpose(1, 2)))
        return self.head(torch.relu(self.second(x)).flatten(1))


class Perl(nn.Module):
    """Predicts the next character from a window of 16, by dense layers with layer norm and a skip."""

    def __init__(self, vocabulary=96, width=12, hidden=80, length=16):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.first, self.norm = nn.Linear(length * width, hidden), nn.LayerNorm(hidden)
        self.second, self.head = nn.Linear(hidden, hidden), nn.Linear(hidden, vocabulary)

    def forward(self, tokens):
        x = nn.functional.gelu(self.norm(self.first(self.tokens(tokens).flatten(1))))
        return self.head(x + torch.tanh(self.second(x)))


NETS = {
    "tabular-mlp": (lambda: dense(20, 64, 64, 6), (20,)),
    "tabular-tanh": (lambda: dense(20, 48, 48, 48, 6, activation=nn.Tanh), (20,)),
    "mlp": (lambda: dense(196, 48, 10), (1, 14, 14)),
    "convnet": (convnet, (1, 14, 14)),
    "quick": (quick, (3, 16, 16)),
    "normed": (normed, (3, 16, 16)),
    "residual": (residual, (3, 16, 16)),
    "transformer": (lambda: Transformer(width=24), 16),
    "chars": (Chars, 24),
    "signal": (Signal, (1, 64)),
    "attention": (Attention, (1, 64)),
    "layer-norm": (layer_norm, (1, 14, 14)),
    "deep": (lambda: Deep(inputs=8, width=32, classes=5), (8,)),
    "strided": (strided, (3, 16, 16)),
    "mobile": (mobile, (3, 16, 16)),
    "char-convs": (CharConvs, 24),
    "letters": (lambda: dense(16, 96, 64, 26), (16,)),
    "letters-norm": (lambda: norm_dense(16, 64, 64, 26), (16,)),
    "satellite": (lambda: dense(36, 48, 48, 6), (36,)),
    "spam": (lambda: dense(57, 32, 16, 2), (57,)),
    "digits": (digits, (1, 8, 8)),
    "mnist-norm": (mnist_norm, (1, 14, 14)),
    "words": (Words, 16),
    "dna": (lambda: dense(180, 40, 20, 3), (180,)),
    "diamonds": (lambda: dense(9, 64, 48, 32, 10), (9,)),
    "mnist-wide": (mnist_wide, (1, 14, 14)),
    "news": (News, 16),
    "perl": (Perl, 16),
}


def main():
    FOLDER.mkdir(exist_ok=True)
    for name, (make, shape) in NETS.items():
        for seed in SEEDS:
            if (FOLDER / f"{name}-{seed}.onnx").exists():
                continue
            torch.manual_seed(100 + seed)
            net = make().train()
            tokens = isinstance(shape, int)
            example = torch.zeros(2, shape, dtype=torch.int64) if tokens else torch.randn(2, *shape)
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
